//! The direction of imports: `main → cli → {http, jobs, engine} → {store, net, speech} → call → {sip, media, ivr, queue} → kernel`.

use super::folder;
use super::source::{Source, tokens};

/// Each folder with the ones it may name. Its own name is always allowed.
const MAY_NAME: [(&str, &[&str]); 15] = [
    ("kernel", &[]),
    ("config", &["kernel"]),
    ("sip", &["kernel"]),
    ("media", &["kernel"]),
    ("ivr", &["kernel"]),
    ("queue", &["kernel"]),
    ("call", &["sip", "media", "ivr", "queue", "kernel"]),
    ("store", &["call", "sip", "media", "ivr", "queue", "kernel"]),
    ("net", &["call", "sip", "media", "ivr", "queue", "kernel"]),
    ("speech", &["call", "sip", "media", "ivr", "queue", "kernel"]),
    (
        "http",
        &[
            "config", "store", "net", "speech", "call", "sip", "media", "ivr", "queue", "kernel",
        ],
    ),
    (
        "jobs",
        &["config", "store", "call", "sip", "media", "ivr", "queue", "kernel"],
    ),
    (
        "engine",
        &[
            "config", "store", "net", "speech", "call", "sip", "media", "ivr", "queue", "kernel",
        ],
    ),
    (
        "cli",
        &[
            "config", "http", "jobs", "engine", "store", "net", "speech", "call", "sip", "media", "ivr", "queue",
            "kernel",
        ],
    ),
    ("main", &["cli"]),
];

/// Every path of a file that leads where its folder may not look.
pub fn forbidden(source: &Source) -> Vec<String> {
    let home = folder(&source.path);
    if home == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == home) else {
        return vec![format!(
            "{}: tests/tidy/layers.rs does not know the folder {home}",
            source.path
        )];
    };
    let known = |name: &str| MAY_NAME.iter().any(|(known, _)| *known == name);
    let named = named(&source.code, depth(&source.path));
    let wrong = named
        .into_iter()
        .filter(|(_, name)| known(name) && *name != home && !allowed.contains(name));
    wrong
        .map(|(line, name)| format!("{}:{line}: {home} must not know {name}", source.path))
        .collect()
}

/// How many `super` lead from a file's own module to the root of the crate.
fn depth(path: &str) -> usize {
    let below = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    below.trim_end_matches("/mod").split('/').count()
}

/// Names that follow `crate::`, `yihao::` or enough `super::`, alone or in the first braces, with their lines.
fn named(code: &str, depth: usize) -> Vec<(usize, &str)> {
    let tokens = tokens(code);
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| *word);
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let after = match word(at) {
            "crate" | "yihao" if word(at + 1) == "::" => at + 2,
            // Inside `mod tests` one more `super` is needed; taking too few can only miss, never accuse wrongly,
            // because a module of ours that bears a room's name is reached by `super` from its own folder alone.
            "super" if word(at.wrapping_sub(1)) != "::" => {
                let supers = (0..)
                    .take_while(|n| word(at + 2 * n) == "super" && word(at + 2 * n + 1) == "::")
                    .count();
                if supers != depth {
                    continue;
                }
                at + 2 * supers
            }
            _ => continue,
        };
        if word(after) == "{" {
            out.extend(first_names(&tokens[after + 1..]));
        } else if let Some(name) = tokens.get(after) {
            out.push(*name);
        }
    }
    out
}

/// The names at the first level of a group: `sip::{Flow, Transport}, media` gives `sip` and `media`.
fn first_names<'a>(tokens: &[(usize, &'a str)]) -> Vec<(usize, &'a str)> {
    let (mut depth, mut fresh, mut out) = (0usize, true, Vec::new());
    for (line, word) in tokens {
        match *word {
            "}" if depth == 0 => break,
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => fresh = true,
            name if depth == 0 && fresh => {
                out.push((*line, name));
                fresh = false;
            }
            _ => {}
        }
    }
    out
}

#[test]
fn a_sideways_or_upward_path_is_found_however_it_is_written() {
    let finds = |path: &str, text: &str| forbidden(&Source::new(path, text)).len();
    assert_eq!(finds("src/sip/flow.rs", "use crate::media::rtp;"), 1);
    assert_eq!(
        finds(
            "src/sip/flow.rs",
            "use crate::{kernel::Now, media::{rtp, sip}, engine};"
        ),
        2
    );
    assert_eq!(finds("src/sip/flow.rs", "fn f(x: crate::store::Ledger) {}"), 1);
    assert_eq!(finds("src/sip/ua/mod.rs", "use super::super::media::rtp;"), 1);
    assert_eq!(finds("src/sip/flow.rs", "use super::super::ivr::Walk;"), 1);
    assert_eq!(finds("src/http/mod.rs", "use crate::engine::Handle;"), 1);
    assert_eq!(finds("src/brandnew/mod.rs", ""), 1);

    assert_eq!(
        finds(
            "src/sip/flow.rs",
            "use crate::kernel::Now; use crate::sip::Flow; // crate::media"
        ),
        0
    );
    assert_eq!(finds("src/sip/ua/mod.rs", "use super::message; use super::media;"), 0);
    assert_eq!(
        finds("src/engine/media/mod.rs", "use crate::{config, net::udp, media};"),
        0
    );
    assert_eq!(finds("src/main.rs", "fn main() { yihao::cli::main() }"), 0);
}
