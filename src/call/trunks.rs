//! The trunks of the house, all in one shard: their requests go out and their answers come back by the shard's user agent.
//! What they find out is told to every shard. Places no call.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::kernel::{Mono, Now};
use crate::sip::Flow;
use crate::sip::message::{HeaderName, Method, NameAddr, Request, Response};
use crate::sip::transaction::{ClientKey, Failure};
use crate::sip::trunk::{Answer, Command as TrunkCommand, Input, Question, RequestId, Target, Trunk, TrunkConfig};

use super::desk::{Command, Desk};
use super::gateway::TrunkState;

/// How long the carriers' answers to our farewell are waited for.
const FAREWELL: Duration = Duration::from_secs(2);

/// All trunks, by name.
#[derive(Default)]
pub(super) struct Trunks {
    trunks: BTreeMap<String, Kept>,
    /// Questions to the engine that are open.
    asked: HashMap<u64, (String, Asked)>,
    /// Requests under way.
    sent: HashMap<ClientKey, (String, RequestId)>,
    farewell_until: Option<Mono>,
}

/// One trunk and what is kept beside its machine.
struct Kept {
    machine: Trunk,
    /// Call-ID of its registrations: one that falls to this shard, the same each time (RFC 3261 §10.2).
    call_id: String,
    /// When the order of its addresses changes by itself.
    wake: Option<Mono>,
}

/// What the engine was asked.
enum Asked {
    /// A name.
    Name(Question),
    /// The way for a request.
    Way(RequestId, Box<Request>),
}

impl Trunks {
    /// Adds trunks; they begin to look for their carriers at once.
    pub fn add(&mut self, configs: Vec<TrunkConfig>, now: Now, desk: &mut Desk) {
        for config in configs {
            let name = config.name.clone();
            let rng = StdRng::from_rng(&mut desk.rng);
            let machine = Trunk::new(config, rng, now.mono);
            let kept = Kept {
                machine,
                call_id: desk.new_sip_call_id(),
                wake: None,
            };
            self.trunks.insert(name.clone(), kept);
            desk.push(Command::TrunkState(TrunkState {
                name,
                up: false,
                targets: Vec::new(),
            }));
        }
        self.handle_timeout(now, desk);
    }

    /// Whether this trunk lives here.
    pub fn owns(&self, name: &str) -> bool {
        self.trunks.contains_key(name)
    }

