//! Trunks live in the first shard; calls of every shard go out by them. Two shards here would only be told apart by their
//! Call-IDs, so this is one that is not the first, with the test in the place of the engine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use yihao::call::{Command, Exchange, ExchangeConfig, Lines, LocalRtp, Route, TrunkState};
use yihao::ivr::TransferPolicy;
use yihao::kernel::{Mono, Now, Wall};
use yihao::sip::message::{Message, Method, parse_datagram};
use yihao::sip::transaction::TransactionConfig;
use yihao::sip::trunk::Target;
use yihao::sip::ua::UaConfig;
use yihao::sip::{Flow, Transport};

use super::transfers::{POLICE, gateway};
use crate::support::by_hand::ByHand;
use crate::support::plans;

/// The second of two shards.
struct Second {
    exchange: Exchange,
    now: Now,
    /// What was said and sent, apart from what this engine answers itself.
    rest: VecDeque<Command>,
}

impl Second {
    fn new() -> Self {
        let mut shared = plans::shared();
        shared.plan = plans::plan_with(&[("police.toml", POLICE)]);
        let numbers = TransferPolicy::new(&plans::EMERGENCY).unwrap();
        let gateway = Arc::new(gateway(&Lines::at_most(10)));
        shared.routes = vec![Route { numbers, gateway }];
        let config = ExchangeConfig {
            shard: 1,
            shards: 2,
            media_workers: 1,
            ua: UaConfig::default(),
            transactions: TransactionConfig::default(),
            seed: 1_201,
        };
        let now = Now {
            mono: Mono::from_nanos(1_000_000_000),
            wall: Wall::from_millis(1_795_399_200_000),
        };
        let exchange = Exchange::new(config, shared);
        Self {
            exchange,
            now,
            rest: VecDeque::new(),
        }
    }

    fn flow(address: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: address.parse().unwrap(),
            connection: 0,
        }
    }

    fn receive(&mut self, text: &str) {
        let flow = Self::flow("198.51.100.9:5060");
        self.exchange.receive(parse_datagram(text.as_bytes()), flow, self.now);
        self.engine();
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.exchange.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.later(at.since(self.now.mono));
            self.exchange.handle_timeout(self.now);
            self.engine();
        }
    }

    fn engine(&mut self) {
        while let Some(command) = self.exchange.next_command() {
            match command {
                Command::Append {
                    ticket: Some(ticket), ..
                } => self.exchange.committed(ticket, self.now),
                Command::OpenMedia { id, local, .. } => {
                    let rtp = LocalRtp {
                        address: local,
                        rtp_port: 20_000,
                        rtcp_port: 20_001,
                    };
                    self.exchange.media_opened(id, Some(rtp), self.now);
                }
                Command::Reach { query, target } => {
                    let flow = Self::flow(&target.address.to_string());
                    self.exchange.reached(query, Some(flow), self.now);
                }
                other => self.rest.push_back(other),
            }
        }
    }

    /// Requests that went out, each with where to.
    fn sent(&self) -> Vec<(String, Method)> {
        let each = self.rest.iter().filter_map(|command| match command {
            Command::Transmit { flow, bytes } => Some((flow.remote.to_string(), parse_datagram(bytes).ok()?)),
            _other => None,
        });
        each.filter_map(|(to, message)| match message {
            Message::Request(request) => Some((to, request.method)),
            Message::Response(_) => None,
        })
        .collect()
    }

    /// A citizen calls and is to be put through to 110.
    fn call(&mut self, id: &str) {
        let mut caller = ByHand::new(9, id);
        self.receive(&caller.invite("9110"));
        let answer = self.rest.iter().rev().find_map(|command| match command {
            Command::Transmit { bytes, .. } => match parse_datagram(bytes) {
                Ok(Message::Response(response)) if response.status == 200 => Some(response),
                Ok(_) | Err(_) => None,
            },
            _other => None,
        });
        caller.to_tag = answer.unwrap().headers.to().unwrap().tag().map(str::to_owned);
        let ack = caller.request("ACK", "9110", 1, &format!("{id}a"), "", "");
        self.receive(&ack);
    }
}

fn target(text: &str) -> Target {
    Target {
        transport: Transport::Udp,
        address: text.parse().unwrap(),
    }
}

#[test]
fn a_call_of_another_shard_goes_out_by_the_trunk_and_tells_of_a_dead_address() {
    let mut shard = Second::new();
    shard.call("before");
    assert!(shard.sent().is_empty(), "it does not know of any way yet");
    let targets = vec![target("192.0.2.51:5060"), target("192.0.2.52:5060")];
    shard.exchange.trunk_changed(TrunkState {
        name: "carrier".into(),
        up: true,
        targets,
    });
    shard.call("after");
    assert_eq!(
        shard.sent().first(),
        Some(&("192.0.2.51:5060".to_owned(), Method::Invite))
    );
    shard.wait(Duration::from_secs(6));
    assert!(
        shard.sent().contains(&("192.0.2.52:5060".to_owned(), Method::Invite)),
        "{:?}",
        shard.sent()
    );
    let told = shard.rest.iter().any(|command| {
        matches!(command, Command::TrunkFailed { name, target: dead } if name == "carrier" && *dead == target("192.0.2.51:5060"))
    });
    assert!(told, "the first shard hears of it");
}
