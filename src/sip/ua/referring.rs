//! REFER of ours, as telephones send it: asks the far side to call somebody, and reads its NOTIFYs (RFC 3515). Knows no calls
//! but the one in whose dialog it happens.

use crate::kernel::{LegId, Now};
use crate::sip::message::{HeaderName, Method, NameAddr, Request};
use crate::sip::transaction::ServerKey;

use super::UserAgent;
use super::checks::Refusal;
use super::core::{Core, Purpose};
use super::leg::{Leg, Phase};
use super::refer::{PACKAGE, event_id, package};
use super::types::UaEvent;

/// REFERs of ours that one call follows.
const FOLLOWED_MAX: usize = 8;

impl UserAgent {
    /// Asks the far side of a leg to call somebody, perhaps in place of another of our calls (see
    /// [`super::Replaces::embed`]). Ends in `ReferAnswered`, and with a 2xx in `ReferNotified`.
    pub fn refer(&mut self, leg: LegId, to: &NameAddr, now: Now) {
        self.turn(leg, now, |leg, core| leg.send_refer(core, to));
    }
}

impl Leg {
    fn send_refer(&mut self, core: &mut Core, to: &NameAddr) {
        if !matches!(self.phase, Phase::Talking) {
            return core.event(UaEvent::ReferAnswered {
                leg: self.id,
                status: 481,
            });
        }
        let mut refer = self.request(core, Method::Refer);
        refer.headers.push(HeaderName::ReferTo, to.to_string());
        if let Ok(mut from) = refer.headers.from() {
            from.params.remove("tag");
            refer.headers.push(HeaderName::ReferredBy, from.to_string());
        }
        if self.referrals.len() < FOLLOWED_MAX {
            self.referrals.push(self.dialog.local_cseq);
        }
        self.send(core, refer, Purpose::Refer);
    }

    /// The answer to a REFER of ours.
    pub fn on_refer_answered(&mut self, core: &mut Core, status: u16) {
        if status >= 300 {
            self.referrals.pop();
        }
        core.event(UaEvent::ReferAnswered { leg: self.id, status });
    }

    /// A NOTIFY: news about a REFER of ours. It may come before the 202.
    pub fn on_notify(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        if package(request) != PACKAGE {
            let events = PACKAGE.to_owned();
            return core.refuse(key, request, Refusal::because(489, HeaderName::AllowEvents, events));
        }
        let about = match event_id(request) {
            Some(id) => self.referrals.iter().position(|it| it.to_string() == id),
            None => Some(0).filter(|_| !self.referrals.is_empty()),
        };
        let Some(about) = about else {
            return core.reply(key, request, 481);
        };
        let Some(status) = status_in(request) else {
            return core.reply(key, request, 400);
        };
        let state = request.headers.text(&HeaderName::SubscriptionState).unwrap_or_default();
        let last = state.trim().to_ascii_lowercase().starts_with("terminated");
        if last {
            self.referrals.remove(about);
        }
        core.reply(key, request, 200);
        let leg = self.id;
        core.event(UaEvent::ReferNotified { leg, status, last });
    }
}

/// The status in a body of `message/sipfrag` (RFC 3420): its first line.
fn status_in(request: &Request) -> Option<u16> {
    let body = request.body_of_type("message/sipfrag")?;
    let text = std::str::from_utf8(body).ok()?;
    let mut words = text.lines().next()?.split_whitespace();
    words.next().filter(|version| version.eq_ignore_ascii_case("SIP/2.0"))?;
    words.next()?.parse().ok().filter(|status| (100..700).contains(status))
}
