//! The lines of docs/api.md are run as they stand there, but for the shell: its quotes and variables are understood here.

use std::collections::HashMap;

use super::port::{ADMIN, Port};
use super::town::{call, recording};

/// A line of the guide.
struct Line {
    text: String,
    expected: u16,
}

/// The `curl` lines of the blocks of shell, continued ones put together.
fn lines(guide: &str) -> Vec<Line> {
    let blocks = guide
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let joined: Vec<String> = blocks.map(|block| block.replace("\\\n", " ")).collect();
    let lines = joined.iter().flat_map(|block| block.lines());
    let curl = lines.filter(|line| line.starts_with("curl "));
    curl.map(|line| {
        let (text, expected) = line
            .split_once("# → ")
            .unwrap_or_else(|| panic!("{line}: what is to be expected?"));
        Line {
            text: text.trim().into(),
            expected: expected.trim().parse().unwrap(),
        }
    })
    .collect()
}

/// Words as a shell splits them: single quotes take all as it is, in double quotes and outside variables are filled in.
fn words(line: &str, variables: &HashMap<&str, String>) -> Vec<String> {
    let (mut words, mut word, mut begun, mut quote) = (Vec::new(), String::new(), false, None);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                begun = true;
            }
            (c, Some(open)) if c == open => quote = None,
            ('$', None | Some('"')) => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| c.is_ascii_uppercase()) {
                    name.push(c);
                }
                word.push_str(
                    variables
                        .get(name.as_str())
                        .unwrap_or_else(|| panic!("${name} is not set")),
                );
                begun = true;
            }
            (' ', None) => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// What a line asks for.
#[derive(Debug, Default)]
struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    endless: bool,
}

fn request(words: &[String]) -> Request {
    let mut request = Request::default();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap().clone();
        match word.as_str() {
            "-s" => {}
            "-sN" => request.endless = true,
            "-o" => drop(next()),
            "-X" => request.method = next(),
            "-d" => request.body = next(),
            "-r" => request.headers.push(("Range".into(), format!("bytes={}", next()))),
            "-H" => {
                let header = next();
                let (name, value) = header.split_once(": ").unwrap();
                request.headers.push((name.into(), value.into()));
            }
            url => request.url = url.into(),
        }
    }
    if request.method.is_empty() {
        request.method = if request.body.is_empty() { "GET" } else { "POST" }.into();
    }
    request
}

#[test]
fn every_line_of_the_guide_does_what_it_says() {
    let port = Port::open();
    port.town.agent_becomes("8001", yihao::kernel::AgentStatus::Available);
    let variables = HashMap::from([
        ("YIHAO", format!("http://{}", port.address)),
        ("TOKEN", ADMIN.to_owned()),
        ("CALL", call(20).to_string()),
        ("DEBT", call(9).to_string()),
        ("RECORDING", recording().file.replace('/', "~")),
        ("SEQ", "1".to_owned()),
    ]);
    let lines = lines(include_str!("../../docs/api.md"));
    assert!(lines.len() > 30, "{}", lines.len());
    for line in &lines {
        let request = request(&words(&line.text, &variables));
        let path = request
            .url
            .strip_prefix(&variables["YIHAO"])
            .unwrap_or_else(|| panic!("{}", line.text));
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let status = if request.endless {
            let more = headers.iter().find(|(name, _)| *name == "Last-Event-ID");
            let more = more.map_or(String::new(), |(name, value)| format!("{name}: {value}\r\n"));
            port.listen(ADMIN, path, &more).status
        } else {
            port.send(&request.method, path, &headers, &request.body).status
        };
        assert_eq!(status, line.expected, "{}", line.text);
    }
}

#[test]
fn the_guide_names_only_kinds_of_events_that_there_are() {
    let guide = include_str!("../../docs/api.md");
    let schema = &super::contract::document()["components"]["schemas"]["EventWord"]["enum"];
    let known: Vec<&str> = schema
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    let rows = guide
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains('_'));
    let first_cells = rows.map(|row| row.split('|').nth(1).unwrap());
    for word in first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        assert!(known.contains(&word) || word == "agent" || word == "admin", "{word}");
    }
}
