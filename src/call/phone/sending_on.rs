//! How a telephone's owner sends a call on: REFER to a number, or REFER with Replaces to the one he has asked before.

use crate::kernel::Now;
use crate::sip::message::{HeaderName, NameAddr, Uri};
use crate::sip::ua::Replaces;

use super::Phone;

impl Phone {
    /// Asks the far side of the call in hand to call a number at the server (blind transfer).
    pub fn send_on(&mut self, number: &str, now: Now) {
        self.refer_to(number, now);
        self.turn(now);
    }

    /// Asks the far side of the call on hold to take the place of the one in hand (attended transfer).
    pub fn bring_together(&mut self, now: Now) {
        self.refer_with_replaces(now);
        self.turn(now);
    }

    /// Dials, to take the place of a call that exists.
    pub fn dial_replacing(&mut self, to: &Uri, replaces: &Replaces, now: Now) {
        let headers = vec![
            (HeaderName::Replaces, replaces.to_string()),
            (HeaderName::Require, "replaces".to_owned()),
        ];
        self.call(to, headers, now);
        self.turn(now);
    }

    /// What became of the last REFER: the status it was refused with, or the last one told.
    pub fn referred(&self) -> Option<u16> {
        self.referred
    }

    pub(super) fn refer_to(&mut self, number: &str, now: Now) {
        let to = NameAddr::new(self.at_the_server(number));
        let Some(leg) = self.in_hand().map(|line| line.leg) else {
            return self.note("has no call to send on", now);
        };
        self.referred = None;
        self.note(format!("REFER to {number}"), now);
        self.ua.refer(leg, &to, now);
    }

    pub(super) fn refer_with_replaces(&mut self, now: Now) {
        let asked = self.in_hand().map(|line| (line.leg, line.peer.clone()));
        let other = self
            .other_line()
            .and_then(|number| self.line(number))
            .map(|line| line.leg);
        let (Some((asked, peer)), Some(other)) = (asked, other) else {
            return self.note("has no two calls to bring together", now);
        };
        let Some(replaces) = self.ua.replaces(asked) else {
            return self.note("the call in hand is no dialog yet", now);
        };
        self.referred = None;
        self.note("REFER with Replaces", now);
        self.ua.refer(other, &replaces.embed(&peer), now);
    }

    pub(super) fn refer_answered(&mut self, status: u16, now: Now) {
        self.note(format!("REFER: {status}"), now);
        if status >= 300 {
            self.referred = Some(status);
        }
    }

    pub(super) fn refer_notified(&mut self, status: u16, last: bool, now: Now) {
        self.note(format!("NOTIFY: {status}"), now);
        if last {
            self.referred = Some(status);
        }
    }
}
