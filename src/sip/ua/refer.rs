//! REFER to us (RFC 3515): 202, and NOTIFYs about what becomes of it until the final status. Whom to call, or whether anybody
//! at all, is the application's decision.
//!
//! The subscription that a REFER makes lives in the call's dialog and outlives the call (RFC 5057): an agent who has sent
//! a citizen on hangs up, and his telephone still waits for the news.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::kernel::{LegId, Mono, Now};
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Method, Request, reason_phrase};
use crate::sip::transaction::ServerKey;

use super::UserAgent;
use super::checks::{self, Refusal};
use super::core::{Core, Use};
use super::dialog::Dialog;
use super::leg::{Leg, Pending, Phase};
use super::replaces::Replaces;
use super::types::UaEvent;

/// The event package.
pub(super) const PACKAGE: &str = "refer";
/// How long a telephone is told news: our longest ring and some more.
const NEWS_FOR: Duration = Duration::from_secs(180);
/// REFERs of one call whose end is not known.
const OPEN_MAX: usize = 4;

/// Names a REFER that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferId(pub u64);

/// All REFERs to us that are not over.
#[derive(Debug, Default)]
pub(super) struct Referrals {
    asked: HashMap<ServerKey, Asked>,
    subscriptions: BTreeMap<ReferId, Subscription>,
    remnants: BTreeMap<LegId, Remnant>,
    last: u64,
}

/// One that the application has not answered.
#[derive(Debug)]
struct Asked {
    leg: LegId,
    request: Pending,
    event: String,
    silent: bool,
}

/// One that was accepted.
#[derive(Debug)]
struct Subscription {
    leg: LegId,
    /// Value of Event.
    event: String,
    until: Mono,
    /// The last news.
    status: u16,
    /// `status` has to be sent.
    unsent: bool,
    /// A NOTIFY waits for its answer: the next one would overtake it.
    under_way: bool,
    /// `terminated` has been said, or is about to be.
    over: Option<&'static str>,
    /// The telephone does not want to know (RFC 4488, RFC 7614).
    silent: bool,
}

/// The dialog of a call that is over.
#[derive(Debug)]
struct Remnant {
    dialog: Dialog,
    flow: Flow,
}

impl Referrals {
    /// Whether nothing is left.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.subscriptions.is_empty() && self.remnants.is_empty()
    }

    /// The application has refused it.
    pub fn refused(&mut self, key: ServerKey) {
        self.asked.remove(&key);
    }

    /// When the next subscription runs out.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let open = self.subscriptions.values().filter(|it| it.over.is_none());
        open.map(|it| it.until).min()
    }

    fn open(&self, leg: LegId) -> usize {
        let asked = self.asked.values().filter(|it| it.leg == leg).count();
        asked + self.subscriptions.values().filter(|it| it.leg == leg).count()
    }

    fn find(&self, leg: LegId, event: &str) -> Option<ReferId> {
        let mut all = self.subscriptions.iter();
        all.find(|(_, it)| it.leg == leg && it.event == event)
            .map(|(id, _)| *id)
    }

    /// Forgets one, and with the last one of a call its dialog.
    fn remove(&mut self, id: ReferId) {
        if let Some(gone) = self.subscriptions.remove(&id)
            && !self.subscriptions.values().any(|it| it.leg == gone.leg)
        {
            self.remnants.remove(&gone.leg);
        }
    }
}

/// The event package of a request, without parameters.
pub(super) fn package(request: &Request) -> String {
    let text = request.headers.text(&HeaderName::Event).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The `id` of its Event header.
pub(super) fn event_id(request: &Request) -> Option<String> {
    let text = request.headers.text(&HeaderName::Event)?;
    let mut params = text.split(';').skip(1).filter_map(|param| param.split_once('='));
    params
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("id"))
        .map(|(_, value)| value.trim().to_owned())
}

fn event_of(id: Option<&str>) -> String {
    id.map_or_else(|| PACKAGE.to_owned(), |id| format!("{PACKAGE};id={id}"))
}

/// Whether the sender wants no news: `Refer-Sub: false` (RFC 4488 §4) or `Require: nosub` (RFC 7614 §4).
fn wants_silence(request: &Request) -> bool {
    let refer_sub = request.headers.text(&HeaderName::Other("Refer-Sub".to_owned()));
    refer_sub.is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("false"))
        || request
            .headers
            .require()
            .iter()
            .any(|tag| tag.eq_ignore_ascii_case("nosub"))
}

