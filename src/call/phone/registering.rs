//! A telephone's REGISTER: at the start, again in time, and goodbye (RFC 3261 §10.2). Answers challenges; knows no call.

use std::time::Duration;

use rand::RngCore;
use rand::rngs::StdRng;

use crate::kernel::{Mono, Now};
use crate::sip::digest::{Account, Answerer};
use crate::sip::message::{Contacts, HeaderName, Headers, Host, Method, NameAddr, Request, Response, Uri};
use crate::sip::transaction::ClientKey;

use super::{Phone, PhoneConfig};

/// Pause after a registration that failed.
const PAUSE: Duration = Duration::from_secs(5);
/// Requests of one attempt: two challenges and a correction.
const ROUNDS_MAX: u8 = 4;

/// How the registration stands.
pub(super) struct Registering {
    /// What we ask for, seconds; 0 when leaving.
    expires_s: u32,
    call_id: String,
    cseq: u32,
    answerer: Option<Answerer>,
    /// The request under way.
    waits_for: Option<ClientKey>,
    rounds: u8,
    /// When to register (again).
    due: Option<Mono>,
    registered: bool,
}

impl Registering {
    pub(super) fn new(config: &PhoneConfig, expires_s: u32, rng: &mut StdRng, now: Mono) -> Self {
        let account = config.account.clone().map(|it| Account {
            username: it.username,
            password: it.password,
            realm: it.realm,
        });
        Self {
            expires_s,
            call_id: format!("{:016x}", rng.next_u64()),
            cseq: 0,
            answerer: account.map(Answerer::new),
            waits_for: None,
            rounds: 0,
            due: Some(now),
            registered: false,
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.registered
    }

    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        self.due
    }

    /// The next REGISTER, without credentials.
    fn request(&mut self, config: &PhoneConfig, contact: &str, tag: u64) -> Request {
        self.cseq += 1;
        let server = config.flow.remote;
        let registrar = Uri::sip(
            None,
            Host::from(server.ip()),
            Some(server.port()).filter(|port| *port != 5060),
        );
        let mut request = Request::new(Method::Register, registrar);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, "70");
        let from = config.from.clone().with_tag(&format!("{tag:016x}"));
        headers.push(HeaderName::From, from.to_string());
        headers.push(HeaderName::To, NameAddr::new(config.from.uri.clone()).to_string());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, format!("{} REGISTER", self.cseq));
        headers.push(HeaderName::Contact, contact);
        headers.push(HeaderName::Expires, self.expires_s.to_string());
        headers.push(HeaderName::UserAgent, "yihao-call");
        request
    }
}

impl Phone {
    /// Registers now, or anew.
    pub fn register(&mut self, now: Now) {
        if let Some(registering) = &mut self.registering {
            registering.due = Some(now.mono);
            registering.expires_s = self.config.registers.unwrap_or(registering.expires_s);
        }
        self.register_if_due(now);
        self.turn(now);
    }

    /// Gives the registration back.
    pub fn unregister(&mut self, now: Now) {
        self.leave_registrar(now);
        self.turn(now);
    }

    pub(super) fn leave_registrar(&mut self, now: Now) {
        if let Some(registering) = &mut self.registering {
            registering.expires_s = 0;
            registering.due = Some(now.mono);
        }
        self.register_if_due(now);
    }

    pub(super) fn register_if_due(&mut self, now: Now) {
        let Some(registering) = &mut self.registering else {
            return;
        };
        if registering.due.is_some_and(|at| at <= now.mono) {
            registering.due = None;
            registering.rounds = 0;
            self.send_register(now);
        }
    }

    fn send_register(&mut self, now: Now) {
        let contact = self.contact();
        let Some(registering) = &mut self.registering else {
            return;
        };
        let mut request = registering.request(&self.config, &contact, self.rng.next_u64());
        if let Some(answerer) = &mut registering.answerer {
            answerer.authorize(&mut request, &mut self.rng);
        }
        registering.rounds += 1;
        registering.waits_for = Some(self.ua.request(request, self.config.flow, now));
    }

    /// Our address as others reach us: with our name, which tells telephones on one machine apart.
    fn contact(&self) -> String {
        let bare = self.ua.contact(&self.config.flow);
        let user = self.config.from.uri.user.as_deref();
        match (NameAddr::parse(&bare), user) {
            (Ok(mut address), Some(user)) => {
                address.uri.user = Some(user.to_owned());
                address.to_string()
            }
            (_, _) => bare,
        }
    }

    pub(super) fn registrar_says(&mut self, key: ClientKey, response: &Response, now: Now) {
        let Some(registering) = self.registering.as_mut().filter(|it| it.waits_for == Some(key)) else {
            return;
        };
        if response.is_provisional() {
            return;
        }
        registering.waits_for = None;
        let again = registering.rounds < ROUNDS_MAX
            && match response.status {
                401 | 407 => registering
                    .answerer
                    .as_mut()
                    .is_some_and(|answerer| answerer.challenged(response).is_ok()),
                423 => match response.headers.min_expires() {
                    Some(least_s) => {
                        registering.expires_s = registering.expires_s.max(least_s);
                        true
                    }
                    None => false,
                },
                _other => false,
            };
        if again {
            return self.send_register(now);
        }
        let leaving = registering.expires_s == 0;
        registering.registered = response.is_success() && !leaving;
        registering.due = match (leaving, response.is_success()) {
            (true, _) => None,
            (false, true) => {
                let granted = granted_s(&response.headers, &self.config).unwrap_or(registering.expires_s);
                Some(now.mono + Duration::from_secs(granted.into()).mul_f64(0.85))
            }
            (false, false) => Some(now.mono + PAUSE),
        };
        self.note(format!("REGISTER: {}", response.status), now);
    }

    pub(super) fn registrar_is_silent(&mut self, key: ClientKey, now: Now) {
        let Some(registering) = self.registering.as_mut().filter(|it| it.waits_for == Some(key)) else {
            return;
        };
        registering.waits_for = None;
        registering.registered = false;
        registering.due = Some(now.mono + PAUSE).filter(|_| registering.expires_s > 0);
        self.note("REGISTER: no answer", now);
    }
}

/// What our own contact was granted, seconds: its parameter, else the header.
fn granted_s(headers: &Headers, config: &PhoneConfig) -> Option<u32> {
    let contacts = match headers.contacts() {
        Ok(Contacts::List(contacts)) => contacts,
        Ok(Contacts::Star) | Err(_) => Vec::new(),
    };
    let here = config.flow.local;
    let ours = contacts
        .iter()
        .find(|it| it.uri.host == Host::from(here.ip()) && it.uri.port.unwrap_or(5060) == here.port())?;
    let param = ours.params.get("expires").flatten().and_then(|text| text.parse().ok());
    param.or_else(|| headers.expires())
}
