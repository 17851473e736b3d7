//! A carrier's registrar, played by hand in the city: challenges, grants, forgets, falls silent.

use std::net::SocketAddr;
use std::time::Duration;

use yihao::kernel::Mono;
use yihao::sip::digest::{Authenticator, AuthenticatorConfig, HashedPassword};
use yihao::sip::message::{HeaderName, Message, Method, Request, Response, parse_datagram};

use crate::support::world::World;

const REALM: &str = "carrier.example.com";
/// How often it looks into its mailbox.
const LOOK: Duration = Duration::from_millis(50);

/// The carrier's end of a trunk.
pub struct Registrar {
    pub address: SocketAddr,
    /// The password that it knows of `hotline`.
    pub password: String,
    /// Whether it answers at all.
    pub answers: bool,
    /// REGISTERs that were taken, with the seconds that were asked for.
    pub taken: Vec<(Mono, u32, Request)>,
    /// REGISTERs that were challenged.
    pub challenged: Vec<Mono>,
    /// OPTIONS that were answered.
    pub pings: Vec<Mono>,
    authenticator: Authenticator,
    seen: usize,
}

impl Registrar {
    pub fn new() -> Self {
        Self {
            address: SocketAddr::from(([203, 0, 113, 5], 5060)),
            password: "right".into(),
            answers: true,
            taken: Vec::new(),
            challenged: Vec::new(),
            pings: Vec::new(),
            authenticator: authenticator(1),
            seen: 0,
        }
    }

    /// It starts again and knows nothing of what it said before.
    pub fn forget(&mut self) {
        self.authenticator = authenticator(2);
    }

    /// Lets time pass in the city with the carrier at work.
    pub fn serve(&mut self, city: &mut World, time: Duration) {
        let end = city.now.mono + time;
        while city.now.mono < end {
            city.run_for(LOOK);
            self.look(city);
        }
    }

    fn look(&mut self, city: &mut World) {
        let new: Vec<Vec<u8>> = city.mailbox[self.seen..]
            .iter()
            .filter(|l| l.to == self.address)
            .map(|l| l.bytes.clone())
            .collect();
        self.seen = city.mailbox.len();
        for bytes in new {
            let Ok(Message::Request(request)) = parse_datagram(&bytes) else {
                continue;
            };
            if self.answers
                && let Some(response) = self.answer(request, city)
            {
                city.send_raw(self.address, &response.to_bytes());
            }
        }
    }

    fn answer(&mut self, request: Request, city: &World) -> Option<Response> {
        match request.method {
            Method::Register => Some(self.register(request, city)),
            Method::Options => {
                self.pings.push(city.now.mono);
                Some(request.reply(200))
            }
            _other => None,
        }
    }

    fn register(&mut self, request: Request, city: &World) -> Response {
        let stored = HashedPassword::of("hotline", REALM, &self.password);
        let known = |user: &str| (user == "hotline").then_some(stored);
        match self.authenticator.check(&request, known, city.now.wall) {
            Ok(_) => {
                let expires_s = request.headers.expires().unwrap_or(3_600);
                let mut response = request.reply(200);
                let contact = request.headers.text(&HeaderName::Contact).unwrap();
                if expires_s > 0 {
                    response
                        .headers
                        .push(HeaderName::Contact, format!("{contact};expires={expires_s}"));
                }
                self.taken.push((city.now.mono, expires_s, request));
                response
            }
            Err(refusal) => {
                self.challenged.push(city.now.mono);
                let mut response = request.reply(401);
                for challenge in self.authenticator.challenges(refusal.is_stale(), city.now.wall) {
                    response
                        .headers
                        .push(HeaderName::WwwAuthenticate, challenge.to_string());
                }
                response
            }
        }
    }
}

fn authenticator(secret: u8) -> Authenticator {
    Authenticator::new(&AuthenticatorConfig {
        realm: REALM.into(),
        secret: [secret; 32],
        nonce_lifetime_s: 3_600,
        nonces_max: 100,
    })
}
