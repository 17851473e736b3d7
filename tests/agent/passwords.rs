//! Only who shows an agent's password calls as this agent. What does not need one is not asked for it.

use yihao::kernel::{AgentStatus, EndReason, EndedBy};
use yihao::sip::message::{Host, Method, NameAddr, Uri};
use yihao::sip::ua::LegEnd;

use crate::support::by_hand::ByHand;
use crate::support::people::city;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// A telephone that says it is 8001 dials a code.
fn imposter(city: &mut World, change: impl FnOnce(&mut yihao::call::phone::PhoneConfig)) -> Vec<LegEnd> {
    city.agent("8001", &["general"]);
    let mut config = city.desk_phone("8001");
    change(&mut config);
    let phone = city.add_phone(config, Vec::new());
    city.dial(phone, "*71");
    city.run_for(seconds(40.0));
    assert_eq!((city.agent_status("8001"), city.calls()), (AgentStatus::SignedOut, 0));
    city.assert_nothing_is_left();
    city.phones[phone].report().ends.clone()
}

#[test]
fn a_wrong_password_and_none_at_all_do_nothing() {
    let wrong = imposter(&mut city(6_101), |phone| {
        if let Some(account) = &mut phone.account {
            account.password = "guessed".into();
        }
    });
    assert_eq!(wrong, [LegEnd::Rejected { status: 401 }]);
    let nobody = imposter(&mut city(6_102), |phone| {
        if let Some(account) = &mut phone.account {
            account.username = "8999".into();
        }
    });
    assert_eq!(nobody, wrong);
    let none = imposter(&mut city(6_103), |phone| phone.account = None);
    assert_eq!(none, wrong);
}

#[test]
fn an_agent_does_not_call_in_anothers_name() {
    let mut city = city(6_104);
    city.agent("8002", &["general"]);
    let ends = imposter(&mut city, |phone| {
        if let Some(account) = &mut phone.account {
            (account.username, account.password) = ("8002".into(), "secret of 8002".into());
        }
    });
    assert_eq!(ends, [LegEnd::Rejected { status: 403 }]);
    // Nor does he pass for a citizen.
    let mut config = city.desk_phone("8002");
    config.from = NameAddr::new(Uri::sip(
        Some("13800001234"),
        Host::from(World::server_sip().ip()),
        None,
    ));
    let phone = city.add_phone(config, Vec::new());
    city.dial(phone, "5000");
    city.run_for(seconds(2.0));
    assert!(
        city.phones[phone].is_answered(),
        "a telephone that is not asked shows no password, and is a stranger's"
    );
}

#[test]
fn an_agent_hears_the_hotline_as_citizens_do() {
    let mut city = city(6_105);
    let agent = city.agent("8001", &["general"]);
    let other = city.agent_at_work("8002", &["general"]);
    city.dial(agent, "5000");
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(agent, other);
    city.does(agent, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn a_stranger_takes_nobodys_place() {
    let mut city = city(6_106);
    let agent = city.agent_at_work("8001", &["general"]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    // The dialog of the citizen, as somebody has read it from the wire.
    let invite = city.sip_log.iter().find_map(|(_, _, _, bytes)| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        (text.starts_with("SIP/2.0 200") && text.contains("1 INVITE")).then_some(text)
    });
    let invite = invite.unwrap();
    let tag = |name: &str| {
        let line = invite.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(";tag=").nth(1).unwrap().trim().to_owned()
    };
    let id = invite.lines().find_map(|line| line.strip_prefix("Call-ID: ")).unwrap();
    for (number, (from_tag, status)) in [(tag("From:"), 603), ("guessed".to_owned(), 481)]
        .into_iter()
        .enumerate()
    {
        let hand = ByHand::new(70, &format!("thief-{number}"));
        let replaces = format!(
            "Replaces: {id};to-tag={};from-tag={from_tag}\r\nRequire: replaces\r\n",
            tag("To:")
        );
        let text = hand.request("INVITE", "5000", 1, &format!("thief{number}"), &replaces, &hand.offer());
        hand.send(&mut city, &text);
        city.run_for(seconds(1.0));
        assert_eq!(hand.statuses(&city, &Method::Invite).last(), Some(&status));
        let text = hand.request("ACK", "5000", 1, &format!("thief{number}"), "", "");
        hand.send(&mut city, &text);
    }
    city.assert_they_hear_each_other(citizen, agent);
}