    /// When [`Trunks::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let each = self
            .trunks
            .values()
            .flat_map(|kept| [kept.machine.poll_timeout(), kept.wake]);
        each.flatten().min()
    }

    /// Lets due timers fire.
    pub fn handle_timeout(&mut self, now: Now, desk: &mut Desk) {
        let is_due = |kept: &Kept| {
            [kept.machine.poll_timeout(), kept.wake]
                .into_iter()
                .flatten()
                .any(|at| at <= now.mono)
        };
        let due: Vec<String> = self
            .trunks
            .iter()
            .filter(|(_, kept)| is_due(kept))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            self.with(&name, now, desk, |machine| machine.handle_timeout(now.mono));
        }
    }

    /// A name is resolved, or cannot be. False if nobody here asked.
    pub fn resolved(&mut self, query: u64, answer: Answer, now: Now, desk: &mut Desk) -> bool {
        match self.asked.remove(&query) {
            Some((name, Asked::Name(question))) => {
                self.input(&name, Input::Resolved { question, answer }, now, desk);
                true
            }
            Some((name, asked @ Asked::Way(..))) => {
                self.asked.insert(query, (name, asked));
                false
            }
            None => false,
        }
    }

    /// The way for a request is known, or there is none. False if nobody here asked.
    pub fn reached(&mut self, query: u64, flow: Option<Flow>, now: Now, desk: &mut Desk) -> bool {
        let Some((name, asked)) = self.asked.remove(&query) else {
            return false;
        };
        let Asked::Way(id, request) = asked else {
            self.asked.insert(query, (name, asked));
            return false;
        };
        match flow {
            Some(flow) => self.send(&name, id, *request, flow, now, desk),
            None => self.input(
                &name,
                Input::Failed {
                    id,
                    error: Failure::Transport,
                },
                now,
                desk,
            ),
        }
        true
    }

    /// A request of ours has an answer.
    pub fn answered(&mut self, key: ClientKey, response: Response, now: Now, desk: &mut Desk) {
        if response.is_provisional() {
            return;
        }
        if let Some((name, id)) = self.sent.remove(&key) {
            self.input(&name, Input::Response { id, response }, now, desk);
        }
    }

    /// A request of ours came to nothing.
    pub fn failed(&mut self, key: ClientKey, error: Failure, now: Now, desk: &mut Desk) {
        if let Some((name, id)) = self.sent.remove(&key) {
            self.input(&name, Input::Failed { id, error }, now, desk);
        }
    }

    /// A call found an address dead or overloaded.
    pub fn target_failed(&mut self, name: &str, target: Target, now: Now, desk: &mut Desk) {
        self.input(name, Input::TargetFailed(target), now, desk);
    }

    /// The house closes: registrations are given back.
    pub fn stop(&mut self, now: Now, desk: &mut Desk) {
        self.farewell_until = Some(now.mono + FAREWELL);
        let names: Vec<String> = self.trunks.keys().cloned().collect();
        for name in names {
            self.input(&name, Input::Stop, now, desk);
        }
    }

    /// Every carrier has taken our farewell, or had its time.
    pub fn are_stopped(&self, now: Now) -> bool {
        let late = self.farewell_until.is_some_and(|until| until <= now.mono);
        late || self.trunks.values().all(|kept| kept.machine.is_stopped())
    }

    fn input(&mut self, name: &str, input: Input, now: Now, desk: &mut Desk) {
        self.with(name, now, desk, |machine| machine.handle(input, now.mono));
    }

    /// Runs a machine, does what it wants, and tells everybody if it is better or worse than before.
    fn with(&mut self, name: &str, now: Now, desk: &mut Desk, f: impl FnOnce(&mut Trunk)) {
        let Some(kept) = self.trunks.get_mut(name) else { return };
        f(&mut kept.machine);
        while let Some(command) = kept.machine.next_command() {
            match command {
                TrunkCommand::Request { id, target, request } => {
                    let query = desk.new_query();
                    self.asked.insert(query, (name.to_owned(), Asked::Way(id, request)));
                    desk.push(Command::Reach { query, target });
                }
                TrunkCommand::Resolve(question) => {
                    let query = desk.new_query();
                    self.asked
                        .insert(query, (name.to_owned(), Asked::Name(question.clone())));
                    desk.push(Command::Resolve { query, question });
                }
                TrunkCommand::Event(event) => desk.push(Command::TrunkEvent {
                    name: name.to_owned(),
                    event,
                }),
            }
        }
        kept.wake = kept.machine.next_wake(now.mono);
        let up = kept.machine.is_up();
        let state = TrunkState {
            name: name.to_owned(),
            up,
            targets: kept.machine.targets(now.mono),
        };
        if desk.trunks.get(name) != Some(&state) {
            desk.trunks.insert(name.to_owned(), state.clone());
            desk.push(Command::TrunkState(state));
        }
    }

    /// Sends a request by its way, with the Contact that is true there and a Call-ID whose answers come to this shard.
    fn send(&mut self, name: &str, id: RequestId, mut request: Request, flow: Flow, now: Now, desk: &mut Desk) {
        let Some(kept) = self.trunks.get_mut(name) else { return };
        let is_registration = request.method == Method::Register;
        let call_id = if is_registration {
            kept.call_id.clone()
        } else {
            desk.new_sip_call_id()
        };
        request.headers.set(HeaderName::CallId, call_id);
        if let Ok(mut contact) = NameAddr::parse(&desk.ua.contact(&flow)) {
            contact.uri.user.clone_from(&kept.machine.config().contact.user);
            kept.machine.set_contact(contact.uri.clone());
            request.headers.set(HeaderName::Contact, contact.to_string());
        }
        let key = desk.ua.request(request, flow, now);
        self.sent.insert(key, (name.to_owned(), id));
    }
}
