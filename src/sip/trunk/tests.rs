//! Stories of a trunk in virtual time.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::kernel::Mono;
use crate::sip::digest::{Authenticator, AuthenticatorConfig, HashedPassword};
use crate::sip::message::{HeaderName, Method};
use crate::sip::trunk::Trunk;

/// A trunk with its clock and a diary.
struct Bench {
    trunk: Trunk,
    now: Mono,
    /// (Seconds, what) of all requests.
    sent: Vec<(u64, RequestId, Target, Box<Request>)>,
    asked: Vec<Question>,
    events: Vec<(u64, TrunkEvent)>,
}

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

fn config() -> TrunkConfig {
    TrunkConfig {
        name: "carrier".to_owned(),
        peers: vec!["192.0.2.0/24".parse().unwrap()],
        server: uri("sip:192.0.2.10"),
        srv: true,
        outbound_proxy: None,
        identity: uri("sip:12345@example.com"),
        contact: uri("sip:12345@198.51.100.1:5060"),
        account: Some(Account {
            username: "12345".to_owned(),
            password: "secret".to_owned(),
            realm: None,
        }),
        expires_s: None,
        options_interval_s: None,
    }
}

fn registering() -> TrunkConfig {
    TrunkConfig {
        expires_s: Some(3600),
        ..config()
    }
}

fn asking() -> TrunkConfig {
    TrunkConfig {
        options_interval_s: Some(30),
        ..config()
    }
}

impl Bench {
    fn new(config: TrunkConfig) -> Self {
        let mut bench = Self {
            trunk: Trunk::new(config, StdRng::seed_from_u64(5), Mono::ZERO),
            now: Mono::ZERO,
            sent: Vec::new(),
            asked: Vec::new(),
            events: Vec::new(),
        };
        bench.until(0);
        bench
    }

    fn seconds(&self) -> u64 {
        self.now.since(Mono::ZERO).as_secs()
    }

    fn drain(&mut self) {
        let at = self.seconds();
        while let Some(command) = self.trunk.next_command() {
            match command {
                Command::Request { id, target, request } => self.sent.push((at, id, target, request)),
                Command::Resolve(question) => self.asked.push(question),
                Command::Event(event) => self.events.push((at, event)),
            }
        }
    }

