//! A server dies in the middle of calls and comes back: it has no leg any more, and says goodbye all the same.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::pair::*;
use crate::kernel::{self, LegId};
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::{FarewellError, LegEnd, Side, UaConfig, UserAgent};

/// Kills one side and starts it again without memory.
fn kill(pair: &mut Pair, who: Who) {
    let rng = StdRng::seed_from_u64(77);
    *pair.ua(who) = UserAgent::new(UaConfig::default(), TransactionConfig::default(), rng);
    pair.ends[if who == Alice { 0 } else { 1 }].events.clear();
}

fn farewell(pair: &mut Pair, who: Who, dialog: &kernel::Dialog) {
    pair.act(who, |ua, now| ua.farewell(dialog, who.flow(), "restart", now))
        .unwrap();
}

fn kept(pair: &mut Pair, who: Who, leg: LegId) -> kernel::Dialog {
    let dialog = pair.ua(who).dialog(leg).unwrap();
    // As it stands in the ledger.
    serde_json::from_str(&serde_json::to_string(&dialog).unwrap()).unwrap()
}

#[test]
fn the_caller_hears_that_the_line_is_gone_and_why() {
    let (mut pair, _, bob) = talking(1);
    let dialog = kept(&mut pair, Bob, bob);
    assert_eq!(
        (dialog.transport.as_str(), dialog.remote.as_str()),
        ("udp", "192.0.2.1:5060")
    );
    kill(&mut pair, Bob);
    farewell(&mut pair, Bob, &dialog);
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Hangup(Side::Them)]);
    let told = format!("{:?}", pair.ends[0].events);
    assert!(told.contains(r#"Q.850;cause=41;text=\"restart\""#), "{told}");
    assert!(pair.names(Bob).is_empty(), "nobody is told");
    pair.comes_to_rest();
}

#[test]
fn the_called_one_hears_it_too_and_refreshes_since_do_not_matter() {
    let (mut pair, alice, _) = talking(2);
    let dialog = kept(&mut pair, Alice, alice);
    for port in [20_002, 20_004] {
        let sdp = sdp_from(port, kernel::Direction::SendRecv);
        pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
        pair.run_ms(1_000);
    }
    kill(&mut pair, Alice);
    farewell(&mut pair, Alice, &dialog);
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Them)]);
    pair.comes_to_rest();
}

#[test]
fn a_goodbye_that_is_lost_is_said_again_and_one_that_nobody_hears_is_forgotten() {
    let (mut pair, _, bob) = talking(3);
    let dialog = kept(&mut pair, Bob, bob);
    kill(&mut pair, Bob);
    pair.lose(Bob, "BYE", 2);
    farewell(&mut pair, Bob, &dialog);
    pair.run_ms(5_000);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Hangup(Side::Them)]);
    assert_eq!(pair.times_sent(Bob, "BYE sip"), 3);

    let (mut pair, _, bob) = talking(4);
    let dialog = kept(&mut pair, Bob, bob);
    kill(&mut pair, Bob);
    kill(&mut pair, Alice); // and the telephone was switched off: it knows no such dialog
    farewell(&mut pair, Bob, &dialog);
    pair.run_ms(100);
    assert_eq!(pair.times_sent(Alice, "481"), 1);
    pair.cut();
    farewell(&mut pair, Bob, &dialog);
    pair.comes_to_rest();
}

#[test]
fn a_call_that_is_not_established_has_no_dialog_and_a_damaged_one_sends_nothing() {
    let mut pair = Pair::new(5);
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    assert_eq!(pair.ua(Alice).dialog(alice), None);
    let (mut pair, _, bob) = talking(6);
    let good = kept(&mut pair, Bob, bob);
    let target = "no uri".to_owned();
    let bad = kernel::Dialog { target, ..good };
    let refused = pair.act(Bob, |ua, now| ua.farewell(&bad, Bob.flow(), "restart", now));
    assert_eq!(refused, Err(FarewellError::Unreadable("target")));
    assert_eq!(pair.times_sent(Bob, "BYE"), 0);
}
