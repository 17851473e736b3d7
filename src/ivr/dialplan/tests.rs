//! An operator writes a plan, makes mistakes, and is told where each is and what was perhaps meant.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn policy() -> TransferPolicy {
    TransferPolicy::new(&["110", "119", "120", "122"]).unwrap()
}

fn exists(id: &str) -> bool {
    matches!(
        id,
        "hello" | "menu/main" | "tone.wav" | "gather/you-pressed" | "gather/confirm"
    )
}

fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts
        .iter()
        .map(|(name, text)| ((*name).into(), (*text).into()))
        .collect()
}

fn problems(text: &str) -> Vec<String> {
    match load(&files(&[("main.toml", text)]), &exists, &policy()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// A good plan with one part of it replaced.
fn with(step: &str) -> Vec<String> {
    problems(&format!(
        "[[number]]\ndial = \"12345\"\nhotline = \"12345\"\n[step.start]\n{step}\n"
    ))
}

#[track_caller]
fn said(problems: &[String], wanted: &str) {
    assert!(
        problems.iter().any(|p| p.contains(wanted)),
        "wanted {wanted:?} in {problems:#?}"
    );
}

#[test]
fn the_shortest_plan_that_does_something() {
    assert_eq!(with("say = \"hello\"\nnext = \"hangup\""), Vec::<String>::new());
}

#[test]
fn a_misspelt_key_is_found_with_its_place_and_the_nearest_word() {
    let found = with("say = \"hello\"\nnxt = \"hangup\"");
    assert!(
        found.contains(&"main.toml:6:1: unknown key \"nxt\"; did you mean \"next\"?".to_owned()),
        "{found:?}"
    );
    said(&found, "\"next\" is missing");
}

#[test]
fn each_kind_of_mistake_has_its_sentence() {
    for (step, wanted) in [
        (
            "sya = \"hello\"",
            "5:1: unknown kind of step \"sya\"; did you mean \"say\"?",
        ),
        ("say = \"helo\"\nnext = \"hangup\"", "5:7: there is no prompt \"helo\""),
        (
            "say = \"hello\"\nnext = \"strat\"",
            "there is no step \"strat\" in this flow; did you mean \"start\"?",
        ),
        (
            "say = \"hello\"\nnext = \"mian.start\"",
            "there is no flow \"mian\"; did you mean \"main.start\"?",
        ),
        ("say = 5\nnext = \"hangup\"", "not a whole number"),
        (
            "wait_s = \"5\"\nnext = \"hangup\"",
            "\"wait_s\" must be a whole number, not a text",
        ),
        (
            "wait_s = 0\nnext = \"hangup\"",
            "\"wait_s\" must lie between 1 and 86400, not 0",
        ),
        (
            "say = [\"hello\", { digits = \"$caler\" }]\nnext = \"hangup\"",
            "did you mean \"caller\"?",
        ),
        (
            "say = { date = \"2026-02-30\" }\nnext = \"hangup\"",
            "cannot be said as date",
        ),
        (
            "say = \"../secret.wav\"\nnext = \"hangup\"",
            "is no path below prompts/",
        ),
        ("say = []\nnext = \"hangup\"", "says nothing"),
        (
            "menu = \"menu/main\"\nkeys = {}\non = { timeout = \"hangup\", wrong_key = \"hangup\" }",
            "no key to press",
        ),
        (
            "menu = \"menu/main\"\nkeys = { 1 = \"hangup\" }\non = { wrong_key = \"hangup\" }",
            "\"on.timeout\" is missing",
        ),
        (
            "menu = \"menu/main\"\nkeys = { 10 = \"hangup\" }\non = { timeout = \"hangup\", wrong_key = \"hangup\" }",
            "\"10\" is no key",
        ),
        (
            "menu = \"menu/main\"\nkeys = { 1 = \"hangup\" }\non = { timout = \"hangup\", wrong_key = \"hangup\" }",
            "did you mean \"timeout\"?",
        ),
        (
            "transfer = \"00441234\"\non = { otherwise = \"hangup\" }",
            "does not allow transfers to \"00441234\"",
        ),
        (
            "transfer = \"111\"\non = { otherwise = \"hangup\" }",
            "did you mean \"110\"?",
        ),
        (
            "transfer = \"110\"\non = { busy = \"hangup\" }",
            "does not handle: no_answer, failed, denied",
        ),
        (
            "queue = \"general\"\non = { answered = \"hangup\" }",
            "does not handle: full, closed, unavailable",
        ),
        (
            "survey = true\non = { done = \"hangup\" }",
            "does not handle: unavailable",
        ),
        (
            "survey = true\non = { dnoe = \"hangup\", unavailable = \"hangup\" }",
            "unknown outcome \"dnoe\"; did you mean \"done\"?",
        ),
        (
            "hours = \"hall\"\non = { open = \"hangup\", closed = \"hangup\" }",
            "there are no opening hours \"hall\"",
        ),
        (
            "language = \"eng\"\nnext = \"hangup\"",
            "unknown language \"eng\"; did you mean \"en\"?",
        ),
        (
            "goto = \"start\"",
            "goes round without asking or waiting: main.start → main.start",
        ),
        (
            "say = \"hello\"\nnext = \"start\"",
            "goes round without asking or waiting",
        ),
        (
            "queue = \"q\"\non = { otherwise = \"start\" }",
            "goes round without asking or waiting",
        ),
        (
            "say = \"hello\"\nnext = \"hangup\"\n[step.other]\nhangup = true",
            "no call ever comes to the step \"main.other\"",
        ),
        (
            "say = \"hello\"\nnext = \"hangup\"\n[step.Other]\nhangup = true",
            "is no name for a step",
        ),
        (
            "menu = \"menu/main\"\ngather = \"hello\"",
            "a step does one thing, not both",
        ),
        (
            "say = \"hello\"\nsay = \"hello\"\nnext = \"hangup\"",
            "this is no TOML: duplicate key",
        ),
        ("set = { caller = \"1\" }\nnext = \"hangup\"", "belongs to the call"),
        (
            "branch = \"$caller\"\non = { \"138*\" = \"hangup\" }",
            "\"on.otherwise\" is missing",
        ),
        (
            "gather = \"hello\"\ninto = \"n\"\nmin = 5\nmax = 3\nnext = \"hangup\"\non = { timeout = \"hangup\", wrong = \"hangup\" }",
            "\"min\" 5 is more than \"max\" 3",
        ),
        (
            "gather = \"hello\"\ninto = \"n\"\nmax = 33\nnext = \"hangup\"\non = { timeout = \"hangup\", wrong = \"hangup\" }",
            "must lie between 1 and 32",
        ),
        (
            "record = \"mesage\"\non = { otherwise = \"hangup\" }",
            "did you mean \"message\"?",
        ),
    ] {
        said(&with(step), wanted);
    }
}

#[test]
fn all_mistakes_are_told_in_one_run() {
    let found = problems(
        "titel = \"x\"\n[[number]]\ndial = \"12345\"\nhotline = 12345\n[step.start]\nmenu = \"menu/man\"\nkeys = { 1 = \"a\", 2 = \"b\" }\n\
         [step.b]\nhangup = false\n[hours.h]\nworking_days = [\"9-17\"]\n",
    );
    for wanted in [
        "1:1: unknown key \"titel\"",
        "4:11: \"hotline\" must be a text",
        "6:8: there is no prompt \"menu/man\"",
        "7:14: there is no step \"a\"",
        "\"on\" is missing",
        "hangup = true",
        "\"other_days\" is missing",
        "is no span of hours",
    ] {
        said(&found, wanted);
    }
}

#[test]
fn faults_of_the_toml_itself_have_a_place_and_do_not_hide_the_rest() {
    let found = problems("[[number]]\ndial = \"1\"\nhotline = \"x\"\n[step.start]\nsay = \nnext = \"nowhere\"\n");
    said(&found, "main.toml:5:");
    said(&found, "there is no step \"nowhere\"");
}

#[test]
fn two_numbers_never_answer_to_one_call() {
    let number = |dial: &str| format!("[[number]]\ndial = \"{dial}\"\nhotline = \"x\"\n");
    let step = "[step.start]\nsay = \"hello\"\nnext = \"hangup\"\n";
    said(
        &problems(&format!("{}{}{step}", number("12345"), number("123-45"))),
        "12345 is given twice (first at main.toml:1)",
    );
    said(
        &problems(&format!("{}{}{step}", number("123XX"), number("12X45"))),
        "fit the same numbers",
    );
    said(&problems(step), "nobody can call");
    let exact_before_pattern = format!("{}{}{step}", number("123XX"), number("12345"));
    let plan = load(&files(&[("main.toml", &exact_before_pattern)]), &exists, &policy()).unwrap();
    assert!(plan.number("12345").unwrap().dial[0].is_exact());
    assert!(!plan.number("123-46").unwrap().dial[0].is_exact());
    assert!(plan.number("99999").is_none());
}

#[test]
fn a_misspelt_target_does_not_make_its_step_unreachable_too() {
    let found = with("say = \"hello\"\nnext = \"anohter\"\n[step.another]\nhangup = true");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_flow_may_not_be_given_twice_nor_lack_its_first_step() {
    let step = "[[number]]\ndial = \"1\"\nhotline = \"x\"\n[step.start]\nhangup = true\n";
    let twice = load(
        &files(&[("a/main.toml", step), ("b/main.toml", "[step.start]\nhangup = true\n")]),
        &exists,
        &policy(),
    );
    said(
        &twice.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "b/main.toml:1:1: there are two files",
    );
    said(
        &problems("[step.begin]\nhangup = true\n"),
        "[step.start], which is missing",
    );
}

#[test]
fn a_plan_can_be_drawn() {
    let text = "title = \"A \\\"plan\\\"\"\n[[number]]\ndial = \"12345\"\nhotline = \"12345\"\n[step.start]\nmenu = \"menu/main\"\n\
                keys = { 1 = \"bye\" }\non = { timeout = \"bye\", wrong_key = \"hangup\" }\n[step.bye]\nhangup = true\n";
    let plan = load(&files(&[("main.toml", text)]), &exists, &policy()).unwrap();
    let dot = graph(&plan);
    assert!(dot.contains("\"main.start\" -> \"main.bye\" [label=\"1\"];"), "{dot}");
    assert!(dot.contains("A \\\"plan\\\""), "{dot}");
    let tree = graph_text(&plan);
    assert!(
        tree.contains("├─ start: menu menu/main") && tree.contains("wrong key -> hangup"),
        "{tree}"
    );
}

// ── the plans that are shipped ──

fn root(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The plan files of a folder, as the server reads them.
pub(in crate::ivr) fn shipped(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(root(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

fn catalogue(language: Language) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root(&format!("prompts/{language}/lines.tsv"))).unwrap();
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let (id, words) = line.split_once('\t').unwrap_or_else(|| panic!("no tab in {line:?}"));
        assert!(
            words.chars().count() < 100 && !words.trim().is_empty(),
            "{id}: too long to be said in one breath, or empty"
        );
        assert!(lines.insert(id.to_owned(), words.to_owned()).is_none(), "{id} twice");
    }
    lines
}

/// What the demo city's configuration allows.
pub(in crate::ivr) fn demo_policy() -> TransferPolicy {
    policy()
}

#[test]
fn the_shipped_plans_are_without_fault_and_every_prompt_has_its_words_in_every_language() {
    let catalogues = Language::ALL.map(catalogue);
    let known = |id: &str| match id.ends_with(".wav") {
        true => root("prompts").join(id).is_file(),
        false => catalogues.iter().all(|lines| lines.contains_key(id)),
    };
    for folder in ["dialplans", "dialplans/examples"] {
        if let Err(problems) = load(&shipped(folder), &known, &demo_policy()) {
            let mut all = String::new();
            for problem in problems {
                let _ = writeln!(all, "{problem}");
            }
            panic!("{all}");
        }
    }
}

#[test]
fn the_catalogues_hold_every_spoken_piece_and_nothing_that_nobody_says() {
    let used = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let note = |id: &str| {
        used.borrow_mut().insert(id.to_owned());
        true
    };
    load(&shipped("dialplans"), &note, &demo_policy()).unwrap();
    for language in Language::ALL {
        let lines = catalogue(language);
        let pieces: BTreeMap<_, _> = crate::ivr::spoken::piece_ids(language).into_iter().collect();
        for (id, words) in &pieces {
            assert_eq!(lines.get(id), Some(words), "{language} {id}");
        }
        for id in lines.keys() {
            assert!(
                pieces.contains_key(id) || used.borrow().contains(id) || ordered_by_the_house(id),
                "{language}: nobody says {id}"
            );
        }
    }
}

/// What no plan names, because calls say it by themselves.
fn ordered_by_the_house(id: &str) -> bool {
    let folder = id.split('/').next().unwrap_or_default();
    [
        "queue", "callback", "rating", "agent", "transfer", "park", "code", "record",
    ]
    .contains(&folder)
}

#[test]
fn every_seed_of_the_fuzzer_is_read_without_panic() {
    for entry in std::fs::read_dir(root("fuzz/seeds/dialplan")).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let _ = load(
            &files(&[("seed.toml", &String::from_utf8_lossy(&text))]),
            &|_| true,
            &policy(),
        );
    }
}

proptest! {
    /// Whatever an operator's editor leaves behind: cut, doubled and swapped lines of real plans.
    #[test]
    fn no_text_makes_the_reader_panic(cuts in prop::collection::vec((0_usize..6, 0_usize..4000, 0_usize..200), 0..8), junk in "\\PC{0,40}") {
        let shipped = shipped("dialplans");
        let mut text = String::new();
        for (file, from, length) in cuts {
            let whole: Vec<char> = shipped[file % shipped.len()].1.chars().collect();
            text.extend(whole.iter().skip(from % whole.len().max(1)).take(length));
            text.push_str(&junk);
        }
        if let Ok(plan) = load(&files(&[("main.toml", &text)]), &|_| true, &policy()) {
            let _ = graph(&plan);
        }
    }
}

#[test]
fn a_file_of_nothing_but_mistakes_is_answered_all_the_same() {
    let keys: String = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    assert_eq!(problems(&keys).len(), crate::kernel::limits::DIALPLAN_PROBLEMS_MAX);
    said(&problems(&format!("a = {}", "[".repeat(100_000))), "this is no TOML");
    said(&problems(&" ".repeat(1_000_001)), "larger than");
}
