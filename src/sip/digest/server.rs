//! The server's side: challenges, and whether an answer to one is right. Keeps no password and no account.

use subtle::{Choice, ConstantTimeEq};

use super::auth::{Challenge, Credentials, escaped};
use super::hash::{Algorithm, Covered, HashKind, Key, Protection, ha1, hex, request_digest};
use super::nonce::{self, Counts, NonceId};
use crate::kernel::Wall;
use crate::sip::message::{HeaderName, Request};

/// How a server authenticates.
#[derive(Clone)]
pub struct AuthenticatorConfig {
    /// Shown to users; part of every stored password hash.
    pub realm: String,
    /// Seals nonces. Kept over a restart, nonces stay valid; changed, clients try once more.
    pub secret: [u8; 32],
    /// How long a nonce is good, seconds.
    pub nonce_lifetime_s: u32,
    /// Nonces whose counts are remembered. Beyond it the oldest become stale early.
    pub nonces_max: usize,
}

/// What is stored of a password: one hash per algorithm that we offer.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword {
    /// `MD5(username:realm:password)`, hexadecimal.
    pub md5: String,
    /// `SHA-256(username:realm:password)`, hexadecimal.
    pub sha256: String,
}

impl HashedPassword {
    /// Hashes a password for storage.
    pub fn of(username: &str, realm: &str, password: &str) -> Self {
        let (username, realm) = (&escaped(username), &escaped(realm));
        Self {
            md5: ha1(HashKind::Md5, username, realm, password),
            sha256: ha1(HashKind::Sha256, username, realm, password),
        }
    }
}

/// Why a request is not let in. All are answered alike: with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credentials for our realm.
    #[error("no credentials")]
    NoCredentials,
    /// They cannot be read, or want what we have not offered.
    #[error("unusable credentials")]
    Unusable,
    /// No such user, or not that password; which of the two is nobody's business.
    #[error("wrong user or password")]
    Wrong,
    /// The nonce is too old, not ours, or was not given to this peer. The password was not looked at: who could try it
    /// with any nonce could also try it for somebody else.
    #[error("stale nonce")]
    Stale,
    /// Right, but these very credentials have been used before.
    #[error("credentials used before")]
    Replayed,
}

impl Refusal {
    /// Whether the client should try again by itself (`stale=true`; RFC 7616 §3.3: the nonce is what is wrong).
    pub const fn is_stale(self) -> bool {
        match self {
            Self::Stale | Self::Replayed => true,
            Self::NoCredentials | Self::Unusable | Self::Wrong => false,
        }
    }
}

/// Issues challenges and checks answers.
pub struct Authenticator {
    realm: String,
    key: Key,
    offered: Vec<Algorithm>,
    counts: Counts,
    issued: u32,
}

impl Authenticator {
    /// A server without memory of earlier nonces.
    pub fn new(config: &AuthenticatorConfig) -> Self {
        let lifetime_ms = u64::from(config.nonce_lifetime_s).saturating_mul(1000);
        Self {
            realm: escaped(&config.realm),
            key: Key::new(&config.secret),
            counts: Counts::new(config.nonces_max, lifetime_ms),
            offered: vec![Algorithm::SHA_256, Algorithm::MD5],
            issued: 0,
        }
    }

    /// Offers only these hash functions, in this order; without it SHA-256, then MD5.
    #[must_use]
    pub fn offering(self, kinds: &[HashKind]) -> Self {
        Self {
            offered: kinds.iter().copied().map(Algorithm::plain).collect(),
            ..self
        }
    }

    /// One challenge per algorithm, the preferred one first (RFC 8760 §2.4), each for a header of its own.
    pub fn challenges(&mut self, stale: bool, now: Wall) -> Vec<Challenge> {
        self.challenges_for("", stale, now)
    }

    /// The same with a nonce that is good for one peer only, however it is named: nobody can use it in another's name.
    pub fn challenges_for(&mut self, peer: &str, stale: bool, now: Wall) -> Vec<Challenge> {
        let nonce = self.nonce_for(peer, now);
        let each = self.offered.iter().copied();
        each.map(|algorithm| Challenge {
            realm: self.realm.clone(),
            nonce: nonce.clone(),
            algorithm,
            qop: vec!["auth".to_owned()],
            opaque: None,
            stale,
        })
        .collect()
    }

