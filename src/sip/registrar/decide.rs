//! What becomes of a request (RFC 3261 §10.3): who asks, and what he is answered. Changes nothing by itself.

use super::asked::{self, Refusal};
use super::machine::Registrar;
use super::reply::Asker;
use super::sources::{Verdict, source_of};
use super::types::Command;
use crate::kernel::Now;
use crate::sip::digest;
use crate::sip::message::{HeaderName, NameAddr, Request, Response};

/// What was decided: the answer, and whether a request that comes again must get the same one.
pub(super) enum Decision {
    /// The request changed nothing and used nothing up: it may be decided anew.
    Free(Response),
    /// The credentials are used up.
    Final(Response),
    /// So, when the disk has it.
    WhenWritten(Response, u64),
}

impl Registrar {
    /// RFC 3261 §10.3, with the checks in an order that tells nobody anything before he has shown his password.
    pub(super) fn decide(&mut self, asker: &Asker, now: Now) -> Decision {
        if let Err(refusal) = asked::check(&asker.request) {
            self.tally.refused += 1;
            return Decision::Free(self.scribe.refusal(asker, refusal));
        }
        let user = match self.authenticate(asker, now) {
            Ok(user) => user,
            Err(response) => return Decision::Free(response),
        };
        // An account binds its own address only, whether the other one exists or not.
        if !is_own(&asker.request, &user) {
            self.tally.forbidden += 1;
            return Decision::Final(self.scribe.answer(asker, 403));
        }
        let wish = asked::wish(&asker.request, &asker.flow, &self.config);
        let done = wish.and_then(|wish| self.carry_out(&user, wish, asker, now));
        match done {
            Ok(ticket) => {
                // Also who only asks is told no more than what would be true after a restart.
                let ticket = ticket.or_else(|| self.pending.get(user.as_str()).copied());
                let response = self.scribe.granted(asker, self.book.of(&user), now);
                match ticket {
                    Some(ticket) => Decision::WhenWritten(response, ticket),
                    None => Decision::Final(response),
                }
            }
            Err(refusal) => {
                match refusal.status {
                    503 => self.tally.overload += 1,
                    _other => self.tally.refused += 1,
                }
                Decision::Final(self.scribe.refusal(asker, refusal))
            }
        }
    }

    /// The account that asks, or the answer to who has not shown that he is one.
    fn authenticate(&mut self, asker: &Asker, now: Now) -> Result<String, Response> {
        let source = source_of(asker.flow.remote.ip());
        let peer = source.to_string();
        let (mut blocked, mut tried) = (false, String::new());
        let Self {
            authenticator,
            sources,
            accounts,
            book,
            ..
        } = self;
        // Also for who is blocked the same is computed as for everybody.
        let lookup = |user: &str| {
            let is_at_home = || {
                let mut flows = book.of(user).iter().map(|it| it.binding.flow);
                flows.any(|flow| source_of(flow.remote.ip()) == source)
            };
            blocked = sources.user_is_blocked(source, user, now.mono)
                || sources.is_blocked(source, now.mono) && !is_at_home();
            user.clone_into(&mut tried);
            accounts.by_user.get(user).filter(|_| !blocked).cloned()
        };
        let checked = authenticator.check_of(&asker.request, &peer, lookup, now.wall);
        let refusal = match checked {
            Ok(user) => {
                self.sources.succeeded(source, &user);
                return Ok(user);
            }
            Err(refusal) => refusal,
        };
        if blocked {
            self.tally.blocked += 1;
            return Err(self.scribe.refusal(asker, later(self.config.block.as_secs())));
        }
        match refusal {
            digest::Refusal::NoCredentials | digest::Refusal::Unusable => self.tally.challenged += 1,
            digest::Refusal::Stale | digest::Refusal::Replayed => self.tally.stale += 1,
            digest::Refusal::Wrong => {
                self.tally.wrong += 1;
                let user = match self.sources.failed(source, &tried, now.mono) {
                    Verdict::Noted => None,
                    Verdict::UserBlocked => Some(Some(tried)),
                    Verdict::SourceBlocked => Some(None),
                };
                let block = self.config.block;
                self.out
                    .extend(user.map(|user| Command::Blocked { source, user, block }));
            }
        }
        let mut response = self.scribe.answer(asker, 401);
        for challenge in self.authenticator.challenges_for(&peer, refusal.is_stale(), now.wall) {
            response
                .headers
                .push(HeaderName::WwwAuthenticate, challenge.to_string());
        }
        Err(response)
    }
}

/// Whether From and To are the account's own.
fn is_own(request: &Request, user: &str) -> bool {
    let is_user = |address: NameAddr| address.uri.user_unescaped().is_some_and(|it| it == user);
    request.headers.to().is_ok_and(is_user) && request.headers.from().is_ok_and(is_user)
}

/// Turned away for a while.
pub(super) fn later(seconds: u64) -> Refusal {
    Refusal::because(503, HeaderName::RetryAfter, seconds.to_string())
}
