//! `yihao agent import`: a table of agents, as spreadsheets save it. Every mistake is told with its line, and with one
//! mistake nothing is done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::super::{Done, complain, say};
use super::{check, words};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::AgentId;
use crate::queue::Profile;
use crate::sip::message::decode;
use crate::store::people::{AgentWish, Credentials, People, generate_password};

/// Longest time to write up, seconds.
const WRAP_UP_MAX_S: u32 = 3_600;
/// Columns by both names.
const COLUMNS: [[&str; 2]; 7] = [
    ["agent", "账号"],
    ["name", "姓名"],
    ["role", "角色"],
    ["queues", "队列"],
    ["skills", "技能"],
    ["wrap_up_s", "话后整理"],
    ["password", "密码"],
];

#[derive(Args, Debug)]
pub(super) struct Import {
    /// CSV with a head line: agent,name,role,queues,skills,wrap_up_s,password (账号,姓名,角色,队列,技能,话后整理,密码).
    /// Only agent and name must be there. Queues and skills are written "general:1 english:2". Where there is no password,
    /// one is made and printed. UTF-8 or GB18030
    file: PathBuf,
    /// Take any password, however weak. For tests alone: the server raises an alarm
    #[arg(long)]
    insecure_for_tests: bool,
}

/// One line that could be read.
struct Read {
    wish: AgentWish,
    /// The password, if we made it.
    made: Option<String>,
}

