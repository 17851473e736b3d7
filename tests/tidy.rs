//! The rules of the house that neither the compiler nor clippy knows. Each finding is `file:line: what`, all of a rule at once.

mod layers;
mod source;

pub use source::rust_files;
use source::{Source, root, text_files, tokens};

/// Folders that hold machines without sockets, files, threads or clocks.
const PURE: [&str; 6] = ["kernel", "sip", "media", "ivr", "queue", "call"];
/// Longest file, lines.
const LONGEST: usize = 600;
/// Highest median length of the files of `src`, lines.
const MEDIAN: usize = 200;

/// Fails with every finding of a rule.
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}

/// The top folder of a path below `src`: `src/sip/flow.rs` → `sip`, `src/main.rs` → `main`.
fn folder(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

/// Where one of `words` stands in the code as a word, in a file for which `applies`.
fn words_in(
    sources: &[Source],
    words: &[&str],
    code: impl Fn(&Source) -> String,
    applies: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| applies(&source.path)) {
        for (line, word) in tokens(&code(source)) {
            if words.contains(&word) {
                found.push(format!("{}:{line}: {word}", source.path));
            }
        }
    }
    found
}

#[test]
fn imports_go_down_only() {
    let findings: Vec<String> = rust_files("src").iter().flat_map(layers::forbidden).collect();
    none("an import goes up or sideways (src/ARCHITECTURE.md)", &findings);
}

#[test]
fn pure_folders_touch_nothing_outside() {
    let names = [
        "tokio",
        "sqlx",
        "axum",
        "UdpSocket",
        "TcpStream",
        "TcpListener",
        "UnixStream",
        "metrics",
    ];
    let paths = [
        "std::fs",
        "std::thread",
        "std::env",
        "std::process",
        "std::io::stdin",
        "::now(",
        "thread_rng",
        "rand::rng(",
    ];
    let sources = rust_files("src");
    let pure = |path: &str| PURE.contains(&folder(path));
    let mut findings = words_in(&sources, &names, Source::shipped, pure);
    for source in sources.iter().filter(|source| pure(&source.path)) {
        for (number, line) in source.shipped().lines().enumerate() {
            let found = paths.iter().filter(|path| line.replace(' ', "").contains(*path));
            findings.extend(found.map(|path| format!("{}:{}: {path}", source.path, number + 1)));
        }
    }
    none("a pure folder reaches for the outside", &findings);
}

#[test]
fn each_tool_stays_in_its_room() {
    let sources = rust_files("src");
    let code = |source: &Source| source.code.clone();
    let shipped = Source::shipped;
    none(
        "rsip outside its adapter",
        &words_in(&sources, &["rsip"], code, |path| !path.ends_with("/rsip_adapter.rs")),
    );
    none(
        "unsafe outside net/batch",
        &words_in(&sources, &["unsafe"], code, |path| !path.starts_with("src/net/batch")),
    );
    none(
        "sqlx outside store",
        &words_in(&sources, &["sqlx"], shipped, |path| folder(path) != "store"),
    );
    none(
        "axum outside http",
        &words_in(&sources, &["axum"], shipped, |path| folder(path) != "http"),
    );
}

#[test]
fn files_are_short() {
    let all: Vec<Source> = ["src", "tests", "benches", "fuzz"]
        .into_iter()
        .flat_map(rust_files)
        .collect();
    let long = all
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > LONGEST);
    let findings: Vec<String> = long.map(|(lines, path)| format!("{path}: {lines} lines")).collect();
    none("a file is too long", &findings);

    let mut lengths: Vec<usize> = rust_files("src")
        .iter()
        .map(|source| source.text.lines().count())
        .collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(
        median <= MEDIAN,
        "the median file of src has {median} lines, at most {MEDIAN} are wanted"
    );
}