impl Leg {
    /// A REFER: handed to the application with all it needs.
    pub fn on_refer(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        if !matches!(self.phase, Phase::Talking) {
            return core.reply(key, request, 481);
        }
        // Exactly one (RFC 3515 §2.4.2).
        let single = request.headers.count(&HeaderName::ReferTo) == 1;
        let Some(refer_to) = request.headers.address(HeaderName::ReferTo).ok().filter(|_| single) else {
            return core.reply(key, request, 400);
        };
        if core.referrals.open(self.id) >= OPEN_MAX {
            return core.refuse_for_now(key, request);
        }
        // Only the first one's news may come without its number (RFC 3515 §2.4.6).
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number).to_string();
        let first = !std::mem::replace(&mut self.was_referred, true);
        let asked = Asked {
            leg: self.id,
            request: Pending::new(key, request),
            event: event_of(Some(number.as_str()).filter(|_| !first)),
            silent: wants_silence(request),
        };
        core.referrals.asked.insert(key, asked);
        core.event(UaEvent::Refer {
            leg: self.id,
            key,
            replaces: Replaces::embedded(&refer_to.uri),
            refer_to,
            referred_by: request.headers.address(HeaderName::ReferredBy).ok(),
            request: Box::new(request.clone()),
        });
    }

    /// A SUBSCRIBE within the dialog: it refreshes, or ends, what a REFER began (RFC 3515 §2.4.4). It begins nothing.
    pub fn on_subscribe(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        let event = event_of(event_id(request).as_deref());
        let Some(id) = core.referrals.find(self.id, &event) else {
            return core.reply(key, request, 481);
        };
        let wanted = Duration::from_secs(request.headers.expires().unwrap_or(u32::MAX).into()).min(NEWS_FOR);
        let pending = Pending::new(key, request);
        let mut response = self.dialog_response(core, &pending, 200);
        response.headers.push(HeaderName::Expires, wanted.as_secs().to_string());
        core.respond(key, response);
        let until = core.now.mono + wanted;
        if let Some(subscription) = core.referrals.subscriptions.get_mut(&id) {
            subscription.until = until;
            subscription.unsent = true;
            if wanted.is_zero() {
                subscription.over = subscription.over.or(Some("timeout"));
            }
        }
        core.send_news(id, &mut self.dialog, &self.flow);
    }
}

impl Core {
    /// Sends the last news, if they have not been sent and the NOTIFY before has its answer.
    fn send_news(&mut self, id: ReferId, dialog: &mut Dialog, flow: &Flow) {
        let now = self.now.mono;
        let Some(subscription) = self.referrals.subscriptions.get_mut(&id) else {
            return;
        };
        if subscription.under_way || !subscription.unsent {
            return;
        }
        let state = match subscription.over {
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={}", subscription.until.since(now).as_secs()),
        };
        let status = subscription.status;
        subscription.unsent = false;
        subscription.under_way = true;
        let event = subscription.event.clone();
        let mut notify = dialog.request(Method::Notify);
        let contact = self.contact(flow);
        let headers = &mut notify.headers;
        headers.push(HeaderName::Contact, contact);
        headers.push(HeaderName::Event, event);
        headers.push(HeaderName::SubscriptionState, state);
        headers.push(HeaderName::UserAgent, self.config.user_agent.clone());
        headers.push(HeaderName::ContentType, "message/sipfrag;version=2.0");
        notify.body = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)).into_bytes();
        let client = self.layer.request(notify, dialog.next_hop(flow), now);
        self.clients.insert(client, Use::Notify { refer: id });
    }

    /// A leg is gone. What its REFERs still have to tell goes through what remains of its dialog.
    pub fn keep_remnant(&mut self, leg: &Leg) {
        let of_this_leg = |it: &Asked| it.leg == leg.id;
        let asked: Vec<ServerKey> = self
            .referrals
            .asked
            .iter()
            .filter(|(_, it)| of_this_leg(it))
            .map(|(key, _)| *key)
            .collect();
        for key in asked {
            if let Some(asked) = self.referrals.asked.remove(&key) {
                self.answer(&asked.request, 481);
            }
        }
        if self.referrals.subscriptions.values().any(|it| it.leg == leg.id) {
            let (dialog, flow) = (leg.dialog.clone(), leg.flow);
            self.referrals.remnants.insert(leg.id, Remnant { dialog, flow });
        }
    }
}