pub(super) async fn run(config: &Config, people: &People, wanted: &Import) -> Done {
    let file = wanted.file.display();
    let octets = std::fs::read(&wanted.file).map_err(|error| format!("{file}：无法读取 cannot be read: {error}"))?;
    let (read, problems) = read(&decode(&octets), &config.registrar.realm, wanted.insecure_for_tests);
    if !problems.is_empty() {
        for (line, problem) in problems {
            complain(&format!("{file}:{line}: {problem}"));
        }
        return Err("没有导入任何坐席 nothing was imported".into());
    }
    let made: Vec<(AgentId, String)> = read
        .iter()
        .filter_map(|it| Some((it.wish.profile.id.clone(), it.made.clone()?)))
        .collect();
    let count = read.len();
    let wishes = read.into_iter().map(|it| it.wish).collect();
    people.create_agents(wishes, clock::wall()).await?;
    say(format_args!("已导入 {count} 个坐席 accounts were made\n"));
    if !made.is_empty() {
        say(format_args!("以下密码仅显示这一次 passwords, shown this once:\n"));
        for (id, password) in made {
            say(format_args!("{id},{password}\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything in a file: what can be done, and every mistake with its line.
fn read(text: &str, realm: &str, insecure_for_tests: bool) -> (Vec<Read>, Vec<(usize, String)>) {
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let head = lines.next().map(|(_, line)| cells(line)).unwrap_or_default();
    let places = match places(&head) {
        Ok(places) => places,
        Err(problem) => return (good, vec![(1, problem)]),
    };
    let mut seen = BTreeSet::new();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let row = cells(line);
        let cell = |name: &str| {
            let text = places.get(name).and_then(|at| row.get(*at));
            text.map(|it| it.trim()).unwrap_or_default().to_owned()
        };
        match one(&cell, realm, insecure_for_tests) {
            Ok(read) if !seen.insert(read.wish.profile.id.clone()) => {
                problems.push((
                    index + 1,
                    format!("{} 在文件中出现两次 stands there twice", read.wish.profile.id),
                ));
            }
            Ok(read) => good.push(read),
            Err(problem) => problems.push((index + 1, problem)),
        }
    }
    (good, problems)
}

fn one(cell: &dyn Fn(&str) -> String, realm: &str, insecure_for_tests: bool) -> Result<Read, String> {
    let id = words::agent_id(&cell("agent"))?;
    let role = match cell("role").as_str() {
        "" => words::role("agent")?,
        other => words::role(other)?,
    };
    let wrap_up = match cell("wrap_up_s").as_str() {
        "" => None,
        text => Some(seconds(text)?),
    };
    let (password, made) = match cell("password") {
        none if none.is_empty() => {
            let made = generate_password().map_err(|error| error.to_string())?;
            (made.clone(), Some(made))
        }
        given => (given, None),
    };
    check(&id, &password, insecure_for_tests)?;
    Ok(Read {
        wish: AgentWish {
            credentials: Credentials::of(&id, realm, &password),
            profile: Profile {
                name: words::name(&cell("name"))?,
                role,
                queues: levels(&cell("queues"), words::tier)?,
                skills: levels(&cell("skills"), words::level)?,
                wrap_up,
                id,
            },
        },
        made,
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|s| *s <= WRAP_UP_MAX_S)
        .map(|s: u32| Duration::from_secs(u64::from(s)))
        .ok_or_else(|| format!("{text:?}：话后整理须为 0 至 3600 秒 (0 to 3600 seconds)"))
}

/// `general:1 english:2`, separated by spaces or semicolons, Chinese ones too.
fn levels(text: &str, each: fn(&str) -> Result<(String, u8), String>) -> Result<BTreeMap<String, u8>, String> {
    let parts = text.split([' ', ';', '；', '、', '\u{3000}']);
    parts.filter(|it| !it.is_empty()).map(each).collect()
}

/// Which column stands where.
fn places(head: &[String]) -> Result<BTreeMap<&'static str, usize>, String> {
    let mut places = BTreeMap::new();
    for (at, cell) in head.iter().enumerate() {
        let cell = cell.trim();
        let Some([name, _]) = COLUMNS.iter().find(|names| names.contains(&cell)) else {
            let known: Vec<&str> = COLUMNS.iter().flatten().copied().collect();
            return Err(format!(
                "不认识的列 unknown column {cell:?}；可用 there are: {}",
                known.join(", ")
            ));
        };
        if places.insert(*name, at).is_some() {
            return Err(format!("列 {cell:?} 出现两次 stands there twice"));
        }
    }
    match (places.contains_key("agent"), places.contains_key("name")) {
        (true, true) => Ok(places),
        _incomplete => {
            Err("第一行须为列名，至少有 agent（账号）和 name（姓名） (the first line names the columns)".into())
        }
    }
}

/// The cells of one line; a cell in quotes may hold commas, and quotes written twice.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Role;

    #[test]
    fn a_table_from_a_spreadsheet_is_read() {
        let text = "\u{feff}账号,姓名,角色,队列,技能,话后整理,密码\r\n\
                    8001,\"李伟, 甲\",班长,general:1；english:2,english:7,30,kV9-pq2!xTz7\r\n\r\n\
                    8002,王芳,,,,,\r\n";
        let (good, problems) = read(text, "yihao", false);
        assert!(problems.is_empty(), "{problems:?}");
        let first = &good[0].wish.profile;
        assert_eq!((first.name.as_str(), first.role), ("李伟, 甲", Role::Supervisor));
        assert_eq!(
            first.queues,
            BTreeMap::from([("general".into(), 1), ("english".into(), 2)])
        );
        assert_eq!(first.wrap_up, Some(Duration::from_secs(30)));
        assert!(good[0].made.is_none() && good[1].made.as_ref().is_some_and(|it| it.len() == 16));
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text =
            "agent,name,password,skills\n8001,a,1234,\n80 02,b,,\n8003,,,\n8004,d,,english\n8005,e,,\n8005,f,,\n";
        let (good, problems) = read(text, "yihao", false);
        let lines: Vec<usize> = problems.iter().map(|(line, _)| *line).collect();
        assert_eq!((good.len(), lines), (1, vec![2, 3, 4, 5, 7]));
        let (good, problems) = read("agent,name,password\n8001,a,pw\n", "yihao", true);
        assert!(problems.is_empty() && good[0].wish.credentials.for_test);
        assert!(read("name\na\n", "yihao", false).1[0].1.contains("agent"));
        assert!(read("agent,name,colour\n", "yihao", false).1[0].1.contains("colour"));
        assert_eq!(read("", "yihao", false).1.len(), 1);
    }
}