#[test]
fn every_file_says_what_it_is() {
    let sources = ["src", "tests"].into_iter().flat_map(rust_files);
    let silent = sources.filter(|source| source.path != "src/lib.rs" && !source.text.starts_with("//! "));
    let findings: Vec<String> = silent.map(|source| source.path).collect();
    none(
        "the first line should be `//! what it is and what it refuses to know`",
        &findings,
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Put together, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("X", "XX:"),
        concat!("db", "g!("),
        concat!("todo", "!("),
    ];
    let findings = lines_with(&marks, |path| !path.starts_with("data/") && !path.ends_with(".lock"));
    none("unfinished work", &findings);
}

#[test]
fn no_machine_and_no_registry_is_named() {
    let machine = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
    ];
    let hosts = [
        concat!("index.", "crates.io"),
        concat!("static.", "crates.io"),
        concat!("registry.", "npmjs"),
        concat!("npm", "mirror"),
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("deb.", "debian.org"),
        concat!("proxy.", "golang.org"),
        concat!("arti", "factory"),
        concat!("rs", "proxy.cn"),
    ];
    none("a path of one machine", &lines_with(&machine, |_| true));
    none(
        "the host of a registry",
        &lines_with(&hosts, |path| path != "Cargo.lock"),
    );

    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let elsewhere = lock
        .lines()
        .filter(|line| line.starts_with("source = ") && !line.contains("rust-lang/crates.io-index"));
    none(
        "a crate that does not come from crates.io",
        &elsewhere.map(str::to_owned).collect::<Vec<_>>(),
    );
}

#[test]
fn every_recorded_metric_is_in_the_list() {
    let list = std::fs::read_to_string(root().join("src/http/metrics/list.rs")).unwrap();
    let mut findings = Vec::new();
    for source in rust_files("src") {
        for name in recorded(&source.text) {
            if !list.contains(&format!("\"{name}\"")) {
                findings.push(format!("{}: {name}", source.path));
            }
        }
    }
    none(
        "a metric is recorded that src/http/metrics/list.rs does not know",
        &findings,
    );
}

#[test]
fn settings_of_the_tools_can_be_read() {
    for file in ["Cargo.toml", "deny.toml", "rustfmt.toml", ".clippy.toml"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{file} is no TOML");
    }
    let gate = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(gate.contains("make test"));
}

/// First arguments of `counter!`, `gauge!` and `histogram!`, where they are text.
fn recorded(text: &str) -> Vec<&str> {
    let macros = ["counter!(", "gauge!(", "histogram!("];
    let starts = macros
        .iter()
        .flat_map(|name| text.match_indices(name).map(|(at, found)| at + found.len()));
    let arguments = starts.filter_map(|at| text[at..].trim_start().strip_prefix('"')?.split('"').next());
    arguments.collect()
}

/// Each line of a text file that holds one of `words`.
fn lines_with(words: &[&str], applies: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in text_files().iter().filter(|(path, _)| applies(path)) {
        for (number, line) in text.lines().enumerate() {
            let hits = words.iter().filter(|word| line.contains(*word));
            found.extend(hits.map(|word| format!("{path}:{}: {word}", number + 1)));
        }
    }
    found
}

#[test]
fn the_lexer_knows_code_from_words() {
    let text = "let a = \"tokio // no\"; // tokio\nlet b = r#\"un\"safe\"#; /* sqlx /* axum */ */ let c = '\"'; let d: &'a str = b\"x\";\nfn rsip() {}";
    let code = source::code_only(text);
    for word in ["tokio", "safe", "sqlx", "axum", "//"] {
        assert!(!code.contains(word), "{word} is still there: {code}");
    }
    assert!(code.contains("let c =") && code.contains("&'a str") && code.contains("fn rsip() {}"));
    assert_eq!(code.lines().count(), text.lines().count());

    let tested = "use tokio;\n#[cfg(test)]\nmod tests {\n fn a() { std::fs::read() }\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n";
    let shipped = source::without_test_modules(tested);
    assert!(!shipped.contains("std::fs") && !shipped.contains("more"));
    assert!(shipped.contains("fn b") && shipped.contains("fn c") && shipped.contains("use tokio"));
    assert_eq!(
        recorded("counter!(\n  \"yihao_a\", x); gauge!(NAME); metrics::gauge!(\"yihao_b\")"),
        ["yihao_a", "yihao_b"]
    );
}
