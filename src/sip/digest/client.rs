//! The client's side: answers the challenges of carriers and proxies. Sends nothing; the caller repeats its request.

use std::fmt;

use rand::Rng;
use rand::rngs::StdRng;

use super::auth::{AuthError, Challenge, Credentials, Qop, escaped};
use super::hash::{Covered, Protection, ha1, request_digest};
use crate::sip::message::{HeaderName, Request, Response};

/// Realms that one account answers at a time.
const REALMS_MAX: usize = 8;
/// How often in a row a server may call a fresh nonce stale.
const STALE_MAX: u8 = 2;

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The name that the other side knows us by.
    pub username: String,
    /// The password in the clear, as the digest needs it.
    pub password: String,
    /// Answer this realm only; `None` answers any.
    pub realm: Option<String>,
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The credentials were sent and were not accepted: the name or the password is wrong.
    #[error("the credentials were not accepted")]
    Credentials,
    /// No challenge for our realm with an algorithm and a protection that we know.
    #[error("no challenge that we can answer")]
    NoChallenge,
    /// The answer is no 401 and no 407.
    #[error("not a challenge")]
    NotAChallenge,
}

impl fmt::Debug for Account {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Answers challenges with one account, and signs later requests with what it has learnt.
#[derive(Debug)]
pub struct Answerer {
    account: Account,
    realms: Vec<Learnt>,
}

/// What one server or proxy has asked for.
#[derive(Debug)]
struct Learnt {
    /// The header that carries the answer.
    header: HeaderName,
    challenge: Challenge,
    /// Requests signed with this nonce.
    count: u32,
    /// Our nonce, one for all of them, since `-sess` binds the key to the first (RFC 7616 §3.4.2).
    cnonce: String,
    /// Times in a row that a nonce was called stale at its first use.
    stale: u8,
}

impl Answerer {
    /// An account that has not been challenged yet.
    pub const fn new(account: Account) -> Self {
        Self {
            account,
            realms: Vec::new(),
        }
    }

    /// Learns from a 401 or 407: per realm the strongest algorithm, among equals the topmost (RFC 8760 §2.4 leaves
    /// the order to the server; taking the strongest leaves nothing to somebody in between).
    ///
    /// # Errors
    /// See [`Refused`]; the request should not be repeated then.
    pub fn challenged(&mut self, response: &Response) -> Result<(), Refused> {
        let (from, header) = match response.status {
            401 => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            407 => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
            _other => return Err(Refused::NotAChallenge),
        };
        let values = response.headers.all(&from);
        let best = strongest(values.map(Challenge::parse), self.account.realm.as_deref());
        if best.is_empty() {
            return Err(Refused::NoChallenge);
        }
        for challenge in best {
            self.learn(header.clone(), challenge)?;
        }
        Ok(())
    }

    /// Puts credentials on a request for every realm learnt, in place of older ones. A repeated request
    /// needs a higher CSeq, which is its caller's business (RFC 3261 §22.2).
    pub fn authorize(&mut self, request: &mut Request, rng: &mut StdRng) {
        request.headers.remove(&HeaderName::Authorization);
        request.headers.remove(&HeaderName::ProxyAuthorization);
        for learnt in &mut self.realms {
            learnt.count = learnt.count.saturating_add(1);
            if learnt.cnonce.is_empty() {
                learnt.cnonce = format!("{:016x}", rng.random::<u64>());
            }
            let credentials = sign(&self.account, learnt, request);
            let header = learnt.header.clone();
            request.headers.push(header, credentials.to_string());
        }
    }

    fn learn(&mut self, header: HeaderName, challenge: Challenge) -> Result<(), Refused> {
        let known = self
            .realms
            .iter()
            .position(|it| it.header == header && it.challenge.realm == challenge.realm);
        let mut stale = 0;
        if let Some(index) = known {
            let old = self.realms.remove(index);
            // A nonce that worked before (count above one) may simply have expired.
            if old.count == 1 {
                stale = old.stale.saturating_add(1);
                if !challenge.stale || stale > STALE_MAX {
                    return Err(Refused::Credentials);
                }
            }
        }
        if self.realms.len() >= REALMS_MAX {
            return Err(Refused::NoChallenge);
        }
        self.realms.push(Learnt {
            header,
            challenge,
            count: 0,
            cnonce: String::new(),
            stale,
        });
        Ok(())
    }
}

/// The strongest usable challenge of each realm.
fn strongest(challenges: impl Iterator<Item = Result<Challenge, AuthError>>, only: Option<&str>) -> Vec<Challenge> {
    let mut best: Vec<Challenge> = Vec::new();
    let only = only.map(escaped);
    // One of another scheme or with an unknown algorithm is for somebody else (RFC 8760 §2.6).
    for challenge in challenges.flatten() {
        let usable = challenge.qop.is_empty() || protection(&challenge).is_some();
        if !usable || only.as_ref().is_some_and(|it| *it != challenge.realm) {
            continue;
        }
        match best.iter_mut().find(|it| it.realm == challenge.realm) {
            Some(it) if it.algorithm.hash < challenge.algorithm.hash => *it = challenge,
            Some(_at_least_as_strong) => {}
            None => best.push(challenge),
        }
    }
    best
}

/// `auth` where it is offered, since proxies on the way may change bodies; else `auth-int`.
fn protection(challenge: &Challenge) -> Option<&'static str> {
    let offers = |name: &str| challenge.qop.iter().any(|it| it.eq_ignore_ascii_case(name));
    ["auth", "auth-int"].into_iter().find(|it| offers(it))
}

fn sign(account: &Account, learnt: &Learnt, request: &Request) -> Credentials {
    let challenge = &learnt.challenge;
    let username = escaped(&account.username);
    let uri = request.uri.to_string();
    // `-sess` needs a client nonce too, and without qop there is nowhere to send it: no such server is known.
    let qop = protection(challenge).map(|name| Qop {
        name: name.to_owned(),
        nc: format!("{:08x}", learnt.count),
        cnonce: learnt.cnonce.clone(),
    });
    let ha1 = ha1(challenge.algorithm.hash, &username, &challenge.realm, &account.password);
    let response = request_digest(
        &ha1,
        &Covered {
            algorithm: challenge.algorithm,
            method: request.method.as_str(),
            uri: &uri,
            nonce: &challenge.nonce,
            qop: qop.as_ref().map(|it| Protection {
                qop: &it.name,
                nc: &it.nc,
                cnonce: &it.cnonce,
            }),
            body: &request.body,
        },
    );
    Credentials {
        username,
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri,
        response,
        algorithm: challenge.algorithm,
        qop,
        opaque: challenge.opaque.clone(),
    }
}