impl UserAgent {
    /// Accepts a REFER: 202, and the first news: 100. `refer_progress` must follow with a final status. `None` if nobody
    /// waits for it any more. A REFER is refused by `respond`.
    pub fn accept_refer(&mut self, key: ServerKey, now: Now) -> Option<ReferId> {
        self.core.now = now;
        let asked = self.core.referrals.asked.remove(&key)?;
        let leg = self.legs.get(&asked.leg)?;
        let mut response = leg.dialog_response(&mut self.core, &asked.request, 202);
        if asked.silent {
            response
                .headers
                .push(HeaderName::Other("Refer-Sub".to_owned()), "false");
        }
        self.core.respond(key, response);
        self.core.referrals.last += 1;
        let id = ReferId(self.core.referrals.last);
        let subscription = Subscription {
            leg: asked.leg,
            event: asked.event,
            until: now.mono + NEWS_FOR,
            status: 100,
            unsent: true,
            under_way: false,
            over: None,
            silent: asked.silent,
        };
        self.core.referrals.subscriptions.insert(id, subscription);
        self.tell(id);
        self.pump();
        Some(id)
    }

    /// Tells how a REFER gets on: statuses of 101–199, and in the end one of 200–699.
    pub fn refer_progress(&mut self, refer: ReferId, status: u16, now: Now) {
        self.core.now = now;
        self.news(refer, status.clamp(100, 699), "noresource");
        self.pump();
    }

    fn news(&mut self, id: ReferId, status: u16, reason: &'static str) {
        let Some(subscription) = self.core.referrals.subscriptions.get_mut(&id) else {
            return;
        };
        if subscription.over.is_some() {
            return;
        }
        subscription.status = status;
        subscription.unsent = true;
        if status >= 200 {
            subscription.over = Some(reason);
        }
        self.tell(id);
    }

    /// Sends what is unsent, the way of the call or of what remains of it.
    fn tell(&mut self, id: ReferId) {
        let Some(subscription) = self.core.referrals.subscriptions.get(&id) else {
            return;
        };
        let leg = subscription.leg;
        if subscription.silent {
            if subscription.over.is_some() {
                self.core.referrals.remove(id);
            }
        } else if let Some(leg) = self.legs.get_mut(&leg) {
            self.core.send_news(id, &mut leg.dialog, &leg.flow);
        } else if let Some(mut remnant) = self.core.referrals.remnants.remove(&leg) {
            self.core.send_news(id, &mut remnant.dialog, &remnant.flow);
            self.core.referrals.remnants.insert(leg, remnant);
        }
    }

    /// A NOTIFY of ours has its answer, or never will (`None`). A telephone that does not know what it is about is told
    /// nothing more (RFC 6665 §4.2.2); the call goes on (RFC 5057 §5.1).
    pub(super) fn on_notified(&mut self, id: ReferId, status: Option<u16>) {
        let Some(subscription) = self.core.referrals.subscriptions.get_mut(&id) else {
            return;
        };
        subscription.under_way = false;
        let heard = status.is_some_and(|status| status < 300);
        let finished = subscription.over.is_some() && !subscription.unsent;
        if finished || !heard {
            self.core.referrals.remove(id);
        } else {
            self.tell(id);
        }
    }

    /// Ends subscriptions whose application never said how it ended.
    pub(super) fn end_old_subscriptions(&mut self) {
        let now = self.core.now.mono;
        let all = self.core.referrals.subscriptions.iter();
        let old = all.filter(|(_, it)| it.over.is_none() && it.until <= now);
        for id in old.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.news(id, 408, "timeout");
        }
    }
}

/// SUBSCRIBE: there is nothing to subscribe to but what a REFER began (RFC 6665 §4.2.1: 489).
pub(super) fn check_subscribe(request: &Request, within_dialog: bool) -> Result<(), Refusal> {
    match (package(request) == PACKAGE, within_dialog) {
        (true, true) => Ok(()),
        (true, false) => Err(Refusal::plain(403)), // RFC 3515 §2.4.4
        (false, _) => Err(Refusal::because(
            489,
            HeaderName::AllowEvents,
            checks::EVENTS.to_owned(),
        )),
    }
}
