//! An agent picks up the receiver and dials: a colleague, or somebody outside, who sees the hotline's number.

use yihao::call::phone::{Action, Sound};
use yihao::kernel::{AgentStatus, EndReason, EndedBy};
use yihao::sip::ua::LegEnd;

use crate::support::people::city;
use crate::support::script::{answered, hang_up, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
/// The carrier brings all calls here.
const CITIZEN: usize = 1;

/// 8001 is at work; a citizen at home picks up after two seconds.
fn house(seed: u64) -> World {
    let mut city = city(seed);
    city.agent_at_work("8001", &["general"]);
    let mut phone = city.desk_phone("citizen");
    phone.answers_after = Some(seconds(2.0));
    city.add_phone(phone, Vec::new());
    city
}

#[test]
fn a_citizen_is_called_and_sees_the_hotlines_number() {
    let mut city = house(6_201);
    city.agent_does("8001", [Action::Dial("13800001234".into()), answered()]);
    city.run_for(seconds(1.5));
    assert!(
        city.phones[AGENT].ear.share_of_late(Sound::Tone(450.0), 0.5) > 0.9,
        "he hears it ring"
    );
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    city.assert_went_well(AGENT);
    let texts = city
        .sip_log
        .iter()
        .map(|(.., b)| String::from_utf8_lossy(b).into_owned());
    let invite: Vec<String> = texts
        .filter(|t| t.starts_with("INVITE sip:13800001234@192.0.2.11"))
        .collect();
    assert!(invite[0].contains("From: <sip:12345@"), "{}", invite[0]);
    assert_eq!(city.agent_status("8001"), AgentStatus::Talking);
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(40.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    assert_eq!(
        (city.recordings.len(), city.agent_status("8001")),
        (1, AgentStatus::Available)
    );
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_is_called_and_answers_or_does_not() {
    let mut city = house(6_202);
    let colleague = city.agent_at_work("8002", &["fund"]);
    city.agent_does("8001", [Action::Dial("8002".into())]);
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, colleague);
    assert_eq!(city.agent_status("8002"), AgentStatus::Talking);
    city.does(colleague, [hang_up()]);
    city.run_for(seconds(2.0));
    assert!(!city.phones[AGENT].is_in_a_call());
    city.agent_with("8003", &["fund"], |_, phone| phone.refuses = Some(486));
    city.signs_in("8003");
    city.agent_does("8001", [Action::Dial("8003".into())]);
    city.run_for(seconds(40.0));
    assert_eq!(city.end_of(1), (EndedBy::System, EndReason::Busy));
    for agent in ["8001", "8002", "8003"] {
        assert_eq!(city.agent_status(agent), AgentStatus::Available, "{agent}");
    }
    city.assert_nothing_is_left();
}

#[test]
fn what_may_not_be_called_is_refused_at_once() {
    let mut city = house(6_203);
    for (number, status) in [("0012025550123", 403), ("8001", 480), ("8009", 403)] {
        let before = city.phones[AGENT].report().ends.len();
        if number == "8001" {
            city.unbind("8001"); // his own number, and no telephone of his is known
        }
        city.agent_does("8001", [Action::Dial(number.into())]);
        city.run_for(seconds(1.0));
        let ends = &city.phones[AGENT].report().ends;
        assert_eq!(ends[before..], [LegEnd::Rejected { status }], "{number}");
    }
    assert_eq!((city.calls(), city.agent_status("8001")), (0, AgentStatus::Available));
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_changes_his_mind_at_every_moment() {
    for step in 0..40 {
        let mut city = house(62_040 + step);
        city.commit_takes = seconds(0.1);
        city.agent_does("8001", [Action::Dial("13800001234".into())]);
        city.run_for(seconds(0.01 * (step * step) as f64 / 4.0));
        city.does(AGENT, [hang_up()]);
        city.run_for(seconds(80.0));
        for call in 0..city.calls() {
            assert_eq!(city.end_of(call).0, EndedBy::Callee, "step {step}");
        }
        assert_eq!(city.agent_status("8001"), AgentStatus::Available, "step {step}");
        assert!(!city.phones[CITIZEN].is_in_a_call(), "step {step}");
        city.assert_nothing_is_left();
    }
}

#[test]
fn a_telephone_that_offers_late_is_served_as_well() {
    let mut city = city(6_205);
    city.agent_with("8001", &["general"], |_, phone| phone.late_offer = true);
    city.signs_in("8001");
    let colleague = city.agent_at_work("8002", &["fund"]);
    city.agent_does("8001", [Action::Dial("8002".into())]);
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, colleague);
    city.does(AGENT, [hang_up()]);
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn without_ports_nobody_is_left_waiting() {
    let mut city = house(6_206);
    city.ports_exhausted = true;
    city.agent_does("8001", [Action::Dial("13800001234".into())]);
    city.run_for(seconds(40.0));
    assert_eq!(city.phones[AGENT].report().ends, [LegEnd::Rejected { status: 503 }]);
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.assert_nothing_is_left();
}
