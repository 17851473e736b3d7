//! Writing answers: what of the request comes back (RFC 3261 §8.2.6), and the list of telephones (§10.3, step 8). Decides nothing.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use super::asked::Refusal;
use super::book::Held;
use crate::kernel::{Mono, Now, Wall};
use crate::sip::Flow;
use crate::sip::message::{HeaderName, Request, Response, Via};

/// A request with the ways that lead from it.
pub(super) struct Asker {
    /// The request, its top Via stamped.
    pub request: Request,
    /// How it came.
    pub flow: Flow,
    /// How its answer goes.
    pub back: Flow,
    /// Its top Via as it came.
    pub via: Via,
}

/// Writes what all answers have.
pub(super) struct Scribe {
    server: String,
    /// Salt of tags.
    hasher: RandomState,
    /// The last second that was written as text.
    date: (i64, String),
}

impl Scribe {
    pub(super) fn new(server: String) -> Self {
        Self {
            server,
            hasher: RandomState::new(),
            date: (i64::MIN, String::new()),
        }
    }

    /// An answer without what only this one says.
    pub(super) fn answer(&self, asker: &Asker, status: u16) -> Response {
        let request = &asker.request;
        let mut response = request.reply(status);
        let untagged = request.headers.to().is_ok_and(|to| to.tag().is_none());
        if untagged && let Some(to) = response.headers.get(&HeaderName::To) {
            let mut to = to.to_vec();
            to.extend_from_slice(format!(";tag={:016x}", self.tag(asker)).as_bytes());
            response.headers.set(HeaderName::To, to);
        }
        if !self.server.is_empty() {
            response.headers.push(HeaderName::Server, self.server.as_str());
        }
        response
    }

    /// A refusal with what it says.
    pub(super) fn refusal(&self, asker: &Asker, refusal: Refusal) -> Response {
        let mut response = self.answer(asker, refusal.status);
        if let Some((name, value)) = refusal.header {
            response.headers.push(name, value);
        }
        response
    }

    /// 200 with all telephones of the account.
    pub(super) fn granted(&mut self, asker: &Asker, held: &[Held], now: Now) -> Response {
        let mut response = self.answer(asker, 200);
        for held in held {
            response.headers.push(HeaderName::Contact, contact(held, now.mono));
        }
        response.headers.push(HeaderName::Date, self.date(now.wall));
        response
    }

    /// The same tag whenever the request comes, as an answer without memory must have (RFC 3261 §8.2.7).
    fn tag(&self, asker: &Asker) -> u64 {
        let headers = &asker.request.headers;
        let named = (headers.get(&HeaderName::CallId), headers.get(&HeaderName::CSeq));
        self.hasher.hash_one((named, asker.via.branch()))
    }

    /// `Sat, 13 Nov 2010 23:29:00 GMT` (RFC 3261 §20.17). Telephones set their clocks by it.
    fn date(&mut self, now: Wall) -> &str {
        let second = now.as_millis().div_euclid(1_000);
        if self.date.0 != second {
            let text = jiff::Timestamp::from_second(second)
                .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
                .unwrap_or_default();
            self.date = (second, text);
        }
        &self.date.1
    }
}

/// One telephone as its account is told.
fn contact(held: &Held, now: Mono) -> String {
    let binding = &held.binding;
    let left_s = held.until.since(now).as_millis().div_ceil(1_000);
    let mut text = format!("<{}>;expires={left_s}", binding.contact);
    // Writing to a String cannot fail.
    if binding.q < 1_000 {
        let _ = write!(text, ";q=0.{:03}", binding.q);
    }
    if let Some(instance) = &binding.instance {
        let _ = write!(text, ";+sip.instance=\"{instance}\"");
    }
    text
}
