//! Whatever comes in whatever order: every transaction ends, and nothing is left behind.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::*;

const METHODS: [Method; 6] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
    Method::Register,
];
const STATUSES: [u16; 8] = [100, 180, 183, 200, 302, 404, 486, 603];

/// A user and a peer that do anything at any time.
struct Chaos {
    bench: Bench,
    rng: StdRng,
    ours: Vec<(ClientKey, String)>,
    theirs: Vec<(ServerKey, Request)>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let transport = [Transport::Udp, Transport::Tcp][usize::from(seed % 4 == 3)];
        Self {
            bench: Bench::with(TransactionConfig::default(), transport),
            rng: StdRng::seed_from_u64(seed),
            ours: Vec::new(),
            theirs: Vec::new(),
        }
    }

    fn method(&mut self) -> Method {
        METHODS.choose(&mut self.rng).unwrap().clone()
    }

    fn step(&mut self) {
        let pause = self.rng.random_range(0..900);
        let ms = self.bench.ms() + pause;
        self.bench.until(ms);
        match self.rng.random_range(0..100) {
            0..35 => self.peer_asks(),
            35..55 => self.user_answers(),
            55..70 => self.user_asks(),
            70..90 => self.peer_answers(),
            90..97 => self.user_cancels(),
            _rarely => {
                let flow = self.bench.flow;
                self.bench.layer.flow_failed(&flow, self.bench.now);
                self.bench.drain();
            }
        }
        self.listen();
    }

    fn peer_asks(&mut self) {
        // Few branches, with and without the cookie, so that requests meet.
        let prefix = ["z9hG4bK", "old"].choose(&mut self.rng).unwrap();
        let branch = format!("{prefix}{}", self.rng.random_range(0..6));
        let request = incoming(&self.method(), &branch);
        self.bench.receive_request(&request);
    }

    fn user_answers(&mut self) {
        if let Some((key, request)) = self.theirs.choose(&mut self.rng).cloned() {
            let status = *STATUSES.choose(&mut self.rng).unwrap();
            self.bench.respond(key, &request, status);
        }
    }

    fn user_asks(&mut self) {
        let method = self.method();
        if !matches!(method, Method::Ack | Method::Cancel) {
            let key = self.bench.ask(outgoing(&method));
            self.ours.push((key, self.bench.last.clone()));
        }
    }

    fn peer_answers(&mut self) {
        if let Some((_, asked)) = self.ours.choose(&mut self.rng).cloned() {
            let status = *STATUSES.choose(&mut self.rng).unwrap();
            self.bench.answer(&asked, status, "b1");
        }
    }

    fn user_cancels(&mut self) {
        if let Some((key, _)) = self.ours.choose(&mut self.rng).cloned() {
            self.bench.cancel(key);
        }
    }

    fn listen(&mut self) {
        for command in std::mem::take(&mut self.bench.told) {
            if let Command::Request { key, request, .. } = command {
                self.theirs.push((key, request));
            }
        }
    }

    /// A user that keeps its duty: every INVITE gets a final answer, every call of ours is given up.
    fn finish(&mut self) {
        for (key, request) in std::mem::take(&mut self.theirs) {
            self.bench.respond(key, &request, 480);
        }
        for (key, _) in std::mem::take(&mut self.ours) {
            self.bench.cancel(key);
        }
        let end = self.bench.ms() + 200_000;
        self.bench.until(end);
    }
}

#[test]
fn transactions_always_end_and_the_tables_drain_to_zero() {
    for seed in 0..60 {
        let mut chaos = Chaos::new(seed);
        for _ in 0..150 {
            chaos.step();
        }
        chaos.finish();
        chaos.bench.assert_empty();
    }
}

#[test]
fn one_transaction_of_ours_ends_exactly_once() {
    for seed in 0..60 {
        let mut chaos = Chaos::new(seed);
        let key = chaos.bench.ask(outgoing(&Method::Options));
        let asked = chaos.bench.last.clone();
        for _ in 0..20 {
            let ms = chaos.bench.ms() + chaos.rng.random_range(0..4_000);
            chaos.bench.until(ms);
            if chaos.rng.random_bool(0.2) {
                let status = *STATUSES.choose(&mut chaos.rng).unwrap();
                chaos.bench.answer(&asked, status, "b1");
            }
        }
        chaos.bench.until(200_000);
        let ends = chaos.bench.told.iter().filter(|it| match it {
            Command::Response { response, .. } => response.status >= 200,
            Command::ClientFailed { key: it, .. } => *it == key,
            _ => false,
        });
        assert_eq!(ends.count(), 1, "seed {seed}");
    }
}
