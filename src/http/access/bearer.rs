//! From the `Authorization` header to the one who asks. Knows the admin token and, through `People`, all others.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use tokio::time::Instant;

use super::caller::Caller;
use super::failures::Failures;
use super::known::{Known, Memory, Print};
use crate::config::Secret;
use crate::http::house::{Bearer, People};
use crate::http::{Error, Token};
use crate::kernel::Role;

/// Longest token looked at, octets.
const TOKEN_MAX_BYTES: usize = 256;

/// The door: who is let in.
pub(in crate::http) struct Gate {
    admin: Token,
    people: Arc<dyn People>,
    failures: Mutex<Failures>,
    known: Mutex<Known>,
}

impl Gate {
    pub(in crate::http) fn new(admin: Token, people: Arc<dyn People>) -> Self {
        Self {
            admin,
            people,
            failures: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Tokens or accounts have changed: everyone is looked up again.
    pub(in crate::http) fn changed(&self) {
        lock(&self.known).forget_freshness();
    }

    /// Whom the request speaks for. A missing, malformed, wrong and revoked token are told apart by nothing.
    pub(super) async fn enter(&self, headers: &HeaderMap, source: IpAddr) -> Result<(Bearer, Secret), Error> {
        let now = Instant::now();
        let token = token(headers);
        let print = token.map(Print::of);
        let memory = print.map_or(Memory::None, |print| lock(&self.known).recall(print, now));
        if let (Memory::Fresh(bearer), Some(token)) = (&memory, token) {
            return Ok((bearer.clone(), Secret::new(token)));
        }
        let wait = lock(&self.failures).wait(source, now);
        if let (Some(wait), Memory::None) = (wait, &memory) {
            let wait_s = wait.as_secs().max(1);
            return Err(Error::TooManyFailures { wait_s });
        }
        if let (Some(token), Some(print)) = (token, print) {
            if let Some(bearer) = self.find(token).await? {
                lock(&self.known).remember(print, bearer.clone(), now);
                return Ok((bearer, Secret::new(token)));
            }
            lock(&self.known).forget(print);
            lock(&self.failures).add(source, now); // who brings none guesses nothing
        }
        Err(Error::Unauthorized)
    }

    /// Whether the token is still good: asked now and then for those who stay long.
    pub(in crate::http) async fn still_valid(&self, caller: &Caller) -> bool {
        match self.find(caller.token().expose()).await {
            Ok(found) => found.as_ref() == Some(caller.bearer()),
            Err(_) => true, // the database is away; it was good a moment ago
        }
    }

    async fn find(&self, token: &str) -> Result<Option<Bearer>, Error> {
        if self.admin.matches(token) {
            return Ok(Some(Bearer {
                id: "admin-token".into(),
                name: "admin-token".into(),
                role: Role::Admin,
                agent: None,
            }));
        }
        self.people.find_token(token).await
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let fits = !token.is_empty() && token.len() <= TOKEN_MAX_BYTES;
    // Two headers may mean one thing to a proxy and another to us.
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