    fn until(&mut self, seconds: u64) {
        self.drain();
        let end = Mono::ZERO + Duration::from_secs(seconds);
        while let Some(at) = self.trunk.poll_timeout().filter(|it| *it <= end) {
            self.now = self.now.max(at);
            self.trunk.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn handle(&mut self, input: Input) {
        self.trunk.handle(input, self.now);
        self.trunk.handle_timeout(self.now);
        self.drain();
    }

    fn last(&self) -> &Request {
        &self.sent.last().unwrap().3
    }

    fn last_target(&self) -> String {
        self.sent.last().unwrap().2.to_string()
    }

    fn header(&self, name: &HeaderName) -> String {
        self.last().headers.text(name).unwrap().into_owned()
    }

    /// The carrier answers the last request.
    fn answer(&mut self, status: u16, extra: &[(HeaderName, &str)]) {
        let (_, id, _, request) = self.sent.last().unwrap();
        let (id, mut response) = (*id, request.reply(status));
        for (name, value) in extra {
            response.headers.push(name.clone(), *value);
        }
        self.handle(Input::Response { id, response });
    }

    fn fail(&mut self) {
        let id = self.sent.last().unwrap().1;
        let error = Failure::Timeout;
        self.handle(Input::Failed { id, error });
    }

    fn resolve(&mut self, name: &str, addresses: &[&str]) {
        self.handle(Input::Resolved {
            question: Question::Addresses(name.to_owned()),
            answer: Answer::Addresses(addresses.iter().map(|it| it.parse().unwrap()).collect()),
        });
    }

    /// When the next request goes out, seconds.
    fn next_request_at(&mut self) -> u64 {
        let before = self.sent.len();
        while self.sent.len() == before {
            let second = self.seconds() + 1;
            self.until(second);
        }
        self.sent.last().unwrap().0
    }

    fn events(&self) -> Vec<TrunkEvent> {
        self.events.iter().map(|(_, it)| *it).collect()
    }
}

const REGISTERED: TrunkEvent = TrunkEvent::Registered { expires_s: 3600 };

#[test]
fn a_trunk_by_address_alone_is_up_and_silent() {
    let bench = Bench::new(config());
    assert_eq!(bench.events(), [TrunkEvent::Up]);
    assert!(bench.sent.is_empty() && bench.asked.is_empty());
    let target = bench.trunk.target(Mono::ZERO).unwrap();
    assert_eq!(target.to_string(), "UDP 192.0.2.10:5060");
    assert!(bench.trunk.allowed("::ffff:192.0.2.77".parse().unwrap()));
    assert!(!bench.trunk.allowed("198.51.100.1".parse().unwrap()));
}

#[test]
fn it_registers_with_a_password_and_renews_in_time() {
    let mut bench = Bench::new(registering());
    assert_eq!(bench.last().method, Method::Register);
    assert_eq!(bench.header(&HeaderName::Expires), "3600");
    assert!(!bench.trunk.is_up());
    let mut server = Authenticator::new(&AuthenticatorConfig {
        realm: "example.com".to_owned(),
        secret: [1; 32],
        nonce_lifetime_s: 9_999,
        nonces_max: 10,
    });
    let wall = crate::kernel::Wall::from_millis(1_700_000_000_000);
    let challenge = server.challenges(false, wall).remove(0).to_string();
    bench.answer(401, &[(HeaderName::WwwAuthenticate, &challenge)]);
    let stored = |_: &str| Some(HashedPassword::of("12345", "example.com", "secret"));
    assert!(server.check(bench.last(), stored, wall).is_ok());
    assert_eq!(bench.header(&HeaderName::CSeq), "2 REGISTER");
    bench.answer(200, &[(HeaderName::Expires, "3600")]);
    assert_eq!(bench.events(), [REGISTERED, TrunkEvent::Up]);

    let call_id = bench.header(&HeaderName::CallId);
    let renewed_at = bench.next_request_at();
    assert!((2_880..3_240).contains(&renewed_at), "{renewed_at}");
    assert!(
        server.check(bench.last(), stored, wall).is_ok(),
        "signed at once, with the next count"
    );
    assert_eq!(bench.header(&HeaderName::CallId), call_id);
    bench.answer(200, &[(HeaderName::Expires, "3600")]);
    assert!(bench.trunk.is_up());
}

#[test]
fn the_time_granted_is_the_one_of_our_contact() {
    let contact = "<sip:other@198.51.100.9>;expires=60, <sip:12345@198.51.100.1:5060>;expires=100";
    let mut bench = Bench::new(registering());
    bench.answer(200, &[(HeaderName::Contact, contact)]);
    assert_eq!(bench.events()[0], TrunkEvent::Registered { expires_s: 100 });
    // Listed, but not we: the registrar has not taken us.
    let mut bench = Bench::new(registering());
    let others = "<sip:a@198.51.100.9>, <sip:b@198.51.100.9>";
    bench.answer(200, &[(HeaderName::Contact, others)]);
    assert!(!bench.trunk.is_up());
}

#[test]
fn too_brief_for_the_registrar_is_asked_longer_once() {
    let mut bench = Bench::new(registering());
    bench.answer(423, &[(HeaderName::MinExpires, "7200")]);
    assert_eq!(bench.header(&HeaderName::Expires), "7200");
    bench.answer(423, &[(HeaderName::MinExpires, "7200")]);
    let event = bench.events().pop();
    assert!(matches!(
        event,
        Some(TrunkEvent::RegistrationFailed { status: Some(423), .. })
    ));
}

#[test]
fn a_wrong_password_is_not_hammered() {
    let mut bench = Bench::new(registering());
    let challenge = r#"Digest realm="r", nonce="n", qop="auth""#;
    bench.answer(401, &[(HeaderName::WwwAuthenticate, challenge)]);
    bench.answer(401, &[(HeaderName::WwwAuthenticate, challenge)]);
    assert_eq!(bench.sent.len(), 2);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let before = bench.seconds();
        pauses.push(bench.next_request_at() - before);
        bench.answer(403, &[]);
    }
    for (n, pause) in pauses.iter().enumerate() {
        let upper = (30_u64 << (n + 1)).min(1_800);
        let range = upper / 2..=upper + 1;
        assert!(range.contains(pause), "{n}: {pause} not in {range:?}");
    }
    assert!(!bench.trunk.is_up());
}

#[test]
fn the_registrar_says_when_to_come_again() {
    let mut bench = Bench::new(registering());
    bench.answer(480, &[(HeaderName::RetryAfter, "900 (tea)")]);
    assert!(bench.next_request_at() >= 900);
}

#[test]
fn a_registration_that_cannot_be_renewed_lapses() {
    let mut bench = Bench::new(registering());
    bench.answer(200, &[]);
    assert!(bench.trunk.is_up());
    while bench.trunk.is_up() {
        bench.next_request_at();
        if bench.seconds() < 3_600 {
            bench.fail();
        }
    }
    assert!(bench.events().contains(&TrunkEvent::RegistrationLapsed));
    assert_eq!(bench.events.last().unwrap(), &(3_600, TrunkEvent::Down));
    bench.answer(200, &[]);
    assert!(bench.trunk.is_up());
}

#[test]
fn the_next_server_takes_over() {
    let mut bench = Bench::new(TrunkConfig {
        server: uri("sip:sbc.example.com:5060"),
        ..registering()
    });
    assert_eq!(bench.asked, [Question::Addresses("sbc.example.com".to_owned())]);
    assert!(bench.sent.is_empty());
    bench.resolve("sbc.example.com", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert_eq!(bench.last_target(), "UDP 192.0.2.1:5060");
    bench.fail();
    assert_eq!(bench.last_target(), "UDP 192.0.2.2:5060");
    bench.answer(503, &[(HeaderName::RetryAfter, "600")]);
    assert_eq!(bench.last_target(), "UDP 192.0.2.3:5060");
    bench.answer(200, &[]);
    assert!(bench.trunk.is_up());
    assert_eq!(bench.sent.len(), 3);
    // Calls go the same way; after its rest the first is the first again.
    let best = |bench: &Bench| bench.trunk.target(bench.now).unwrap().to_string();
    assert_eq!(best(&bench), "UDP 192.0.2.3:5060");
    bench.until(61);
    assert_eq!(best(&bench), "UDP 192.0.2.1:5060");
    let target = bench.trunk.target(bench.now).unwrap();
    bench.handle(Input::TargetFailed(target));
    assert_eq!(best(&bench), "UDP 192.0.2.3:5060");
}

#[test]
fn the_pulse_goes_down_and_up() {
    let mut bench = Bench::new(asking());
    assert_eq!(bench.last().method, Method::Options);
    assert!(!bench.trunk.is_up());
    bench.answer(404, &[]);
    assert_eq!(bench.events(), [TrunkEvent::Up], "even a refusal is life");
    let at = bench.next_request_at();
    assert!((27..=30).contains(&at), "{at}");
    bench.fail();
    assert_eq!(bench.events(), [TrunkEvent::Up, TrunkEvent::Down]);
    bench.next_request_at();
    bench.fail();
    assert_eq!(bench.events().len(), 2, "told once");
    bench.next_request_at();
    bench.answer(200, &[]);
    assert_eq!(bench.events().last(), Some(&TrunkEvent::Up));
}

#[test]
fn a_carrier_that_cannot_be_found_is_looked_for_again_and_yesterdays_address_kept() {
    let mut bench = Bench::new(TrunkConfig {
        server: uri("sip:sbc.example.com:5060"),
        ..asking()
    });
    bench.resolve("sbc.example.com", &[]);
    assert_eq!(bench.events(), [TrunkEvent::NotFound]);
    bench.until(30);
    assert_eq!(bench.asked.len(), 2);
    bench.resolve("sbc.example.com", &["192.0.2.1"]);
    bench.answer(200, &[]);
    assert!(bench.trunk.is_up());
    while bench.asked.len() == 2 {
        bench.next_request_at();
        bench.answer(200, &[]);
    }
    bench.resolve("sbc.example.com", &[]);
    assert!(bench.trunk.is_up() && bench.trunk.target(bench.now).is_some());
}

#[test]
fn a_resolver_that_never_answers_is_asked_again() {
    let mut bench = Bench::new(TrunkConfig {
        server: uri("sip:example.com"),
        ..registering()
    });
    assert_eq!(bench.asked.len(), 2);
    bench.until(301);
    assert_eq!(bench.asked.len(), 4);
}

#[test]
fn the_outbound_proxy_is_asked_and_named() {
    let mut bench = Bench::new(TrunkConfig {
        outbound_proxy: Some(uri("sip:192.0.2.20:5080;transport=tcp")),
        server: uri("sip:example.com"),
        ..registering()
    });
    assert_eq!(bench.last_target(), "TCP 192.0.2.20:5080");
    assert_eq!(bench.last().uri.to_string(), "sip:example.com");
    let route = "<sip:192.0.2.20:5080;transport=tcp;lr>";
    assert_eq!(bench.header(&HeaderName::Route), route);
    bench.answer(200, &[]);
    assert!(bench.trunk.is_up());
}

#[test]
fn when_the_house_closes_the_registration_is_given_back() {
    let mut bench = Bench::new(registering());
    bench.answer(200, &[]);
    bench.handle(Input::Stop);
    assert_eq!(bench.header(&HeaderName::Expires), "0");
    assert_eq!(bench.events().last(), Some(&TrunkEvent::Down));
    assert!(!bench.trunk.is_stopped());
    let challenge = r#"Digest realm="r", nonce="n", qop="auth""#;
    bench.answer(401, &[(HeaderName::WwwAuthenticate, challenge)]);
    assert_eq!(bench.header(&HeaderName::Expires), "0");
    bench.answer(200, &[]);
    assert!(bench.trunk.is_stopped());
    assert_eq!(bench.trunk.poll_timeout(), None);
}

#[test]
fn a_late_answer_to_a_forgotten_request_changes_nothing() {
    let mut bench = Bench::new(registering());
    bench.fail();
    let events = bench.events().len();
    bench.answer(200, &[]);
    assert_eq!(bench.events().len(), events);
    assert!(!bench.trunk.is_up());
}
