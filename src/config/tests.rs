//! The configuration and its reference file say the same; every mistake is told with its line and its remedy.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const REFERENCE: &str = include_str!("../../config/yihao.toml");

/// The reference with its unset keys set: `#key = value` → `key = value`; `# text` stays a comment.
fn reference_complete() -> String {
    let lines: Vec<&str> = REFERENCE.lines().map(bare).collect();
    lines.join("\n")
}

fn bare(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => key,
        _ => line,
    }
}

/// Key → the comment that stands above it.
fn comments() -> BTreeMap<String, String> {
    let (mut section, mut comment, mut out) = (String::new(), String::new(), BTreeMap::new());
    for line in reference_complete().lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment = format!("{comment}{text} ");
        } else if let Some(header) = line.strip_prefix("[[") {
            // Only queues have lists within: `[[queue.requires]]`.
            section = header.replace("queue.", "queue[].").replace("]]", "[].");
        } else if let Some(header) = line.strip_prefix('[') {
            section = header.replace(']', ".");
        } else if let Some((key, _)) = line.split_once(" = ") {
            out.insert(format!("{section}{key}"), std::mem::take(&mut comment));
        } else {
            comment.clear();
        }
    }
    out
}

fn only_problem(text: &str) -> String {
    let problems = Config::parse("yihao.toml", text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[test]
fn no_file_an_empty_file_and_the_reference_mean_the_same() {
    assert_eq!(Config::parse("empty", "").unwrap(), Config::default());
    assert_eq!(Config::parse("reference", REFERENCE).unwrap(), Config::default());
}

#[test]
fn every_key_is_in_the_reference_and_every_key_of_the_reference_exists() {
    let value: toml::Table = toml::from_str(&reference_complete().replace("password_file =", "# ")).unwrap();
    let mut config = Config::parse("reference", &toml::to_string(&value).unwrap()).unwrap();
    assert_eq!(config.trunk.remove(0).max_calls, Trunk::default().max_calls);

    let sections = [
        "sip",
        "registrar",
        "media",
        "dialplan",
        "prompts",
        "store",
        "recordings",
        "codes",
        "callbacks",
        "calls",
        "http",
        "log",
        "drain",
        "trunk",
        "floor",
        "queue",
        "queue[].requires",
    ];
    let known: BTreeSet<String> = keys::known()
        .into_iter()
        .filter(|key| !sections.contains(&key.as_str()))
        .collect();
    let documented: BTreeSet<String> = comments().into_keys().collect();
    assert_eq!(documented, known);
}

#[test]
fn every_comment_tells_the_range_and_the_default() {
    let comments = comments();
    let shape = serde_json::to_value(Config::shape()).unwrap();
    let mut numbers = 0;
    for bound in Config::shape().bounds() {
        let key = bound.key.replace("[0]", "[]");
        let range = format!("Range {} to {}.", bound.allowed.start(), bound.allowed.end());
        assert!(comments[&key].contains(&range), "{key}: {range}");
        numbers += 1;
    }
    let mut numeric_keys = 0;
    for (key, comment) in &comments {
        let default = key.split('.').fold(&shape, |at, part| match part.strip_suffix("[]") {
            Some(list) => &at[list][0],
            None => &at[part],
        });
        numeric_keys += usize::from(default.is_number());
        let expected = match default {
            serde_json::Value::Null => "Not set by default".to_owned(),
            serde_json::Value::Array(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                format!("Default [{}].", items.join(", "))
            }
            other => format!("Default {other}."),
        };
        let told =
            comment.contains(&expected) || expected == "Not set by default" && comment.contains("not set by default");
        assert!(
            told || key.ends_with("[].name") || key.ends_with("[].skill"),
            "{key}: the comment should say: {expected}"
        );
    }
    assert_eq!(numbers, numeric_keys, "a number has no range");
}

#[test]
fn a_mistyped_key_is_named_with_its_line_and_the_one_that_was_meant() {
    assert_eq!(
        only_problem("[sip]\n\nt1_msec = 500\n"),
        "yihao.toml:3: unknown key \"sip.t1_msec\"; did you mean \"t1_ms\"?"
    );
    assert_eq!(
        only_problem("[medai]\nio = \"auto\"\n"),
        "yihao.toml:1: unknown key \"medai\"; did you mean \"media\"?"
    );
    assert_eq!(
        only_problem("rtp_port_min = 4000"),
        "yihao.toml:1: unknown key \"rtp_port_min\"; there is \"media.rtp_port_min\""
    );
    let trunk = "[[trunk]]\nname = \"a\"\npeers = [\"192.0.2.1\"]\npasswrod = \"x\"\n";
    assert_eq!(
        only_problem(trunk),
        "yihao.toml:4: unknown key \"trunk[].passwrod\"; did you mean \"password\"?"
    );
}

#[test]
fn a_number_out_of_range_is_told_with_the_range() {
    assert_eq!(
        only_problem("[drain]\nretry_after_s = 0\n"),
        "yihao.toml:2: drain.retry_after_s = 0 is out of range: allowed is 1 to 3600"
    );
    let negative = only_problem("[sip]\nmax_calls = -1\n");
    assert!(
        negative.starts_with("yihao.toml:2: sip.max_calls: invalid value"),
        "{negative}"
    );
    assert!(negative.ends_with("(allowed is 1 to 100000)"), "{negative}");
}

#[test]
fn all_mistakes_of_a_file_come_together_in_its_order() {
    let text = "colour = 1\n[media]\nrtp_port_min = 20001\nquarantine_s = 9999\n";
    let problems = Config::parse("f", text).unwrap_err();
    let lines: Vec<Option<usize>> = problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [Some(1), Some(3), Some(4)]);
}

#[test]
fn text_that_is_no_toml_is_told_with_its_line() {
    assert!(only_problem("a = 1\nb = = 2\n").starts_with("yihao.toml:2: this is no TOML"));
    assert!(only_problem("[sip]\nlisten_udp = [\"127.0.0.1\"]\n").starts_with("yihao.toml:2: sip.listen_udp: "));
    assert!(only_problem("language = \"fr\"\n").contains("expected `zh` or `en`"));
}

#[test]
fn rules_between_keys_are_checked() {
    for (text, words) in [
        ("time_zone = \"Asia/Jiaozuo\"", "no such time zone"),
        ("[sip]\nlisten_udp = []\nlisten_tcp = []", "nobody could call"),
        ("[sip]\nsession_expires_s = 100\nmin_se_s = 200", "must not be above"),
        ("[sip]\nuser_agent = \"a\\r\\nVia: b\"", "control characters"),
        ("[registrar]\nrealm = \"a:b\"", "without quotes"),
        ("[registrar]\ndigests = []", "each once"),
        (
            "[registrar]\nexpires_min_s = 3600\nexpires_nat_s = 3600",
            "must not be below",
        ),
        ("[media]\nlaws = [\"a\", \"a\"]", "each once"),
        ("[media]\nlaws = []", "each once"),
        ("[dialplan]\ntransfer_allow = [\"*\"]", "is no number such as"),
        ("[dialplan]\ntransfer_allow = [\"X*\"]", "is no number such as"),
        ("[dialplan]\ntransfer_trunk = \"nobody\"", "no trunk named"),
        ("[prompts]\nengine = \"command\"", "prompts.command must be set"),
        ("[prompts]\nengine = \"http\"\nurl = \"ftp://x\"", "http:// address"),
        ("[calls]\nallow = [\"abc\"]", "is no number"),
        ("[calls]\nnumber = \"hotline\"", "is no telephone number"),
        ("[codes]\nsign_in = \"71\"", "is no code"),
        ("[codes]\npause = \"*7\"", "begins alike"),
        ("[codes]\npause_reasons = [\"Mittag!\"]", "words of a-z"),
        ("[recordings]\nencrypt = \"required\"", "key_file must be set"),
        ("[recordings]\npurge_at = \"3:30\"", "is no time"),
        ("[recordings]\npurge_at = \"24:00\"", "is no time"),
        ("[[queue]]\ntitle = \"一般\"", "a queue needs a name"),
        ("[[queue]]\nname = \"一般\"", "small letters"),
        (
            "[[queue]]\nname = \"a\"\n[[queue]]\nname = \"a\"",
            "a second queue named",
        ),
        (
            "[[queue]]\nname = \"a\"\nwrap_up_s = 400",
            "must not be above wrap_up_max_s",
        ),
        (
            "[[queue]]\nname = \"a\"\ncallback_from = \"20:00\"",
            "two times of one day",
        ),
        (
            "[[queue]]\nname = \"a\"\n[[queue.requires]]\nlevel = 2",
            "needs a skill",
        ),
        (
            "[sip]\nshards = 2\n[[queue]]\nname = \"a\"",
            "with queues it must be 1 or 0",
        ),
        ("[[trunk]]\npeers = [\"::1\"]", "needs a name"),
        ("[[trunk]]\nname = \"a\"", "nothing leads to it"),
        ("[[trunk]]\nname = \"a\"\npeers = [\"192.0.2.0/33\"]", "is no network"),
        (
            "[[trunk]]\nname = \"a\"\nregistrar = \"carrier\"\nusername = \"u\"",
            "must be a SIP URI",
        ),
        ("[[trunk]]\nname = \"a\"\nregistrar = \"sip:c\"", "needs a username"),
    ] {
        let problem = only_problem(text);
        assert!(problem.contains(words), "{text:?} gave {problem:?}");
    }
}

#[test]
fn secrets_are_never_printed() {
    let text = "[[trunk]]\nname = \"a\"\npeers = [\"::1/128\"]\npassword = \"hush-hush\"\n";
    let config = Config::parse("f", text).unwrap();
    assert_eq!(config.trunk[0].password.as_ref().unwrap().expose(), "hush-hush");
    for shown in [
        config.to_text(),
        format!("{config:?}"),
        serde_json::to_string(&config).unwrap(),
    ] {
        assert!(!shown.contains("hush") && shown.contains(Secret::HIDDEN), "{shown}");
    }
}

#[test]
fn what_is_printed_can_be_read_again() {
    let text = Config::default().to_text();
    assert_eq!(Config::parse("printed", &text).unwrap(), Config::default());
}

#[test]
fn a_password_comes_from_its_file_without_the_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, file) = (folder.path().join("secret"), folder.path().join("yihao.toml"));
    let text = format!(
        "[[trunk]]\nname = \"a\"\npeers = [\"::1\"]\npassword_file = {:?}\n",
        secret.display().to_string()
    );
    std::fs::write(&file, text).unwrap();
    let missing = Config::load(&file).unwrap_err();
    assert!(missing[0].message.contains("password_file"), "{missing:?}");
    std::fs::write(&secret, "two words\r\n").unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.trunk[0].password.as_ref().unwrap().expose(), "two words");
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let named = Config::locate(Some(Path::new("a.toml")), Some("b.toml".into()));
    assert_eq!(named, Some("a.toml".into()));
    assert_eq!(Config::locate(None, Some("b.toml".into())), Some("b.toml".into()));
    assert!(Config::load(Path::new("no/such/file.toml")).is_err());
}