    fn nonce_for(&mut self, peer: &str, now: Wall) -> String {
        self.issued = self.issued.wrapping_add(1);
        let issued = u64::try_from(now.as_millis()).unwrap_or(0);
        nonce::write(&self.key, &self.realm, peer, (issued, self.issued))
    }

    /// Checks a request's Authorization and returns its username.
    ///
    /// `lookup` yields what is stored for a username. An unknown user costs the same work as a wrong password.
    ///
    /// # Errors
    /// The refusal, to be answered with 401 and [`Authenticator::challenges`]`(refusal.is_stale(), …)`.
    pub fn check(
        &mut self,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<HashedPassword>,
        now: Wall,
    ) -> Result<String, Refusal> {
        self.check_of(request, "", lookup, now)
    }

    /// The same for a nonce of [`Authenticator::challenges_for`].
    ///
    /// # Errors
    /// As [`Authenticator::check`].
    pub fn check_of(
        &mut self,
        request: &Request,
        peer: &str,
        lookup: impl FnOnce(&str) -> Option<HashedPassword>,
        now: Wall,
    ) -> Result<String, Refusal> {
        let mut refusal = Refusal::NoCredentials;
        for value in request.headers.all(&HeaderName::Authorization) {
            match Credentials::parse(value) {
                Ok(it) if it.realm == self.realm => return self.verify(it, peer, request, lookup, now),
                Ok(_for_another_server) => {}
                Err(_) => refusal = Refusal::Unusable,
            }
        }
        Err(refusal)
    }

    fn verify(
        &mut self,
        credentials: Credentials,
        peer: &str,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<HashedPassword>,
        now: Wall,
    ) -> Result<String, Refusal> {
        let hash = credentials.algorithm.hash;
        if !self.offered.iter().any(|it| it.hash == hash) {
            return Err(Refusal::Unusable);
        }
        let count = count_of(&credentials).ok_or(Refusal::Unusable)?;
        let nonce = nonce::read(&self.key, &self.realm, peer, &credentials.nonce);
        let nonce: NonceId = nonce.filter(|it| !self.counts.is_old(*it, now)).ok_or(Refusal::Stale)?;
        let stored = lookup(&credentials.username);
        if !self.is_right(&credentials, request, stored) {
            return Err(Refusal::Wrong);
        }
        if self.counts.take(nonce, count, now) {
            Ok(credentials.username)
        } else {
            Err(Refusal::Replayed)
        }
    }

    /// Compares digests in constant time; for an unknown user against one that no password yields.
    fn is_right(&self, credentials: &Credentials, request: &Request, stored: Option<HashedPassword>) -> bool {
        let known = Choice::from(u8::from(stored.is_some()));
        let decoy = hex(&self.key.code(&[b"decoy:", credentials.username.as_bytes()]));
        let (md5, sha256) = match stored {
            Some(HashedPassword { md5, sha256 }) => (md5, sha256),
            None => (decoy.clone(), decoy),
        };
        let ha1 = match credentials.algorithm.hash {
            HashKind::Md5 => md5,
            HashKind::Sha256 => sha256,
            HashKind::Sha512T256 => return false, // never offered
        };
        let expected = request_digest(
            &ha1,
            &Covered {
                algorithm: credentials.algorithm,
                method: request.method.as_str(),
                uri: &credentials.uri,
                nonce: &credentials.nonce,
                qop: credentials.qop.as_ref().map(|it| Protection {
                    qop: &it.name,
                    nc: &it.nc,
                    cnonce: &it.cnonce,
                }),
                body: &request.body,
            },
        );
        let given = credentials.response.to_ascii_lowercase();
        bool::from(known & expected.as_bytes().ct_eq(given.as_bytes()))
    }
}

/// The nonce count. Credentials without one (RFC 2069) count as the nonce's last, so that they work once.
fn count_of(credentials: &Credentials) -> Option<u32> {
    let Some(qop) = &credentials.qop else {
        return Some(u32::MAX);
    };
    if qop.nc.len() != 8 {
        return None;
    }
    u32::from_str_radix(&qop.nc, 16).ok()
}
