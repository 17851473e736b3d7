//! REFER of ours, as telephones send it: asks the far side to call somebody, and reads its NOTIFYs (RFC 3515). Knows no calls
//! but the one in whose dialog it happens.

use std::time::Duration;

use crate::kernel::{LegId, Mono, Now};
use crate::sip::message::{HeaderName, Method, NameAddr, Request};
use crate::sip::transaction::ServerKey;

use super::UserAgent;
use super::checks::Refusal;
use super::core::{Core, Purpose};
use super::leg::{Leg, Phase};
use super::refer::{PACKAGE, event_id, package};
use super::types::UaEvent;

/// REFERs of ours that one call follows, and calls that are followed after their end.
const FOLLOWED_MAX: usize = 8;
/// How long news are waited for after the call.
const NEWS_FOR: Duration = Duration::from_secs(200);

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
        core.on_news(self.id, &mut self.referrals, key, request);
    }
}

/// A call that is over and had sent a REFER whose end is not known: the news still come in its dialog (RFC 5057).
#[derive(Debug)]
pub(super) struct Followed {
    leg: LegId,
    call_id: String,
    remote_tag: String,
    referrals: Vec<u32>,
    until: Mono,
}

impl Core {
    fn on_news(&mut self, leg: LegId, referrals: &mut Vec<u32>, key: ServerKey, request: &Request) {
        if package(request) != PACKAGE {
            let events = PACKAGE.to_owned();
            return self.refuse(key, request, Refusal::because(489, HeaderName::AllowEvents, events));
        }
        let about = match event_id(request) {
            Some(id) => referrals.iter().position(|it| it.to_string() == id),
            None => Some(0).filter(|_| !referrals.is_empty()),
        };
        let Some(about) = about else {
            return self.reply(key, request, 481);
        };
        let Some(status) = status_in(request) else {
            return self.reply(key, request, 400);
        };
        let state = request.headers.text(&HeaderName::SubscriptionState).unwrap_or_default();
        let last = state.trim().to_ascii_lowercase().starts_with("terminated");
        if last {
            referrals.remove(about);
        }
        self.reply(key, request, 200);
        self.event(UaEvent::ReferNotified { leg, status, last });
    }

    /// A leg is gone. Who asked for something is still told about it.
    pub fn keep_following(&mut self, leg: &Leg) {
        if !leg.referrals.is_empty() && self.followed.len() < FOLLOWED_MAX {
            let followed = Followed {
                leg: leg.id,
                call_id: leg.dialog.call_id.clone(),
                remote_tag: leg.dialog.remote_tag.clone(),
                referrals: leg.referrals.clone(),
                until: self.now.mono + NEWS_FOR,
            };
            self.followed.insert(leg.dialog.local_tag.clone(), followed);
        }
    }

    /// A NOTIFY in a dialog whose call is over.
    pub fn on_late_notify(&mut self, key: ServerKey, request: &Request, our_tag: &str) {
        let Some(mut followed) = self.followed.remove(our_tag) else {
            return self.reply(key, request, 481);
        };
        let from = request.headers.from().ok();
        let remote_tag = from.as_ref().and_then(|from| from.tag()).unwrap_or_default();
        if followed.remote_tag == remote_tag && request.headers.call_id().is_ok_and(|id| id == followed.call_id) {
            self.on_news(followed.leg, &mut followed.referrals, key, request);
        } else {
            self.reply(key, request, 481);
        }
        if !followed.referrals.is_empty() {
            self.followed.insert(our_tag.to_owned(), followed);
        }
    }

    /// When the next one is not followed any more.
    pub fn follows_until(&self) -> Option<Mono> {
        self.followed.values().map(|it| it.until).min()
    }

    /// Whoever has told nothing for so long will not.
    pub fn follow_no_longer(&mut self) {
        let now = self.now.mono;
        self.followed.retain(|_, it| it.until > now);
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
