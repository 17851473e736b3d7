//! REGISTER until the registrar is here: no account exists, so every request is checked, challenged and refused alike.

use rand::RngCore;
use rand::rngs::StdRng;

use crate::kernel::Now;
use crate::sip::digest::{Authenticator, AuthenticatorConfig};
use crate::sip::message::{Contacts, HeaderName, Request, Response};

/// The realm that challenges name.
const REALM: &str = "yihao";

/// Answers REGISTER.
pub(super) struct Registrar {
    authenticator: Authenticator,
}

impl Registrar {
    /// A registrar with a fresh secret.
    pub(super) fn new(rng: &mut StdRng) -> Self {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let config = AuthenticatorConfig {
            realm: REALM.to_owned(),
            secret,
            nonce_lifetime_s: 300,
            nonces_max: 10_000,
        };
        Self {
            authenticator: Authenticator::new(&config),
        }
    }

    /// 400 for what cannot be registered at all (RFC 3261 §10.3), else 401 with our challenges: an unknown user looks
    /// like a wrong password.
    pub(super) fn answer(&mut self, request: &Request, now: Now) -> Response {
        let to_is_sip = request.headers.to().is_ok_and(|to| to.uri.is_sip());
        let contacts_are_good = match request.headers.contacts() {
            Ok(Contacts::Star) => true,
            Ok(Contacts::List(list)) => list.iter().all(|c| c.uri.is_sip()),
            Err(_) => false,
        };
        if !to_is_sip || !contacts_are_good {
            return request.reply(400);
        }
        let stale = match self.authenticator.check(request, |_| None, now.wall) {
            Ok(_) => false,
            Err(refusal) => refusal.is_stale(),
        };
        let mut response = request.reply(401);
        for challenge in self.authenticator.challenges(stale, now.wall) {
            response
                .headers
                .push(HeaderName::WwwAuthenticate, challenge.to_string());
        }
        response
    }
}
