//! Queue, message, transfer: a person first, and nothing owed is forgotten.

use super::*;

#[test]
fn a_person_is_asked_for_before_the_first_word_is_said() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.lived(&["at main.start", "wants general", "hears welcome/12345+welcome/recorded"]);
    caller.input(Input::HookConnected(caller.hook()));
    caller.lived(&["silence"]); // the greeting does not hold back a free agent
    caller.presses("19").lived(&[]); // keys belong to the conversation
    caller.hook_ends("answered").lived(&["at main.rate", "hook survey[]"]);
    caller
        .hook_ends("unavailable")
        .lived(&["at main.goodbye", "hears goodbye"]);
    caller.listens().lived(&["hung up: plan_finished"]);
}

#[test]
fn no_queue_is_served_yet_so_the_caller_is_apologised_to_and_leaves_a_message() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.story.clear();
    caller.hook_ends("unavailable").lived(&["owed overflow"]); // the greeting is heard to its end
    caller.listens().lived(&["at main.sorry", "hears sorry/no-agent"]);
    caller.listens().lived(&["at main.offer", "hears sorry/offer"]);
    caller.presses("1").lived(&[
        "silence",
        "keys 1",
        "at message.start",
        "hears message/how+tones/beep.wav",
    ]);
    caller.listens().lived(&["record message"]);
    caller.presses("5#").lived(&["stop recording"]);
    caller.input(Input::Recorded {
        duration_ms: 8_000,
        file: "m.wav".into(),
    });
    caller.lived(&["owed message_left", "at message.thanks", "hears message/thanks+goodbye"]);
    caller.listens().lived(&["hung up: plan_finished"]);
}

#[test]
fn who_listens_to_the_menu_keeps_his_place_and_a_free_agent_interrupts_it() {
    let mut caller = Caller::dials(&demo(), "12345");
    let queue = caller.hook();
    caller.listens().story.clear();
    caller.waits(20).lived(&["hears queue/comfort+queue/callback"]);
    caller
        .presses("1")
        .lived(&["keys 1", "silence", "at self-service.start", "hears self/menu"]);
    caller.presses("4");
    caller.lived(&[
        "silence",
        "keys 4",
        "at self-service.hall",
        "at self-service.hall-open",
        "hears hall/open+hall/hours",
    ]);
    caller.input(Input::HookConnected(queue));
    caller.lived(&["silence"]);
    caller.ends(queue, "answered").lived(&["at main.rate", "hook survey[]"]);
}

#[test]
fn who_comes_back_to_the_queue_is_not_queued_twice_nor_greeted_twice() {
    let mut caller = Caller::dials(&demo(), "12333");
    caller.presses("1").presses("0").story.clear();
    assert_eq!(caller.walk.step().as_deref(), Some("desk.labour"));
    assert_eq!(caller.hooks.len(), 1);
    assert!(caller.playing.is_none(), "no second greeting");
    assert_eq!(caller.walk.hotline(), "12333", "a merged hotline keeps its identity");
    caller.waits(20).lived(&["hears queue/comfort+queue/callback"]);
}

#[test]
fn a_queue_that_fails_meanwhile_does_not_disturb_who_is_listening_elsewhere() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("1").story.clear();
    caller.hook_ends("closed").lived(&["owed overflow"]);
    caller.presses("0");
    assert_eq!(caller.hooks.len(), 2, "coming back, he asks anew");
    caller.hook_ends("closed");
    assert!(
        !caller.story.iter().skip(1).any(|s| s == "owed overflow"),
        "one debt is enough: {:?}",
        caller.story
    );
}

#[test]
fn an_emergency_number_rings_while_the_caller_is_told_so() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("9").story.clear();
    caller.presses("1");
    caller.lived(&[
        "silence",
        "keys 1",
        "at emergency.police",
        "leaves queue",
        "transfer 110",
        "hears emergency/110",
    ]);
    caller.input(Input::TransferDone {
        outcome: TransferOutcome::Answered,
    });
    caller.lived(&["silence"]);
    caller.input(Input::TransferDone {
        outcome: TransferOutcome::Ended,
    });
    caller.lived(&["hung up: hangup"]);
}

#[test]
fn an_emergency_number_that_is_busy_does_not_end_the_call() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("92").story.clear();
    caller.input(Input::TransferDone {
        outcome: TransferOutcome::Busy,
    });
    caller.lived(&["silence", "at emergency.failed", "hears emergency/failed"]);
    caller.listens().lived(&["at emergency.start", "hears emergency/menu"]);
    caller
        .presses("*")
        .lived(&["silence", "keys *", "at emergency.start", "hears emergency/menu"]);
}

#[test]
fn who_hangs_up_in_the_queue_is_owed_a_call_back() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.story.clear();
    caller.input(Input::Gone);
    caller.lived(&["leaves queue", "owed abandoned"]);
    assert!(caller.walk.is_over() && caller.walk.poll_timeout().is_none());
    caller.hook_ends("answered").lived(&[]);
    caller.input(Input::Gone);
    caller.lived(&[]);
}

#[test]
fn who_hangs_up_after_speaking_his_message_is_owed_a_call_back_too() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("2").listens().story.clear();
    caller.input(Input::Gone);
    caller.input(Input::Recorded {
        duration_ms: 4_000,
        file: "m.wav".into(),
    });
    caller.lived(&["owed message_left"]);
}

#[test]
fn half_a_second_of_breath_is_no_message() {
    let mut caller = Caller::dials(&demo(), "12345");
    caller.presses("2").presses("#").story.clear(); // # skips the instructions
    caller.input(Input::Recorded {
        duration_ms: 500,
        file: "m.wav".into(),
    });
    caller.lived(&["at message.nothing", "hears message/nothing"]);
    caller.presses("1").input(Input::RecordFailed); // before the tone: there is nothing that could fail yet
    caller.listens().input(Input::RecordFailed);
    assert_eq!(caller.walk.step().as_deref(), Some("message.failed"));
}

#[test]
fn the_wait_ends_where_the_plan_says_so() {
    let mut caller = Caller::dials(&demo(), "12329");
    caller.listens().waits(116); // three seconds went by with the greeting
    assert_eq!(caller.walk.step().as_deref(), Some("desk.fund"));
    caller.story.clear();
    caller.waits(1);
    assert_eq!(
        caller.story[..5],
        [
            "leaves queue",
            "owed overflow",
            "silence",
            "at main.start",
            "wants general"
        ]
    );
}
