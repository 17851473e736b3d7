//! Who calls: a trunk, a stranger, or one of ours who has shown his password. Knows accounts, hashes and sources; neither calls
//! nor what an agent may do.
//!
//! Only what begins a dialog is asked: what follows belongs to it by its tags, and ACK and CANCEL cannot be asked at all
//! (RFC 3261 §22.1). A trunk's peers are known by their addresses.

use std::sync::Arc;

use crate::kernel::{AgentId, Now};
use crate::sip::Flow;
use crate::sip::digest::{self, Authenticator, AuthenticatorConfig};
use crate::sip::message::{HeaderName, Request};
use crate::sip::registrar::{Accounts, RegistrarConfig, Sources, source_of};
use crate::sip::ua::Refusal;

/// How long a nonce is good for INVITEs, seconds.
const NONCE_LIFETIME_S: u32 = 300;
/// Nonces whose counts are remembered.
const NONCES_MAX: usize = 10_000;

/// Who sent an INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Nobody that we know: a citizen, if strangers may call at all.
    Stranger,
    /// One of ours.
    Agent(AgentId),
    /// Has to show a password first, or has shown a wrong one. No call: nothing has begun.
    Refused(Refusal),
}

/// Asks for passwords.
pub(super) struct Doorkeeper {
    accounts: Arc<Accounts>,
    authenticator: Authenticator,
    sources: Sources,
    secret: [u8; 32],
    retry_after_s: u64,
}

impl Doorkeeper {
    /// One who knows nobody. The secret seals nonces.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        let config = RegistrarConfig::default();
        Self {
            accounts: Arc::default(),
            authenticator: authenticator("", secret),
            sources: Sources::new(&config),
            secret,
            retry_after_s: config.block.as_secs(),
        }
    }

    /// All accounts as they are from now on.
    pub(super) fn set_accounts(&mut self, accounts: Arc<Accounts>) {
        if accounts.realm != self.accounts.realm {
            self.authenticator = authenticator(&accounts.realm, self.secret);
        }
        self.accounts = accounts;
    }

    /// Who sends this INVITE, which no trunk's peer sent. Where strangers may not call, everybody is asked alike: nobody
    /// learns which names there are.
    pub(super) fn ask(&mut self, invite: &Request, flow: &Flow, strangers_may_call: bool, now: Now) -> Caller {
        let from = invite.headers.from().ok().and_then(|from| from.uri.user_unescaped());
        let claims = from
            .as_ref()
            .is_some_and(|user| self.accounts.by_user.contains_key(user));
        let shows = invite.headers.count(&HeaderName::Authorization) > 0;
        if self.accounts.by_user.is_empty() || (strangers_may_call && !claims && !shows) {
            return Caller::Stranger;
        }
        let source = source_of(flow.remote.ip());
        if !self.sources.admits(source, now.mono) {
            return Caller::Refused(self.later());
        }
        self.sources.sweep(now.mono);
        let (mut tried, mut blocked) = (String::new(), false);
        let Self {
            accounts,
            authenticator,
            sources,
            ..
        } = self;
        // For who is blocked the same is computed as for everybody.
        let lookup = |user: &str| {
            user.clone_into(&mut tried);
            blocked = sources.user_is_blocked(source, user, now.mono) || sources.is_blocked(source, now.mono);
            accounts.by_user.get(user).filter(|_| !blocked).cloned()
        };
        let peer = source.to_string();
        let stale = match authenticator.check_of(invite, &peer, lookup, now.wall) {
            // An account speaks in its own name only.
            Ok(user) if from.as_ref() != Some(&user) => return Caller::Refused(Refusal::plain(403)),
            Ok(user) => {
                sources.succeeded(source, &user);
                return AgentId::parse(&user).map_or_else(|| Caller::Refused(Refusal::plain(403)), Caller::Agent);
            }
            Err(_) if blocked => return Caller::Refused(self.later()),
            Err(digest::Refusal::Wrong) => {
                sources.failed(source, &tried, now.mono);
                false
            }
            Err(refusal) => refusal.is_stale(),
        };
        let challenges = authenticator.challenges_for(&peer, stale, now.wall);
        let headers = challenges
            .into_iter()
            .map(|it| (HeaderName::WwwAuthenticate, it.to_string()));
        Caller::Refused(Refusal {
            status: 401,
            headers: headers.collect(),
        })
    }

    fn later(&self) -> Refusal {
        Refusal::because(503, HeaderName::RetryAfter, self.retry_after_s.to_string())
    }
}

