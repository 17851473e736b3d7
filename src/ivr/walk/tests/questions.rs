//! Menus and rows of digits: patient, interruptible, private where it matters.

use super::*;

#[test]
fn nobody_presses_anything_and_the_message_is_offered_all_the_same() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.hook_ends("unavailable").listens().listens().listens();
    caller.story.clear();
    caller.waits(4).lived(&[]);
    caller.waits(1).lived(&["hears menu/no-key+sorry/offer"]);
    caller
        .listens()
        .waits(5)
        .lived(&["at message.start", "hears message/how+tones/beep.wav"]);
}

#[test]
fn english_stays_for_the_whole_call() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("8");
    assert_eq!(caller.walk.language(), Language::En);
    assert_eq!(caller.hooks.len(), 2, "another queue");
    caller.presses("10");
    assert_eq!(caller.walk.step().as_deref(), Some("english.person"));
    caller.presses("8");
    assert_eq!(caller.walk.language(), Language::Zh);
}

#[test]
fn a_private_number_is_masked_in_the_ledger_and_read_back_to_the_caller() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("12").story.clear();
    caller.presses("2026001#");
    caller.lived(&[
        "silence",
        "keys *******",
        "hears gather/you-pressed+Digits(\"2026001\")+gather/confirm",
    ]);
    caller
        .presses("2")
        .lived(&["silence", "keys 2", "hears gather/wrong+case/enter-number"]);
    caller.presses("2026002").waits(4); // no #: the pause between digits ends it
    caller.lived(&[
        "silence",
        "keys *******",
        "hears gather/you-pressed+Digits(\"2026002\")+gather/confirm",
    ]);
    caller.listens().presses("1");
    caller.lived(&[
        "keys 1",
        "at self-service.case",
        "hook case_status[(\"number\", \"2026002\")]",
    ]);
    caller
        .hook_ends("what is this")
        .lived(&["at self-service.not-now", "hears self/not-now"]);
}

#[test]
fn keys_typed_ahead_answer_before_a_word_is_said() {
    let plan = one_flow(
        "[step.start]\nsay = \"a\"\nnext = \"m\"\n[step.m]\nmenu = \"b\"\nkeys = { 1 = \"g\" }\n\
         on = { timeout = \"hangup\", wrong_key = { times = 1, then = \"hangup\" } }\n\
         [step.g]\ngather = \"c\"\ninto = \"n\"\nmax = 3\non = { timeout = \"hangup\", wrong = \"hangup\" }\nnext = \"end\"\n\
         [step.end]\nsay = { digits = \"$n\" }\nnext = \"hangup\"\n",
    );
    let mut caller = Caller::dials(&plan, "1");
    caller.presses("1234").lived(&["at main.start", "hears a"]);
    caller.listens();
    caller.lived(&[
        "at main.m",
        "keys 1",
        "at main.g",
        "keys 234",
        "at main.end",
        "hears Digits(\"234\")",
    ]);

    let mut wrong = Caller::dials(&plan, "1");
    wrong.presses("71").listens().story.drain(..3);
    wrong.lived(&["keys 7", "hears b"]); // after a wrong key the rest is forgotten
    wrong
        .presses("9")
        .lived(&["silence", "keys 9", "hung up: plan_finished"]);
}

#[test]
fn a_menu_without_barge_in_is_deaf_until_its_last_word() {
    let plan = one_flow(
        "[step.start]\nmenu = \"b\"\nbarge_in = false\nkeys = { 1 = \"hangup\" }\non = { timeout = \"hangup\", wrong_key = \"hangup\" }\n",
    );
    let mut caller = Caller::dials(&plan, "1");
    caller.presses("1").lived(&["at main.start", "hears b"]);
    caller
        .listens()
        .presses("1")
        .lived(&["keys 1", "hung up: plan_finished"]);
}

#[test]
fn a_late_report_of_a_prompt_that_was_cut_off_is_ignored() {
    let plan = one_flow(
        "[step.start]\nmenu = \"a\"\nkeys = { 1 = \"second\" }\non = { timeout = \"hangup\", wrong_key = \"hangup\" }\n\
         [step.second]\nsay = \"b\"\nnext = \"hangup\"\n",
    );
    let mut caller = Caller::dials(&plan, "1");
    let first = caller.playing.clone().unwrap().0;
    caller.presses("1");
    caller.input(Input::Played(first));
    assert_eq!(caller.walk.step().as_deref(), Some("main.second"));
    caller.listens();
    assert!(caller.walk.is_over());
}