fn authenticator(realm: &str, secret: [u8; 32]) -> Authenticator {
    Authenticator::new(&AuthenticatorConfig {
        realm: realm.to_owned(),
        secret,
        nonce_lifetime_s: NONCE_LIFETIME_S,
        nonces_max: NONCES_MAX,
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::sip::Transport;
    use crate::sip::digest::{Account, Answerer, HashedPassword};
    use crate::sip::message::{Message, parse_datagram};

    const REALM: &str = "example.gov.cn";

    fn door() -> Doorkeeper {
        let mut door = Doorkeeper::new([7; 32]);
        let mut accounts = Accounts {
            realm: REALM.into(),
            ..Accounts::default()
        };
        for user in ["8001", "8002"] {
            let hashed = HashedPassword::of(user, REALM, &format!("secret of {user}"));
            accounts.by_user.insert(user.into(), hashed);
        }
        door.set_accounts(Arc::new(accounts));
        door
    }

    fn flow(last: u8) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: std::net::SocketAddr::from(([192, 0, 2, last], 5060)),
            connection: 0,
        }
    }

    fn invite(from: &str) -> Request {
        let text = format!(
            "INVITE sip:12345@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\nFrom: <sip:{from}@192.0.2.1>;tag=a\r\n\
             To: <sip:12345@192.0.2.1>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        match parse_datagram(text.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn ask(door: &mut Doorkeeper, invite: &Request, last: u8) -> Caller {
        door.ask(invite, &flow(last), true, Now::default())
    }

    fn refused(caller: &Caller) -> u16 {
        match caller {
            Caller::Refused(refusal) => refusal.status,
            Caller::Stranger | Caller::Agent(_) => 0,
        }
    }

    /// The INVITE with credentials for what it was asked.
    fn answered(invite: &Request, asked: &Caller, user: &str, password: &str) -> Request {
        let Caller::Refused(refusal) = asked else {
            panic!("{asked:?}")
        };
        let mut response = invite.reply(refusal.status);
        for (name, value) in &refusal.headers {
            response.headers.push(name.clone(), value.as_str());
        }
        let mut answerer = Answerer::new(Account {
            username: user.into(),
            password: password.into(),
            realm: None,
        });
        answerer.challenged(&response).unwrap();
        let mut signed = invite.clone();
        answerer.authorize(&mut signed, &mut StdRng::seed_from_u64(1));
        signed
    }

    #[test]
    fn an_agent_shows_the_password_and_a_citizen_is_not_asked() {
        let mut door = door();
        assert_eq!(ask(&mut door, &invite("13800001234"), 10), Caller::Stranger);
        let plain = invite("8001");
        let asked = ask(&mut door, &plain, 10);
        assert_eq!(refused(&asked), 401);
        let signed = answered(&plain, &asked, "8001", "secret of 8001");
        let agent = AgentId::parse("8001").unwrap();
        assert_eq!(ask(&mut door, &signed, 10), Caller::Agent(agent));
        // The same credentials once more, or from elsewhere: asked again.
        assert_eq!(refused(&ask(&mut door, &signed, 10)), 401);
        assert_eq!(refused(&ask(&mut door, &signed, 11)), 401);
    }

    #[test]
    fn a_wrong_password_looks_like_nobody_of_that_name() {
        let mut door = door();
        let plain = invite("8001");
        let asked = ask(&mut door, &plain, 10);
        for (user, password) in [("8001", "wrong"), ("nobody", "wrong")] {
            let signed = answered(&plain, &asked, user, password);
            let Caller::Refused(refusal) = ask(&mut door, &signed, 10) else {
                panic!()
            };
            assert_eq!((refusal.status, refusal.headers.len()), (401, 2));
        }
    }

    #[test]
    fn nobody_speaks_in_anothers_name() {
        let mut door = door();
        for from in ["8002", "12345"] {
            let plain = invite(from);
            let asked = ask(&mut door, &invite("8001"), 10);
            let signed = answered(&plain, &asked, "8001", "secret of 8001");
            assert_eq!(refused(&ask(&mut door, &signed, 10)), 403);
        }
    }

    #[test]
    fn who_guesses_is_not_heard_any_more_with_the_right_password_either() {
        let mut door = door();
        let plain = invite("8001");
        for _ in 0..10 {
            let asked = ask(&mut door, &plain, 10);
            let signed = answered(&plain, &asked, "8001", "wrong");
            assert_eq!(refused(&ask(&mut door, &signed, 10)), 401);
        }
        let asked = ask(&mut door, &plain, 10);
        let signed = answered(&plain, &asked, "8001", "secret of 8001");
        assert_eq!(refused(&ask(&mut door, &signed, 10)), 503);
        // Its owner, elsewhere, is heard.
        let asked = ask(&mut door, &plain, 11);
        let signed = answered(&plain, &asked, "8001", "secret of 8001");
        assert!(matches!(ask(&mut door, &signed, 11), Caller::Agent(_)));
    }

    #[test]
    fn where_strangers_may_not_call_everybody_is_asked_alike() {
        let mut door = door();
        for from in ["8001", "13800001234"] {
            let caller = door.ask(&invite(from), &flow(10), false, Now::default());
            assert_eq!(refused(&caller), 401);
        }
        let mut nobody = Doorkeeper::new([1; 32]);
        let caller = nobody.ask(&invite("8001"), &flow(10), false, Now::default());
        assert_eq!(caller, Caller::Stranger, "a house without accounts asks nobody");
    }
}
