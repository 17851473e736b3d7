//! The trunk's machine: keeps its addresses, its registration and its pulse up to date. Knows no socket.

mod compose;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use super::locate::{DEFAULT_PORT, Search, Step, Target};
use super::registration::{Registration, granted_s};
use super::targets::{REST, Targets};
use super::{Answer, Command, Input, Question, RequestId, TrunkConfig, TrunkEvent};
use crate::kernel::Mono;
use crate::sip::digest::Answerer;
use crate::sip::message::{Host, Response, Uri};

/// How often the carrier's name is looked up.
const LOCATE_AGAIN: Duration = Duration::from_secs(300);
/// How soon after a look-up that found nothing.
const LOCATE_RETRY: Duration = Duration::from_secs(30);
/// Longest rest that a 503 may ask for one address.
const REST_MAX_S: u32 = 1_800;

/// What a trunk waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// When to look up the carrier's addresses (again).
    Locate,
    /// When to register, renew, or try again.
    Register,
    /// When the registrar forgets us.
    Lapse,
    /// When to send the next OPTIONS.
    Ping,
}

/// What a request under way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Register,
    Unregister,
    Ping,
}

/// A request under way.
#[derive(Debug)]
struct Pending {
    purpose: Purpose,
    target: Target,
}

/// One trunk to a carrier.
///
/// After [`Trunk::new`] and after each input: drain [`Trunk::next_command`], re-arm the clock at
/// [`Trunk::poll_timeout`].
#[derive(Debug)]
pub struct Trunk {
    config: TrunkConfig,
    targets: Targets,
    search: Option<Search>,
    registration: Option<Registration>,
    /// Whether the carrier answered our last OPTIONS; `None` before the first answer or without OPTIONS.
    alive: Option<bool>,
    answerer: Option<Answerer>,
    timers: BTreeMap<Timer, Mono>,
    pending: BTreeMap<RequestId, Pending>,
    commands: VecDeque<Command>,
    was_up: bool,
    stopping: bool,
    last_id: u64,
    cseq: u32,
    call_id: String,
    rng: StdRng,
}

impl Trunk {
    /// A trunk that begins to look for its carrier at once.
    pub fn new(config: TrunkConfig, mut rng: StdRng, now: Mono) -> Self {
        let call_id = format!("{:032x}", rng.random::<u128>());
        let mut trunk = Self {
            targets: Targets::default(),
            search: None,
            registration: config.expires_s.map(Registration::new),
            alive: None,
            answerer: config.account.clone().map(Answerer::new),
            timers: BTreeMap::from([(Timer::Locate, now)]),
            pending: BTreeMap::new(),
            commands: VecDeque::new(),
            was_up: false,
            stopping: false,
            last_id: 0,
            cseq: 0,
            call_id,
            config,
            rng,
        };
        trunk.tell_if_changed();
        trunk
    }

    /// Its configuration.
    pub const fn config(&self) -> &TrunkConfig {
        &self.config
    }

    /// Whether calls from this address come through this trunk.
    pub fn allowed(&self, address: IpAddr) -> bool {
        self.config.allows(address)
    }

    /// Whether calls can be made through it: registered, if it registers, and alive, if it is asked.
    pub fn is_up(&self) -> bool {
        let registered = self.registration.as_ref().is_none_or(Registration::is_registered);
        let alive = self.config.options_interval_s.is_none() || self.alive == Some(true);
        registered && alive && !self.stopping
    }

    /// Whether a stopped trunk has said its farewell.
    pub fn is_stopped(&self) -> bool {
        self.stopping && self.pending.is_empty()
    }

    /// Where to send the next call; after [`Input::TargetFailed`] the next address.
    pub fn target(&self, now: Mono) -> Option<Target> {
        self.targets.best(now)
    }

    /// All addresses in the order in which a call should try them: those that rest come last.
    pub fn targets(&self, now: Mono) -> Vec<Target> {
        self.targets.in_order(now)
    }

    /// When the order of [`Trunk::targets`] changes by itself.
    pub fn next_wake(&self, now: Mono) -> Option<Mono> {
        self.targets.next_wake(now)
    }

    /// The way to the carrier is known, and with it the address that the carrier reaches us by.
    pub fn set_contact(&mut self, contact: Uri) {
        self.config.contact = contact;
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Mono) {
        match input {
            Input::Resolved { question, answer } => self.resolved(&question, answer, now),
            Input::Response { id, response } => self.answered(id, &response, now),
            Input::Failed { id, error: _ } => {
                if let Some(pending) = self.pending.remove(&id) {
                    self.target_failed(&pending, None, now);
                }
            }
            Input::TargetFailed(target) => self.targets.fail(target, now + REST),
            Input::Stop => self.stop(now),
        }
        self.tell_if_changed();
    }

    /// The next thing to do or to know.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Trunk::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.timers.values().min().copied()
    }

    /// Fires every timer that is due.
    pub fn handle_timeout(&mut self, now: Mono) {
        let due: Vec<Timer> = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(timer, _)| *timer)
            .collect();
        for timer in due {
            self.timers.remove(&timer);
            match timer {
                Timer::Locate => self.locate(now),
                Timer::Register => self.register(now),
                Timer::Lapse => self.lapse(),
                Timer::Ping => self.ping(now),
            }
        }
        self.tell_if_changed();
    }

    fn start(&mut self, timer: Timer, at: Mono) {
        self.timers.insert(timer, at);
    }

    fn tell(&mut self, event: TrunkEvent) {
        self.commands.push_back(Command::Event(event));
    }

    fn tell_if_changed(&mut self) {
        let up = self.is_up();
        if up != self.was_up {
            self.was_up = up;
            self.tell(if up { TrunkEvent::Up } else { TrunkEvent::Down });
        }
    }
}

/// Where the carrier is.
impl Trunk {
    fn next_hop(&self) -> &Uri {
        let proxy = self.config.outbound_proxy.as_ref();
        proxy.unwrap_or(&self.config.server)
    }

    fn locate(&mut self, now: Mono) {
        let mut hop = self.next_hop().clone();
        if !self.config.srv {
            hop.port.get_or_insert(DEFAULT_PORT); // a port forbids SRV
        }
        let (search, step) = Search::start(&hop);
        self.search = Some(search);
        self.search_goes_on(step, now);
    }

    fn resolved(&mut self, question: &Question, answer: Answer, now: Mono) {
        if let Some(search) = &mut self.search {
            let step = search.answer(question, answer, &mut self.rng);
            self.search_goes_on(step, now);
        }
    }

    fn search_goes_on(&mut self, step: Step, now: Mono) {
        match step {
            Step::Ask(questions) => {
                // A resolver that never answers must not stop us for ever.
                self.start(Timer::Locate, now + LOCATE_AGAIN);
                let questions = questions.into_iter().map(Command::Resolve);
                self.commands.extend(questions);
            }
            Step::Done(targets) => {
                self.search = None;
                self.located(targets, now);
            }
        }
    }

    fn located(&mut self, targets: Vec<Target>, now: Mono) {
        let first = self.targets.is_empty();
        // While the domain name system is away, yesterday's addresses are better than none.
        if targets.is_empty() {
            self.start(Timer::Locate, now + LOCATE_RETRY);
            self.tell(TrunkEvent::NotFound);
            return;
        }
        self.targets.replace(targets);
        if self.stopping {
            return;
        }
        // An address is what it is; names move.
        if matches!(self.next_hop().host, Host::Name(_)) {
            self.start(Timer::Locate, now + LOCATE_AGAIN);
        }
        if first && self.registration.is_some() {
            self.start(Timer::Register, now);
        }
        if first && self.config.options_interval_s.is_some() {
            self.start(Timer::Ping, now);
        }
    }

    /// An address did not answer or is overloaded: it rests, and the request goes to the next (RFC 3263 §4.3).
    fn target_failed(&mut self, pending: &Pending, overloaded: Option<&Response>, now: Mono) {
        let wanted = overloaded.and_then(|it| it.headers.retry_after());
        let rest = wanted.map_or(REST, |it| Duration::from_secs(it.min(REST_MAX_S).into()));
        self.targets.fail(pending.target, now + rest);
        if let Some(next) = self.targets.fresh(now) {
            return self.send(pending.purpose, next);
        }
        match pending.purpose {
            Purpose::Register => self.registration_failed(overloaded, now),
            Purpose::Unregister => {}
            Purpose::Ping => self.pulse(false, now),
        }
    }
}

/// Registration (RFC 3261 §10.2).
impl Trunk {
    fn register(&mut self, now: Mono) {
        if let Some(registration) = &mut self.registration {
            registration.begin();
        }
        match self.targets.best(now) {
            Some(target) => self.send(Purpose::Register, target),
            None => self.registration_failed(None, now),
        }
    }

    fn register_answered(&mut self, pending: &Pending, response: &Response, now: Mono) {
        let Some(registration) = &mut self.registration else {
            return;
        };
        match response.status {
            200..300 => {
                let asked = registration.expires_s();
                let granted = granted_s(response, &self.config.contact, asked);
                self.registered(granted, response, now);
            }
            401 | 407 => {
                let learnt = registration.another_round() && self.learn(response);
                if learnt {
                    self.send(Purpose::Register, pending.target);
                } else {
                    self.registration_failed(Some(response), now);
                }
            }
            423 => {
                let min = response.headers.min_expires().unwrap_or(0);
                if registration.another_round() && registration.raise(min) {
                    self.send(Purpose::Register, pending.target);
                } else {
                    self.registration_failed(Some(response), now);
                }
            }
            408 | 503 => self.target_failed(pending, Some(response), now),
            _other => self.registration_failed(Some(response), now),
        }
    }

    fn registered(&mut self, granted_s: u32, response: &Response, now: Mono) {
        if granted_s == 0 {
            return self.registration_failed(Some(response), now);
        }
        let Some(registration) = &mut self.registration else {
            return;
        };
        let renew_in = registration.granted(granted_s, now, &mut self.rng);
        let until = registration.until().unwrap_or(now);
        self.start(Timer::Register, now + renew_in);
        self.start(Timer::Lapse, until);
        self.tell(TrunkEvent::Registered { expires_s: granted_s });
    }

    fn registration_failed(&mut self, response: Option<&Response>, now: Mono) {
        let Some(registration) = &mut self.registration else {
            return;
        };
        let retry_after = response.and_then(|it| it.headers.retry_after());
        let pause = registration.failed(retry_after, &mut self.rng);
        if !self.stopping {
            self.start(Timer::Register, now + pause);
        }
        self.tell(TrunkEvent::RegistrationFailed {
            status: response.map(|it| it.status),
            retry_in_s: pause.as_secs(),
        });
    }

    fn lapse(&mut self) {
        if let Some(registration) = &mut self.registration {
            registration.lapse();
            self.tell(TrunkEvent::RegistrationLapsed);
        }
    }

    fn stop(&mut self, now: Mono) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.timers.clear();
        self.search = None;
        self.pending.clear();
        let registered = self.registration.as_ref().is_some_and(Registration::is_registered);
        if registered && let Some(target) = self.targets.best(now) {
            self.send(Purpose::Unregister, target);
        }
    }

    fn unregister_answered(&mut self, pending: &Pending, response: &Response) {
        let registration = self.registration.as_mut();
        let again = matches!(response.status, 401 | 407)
            && registration.is_some_and(Registration::another_round)
            && self.learn(response);
        if again {
            self.send(Purpose::Unregister, pending.target);
        }
    }

    /// Whether a challenge can be answered.
    fn learn(&mut self, response: &Response) -> bool {
        let answerer = self.answerer.as_mut();
        answerer.is_some_and(|it| it.challenged(response).is_ok())
    }
}

/// The pulse: OPTIONS from time to time.
impl Trunk {
    fn ping(&mut self, now: Mono) {
        match self.targets.best(now) {
            Some(target) => self.send(Purpose::Ping, target),
            None => self.pulse(false, now),
        }
    }

    fn ping_answered(&mut self, pending: &Pending, response: &Response, now: Mono) {
        match response.status {
            408 | 503 => self.target_failed(pending, Some(response), now),
            // Even a refusal is a sign of life: whoever says 401 or 404 is there.
            _other => self.pulse(true, now),
        }
    }

    fn pulse(&mut self, alive: bool, now: Mono) {
        self.alive = Some(alive);
        if let Some(interval_s) = self.config.options_interval_s {
            let interval = Duration::from_secs(interval_s.max(1).into());
            // By lot a little earlier, so that trunks do not keep step.
            let pause = interval.mul_f64(self.rng.random_range(0.9..1.0));
            self.start(Timer::Ping, now + pause);
        }
    }
}

/// Requests.
impl Trunk {
    fn answered(&mut self, id: RequestId, response: &Response, now: Mono) {
        if response.is_provisional() {
            return;
        }
        let Some(pending) = self.pending.remove(&id) else {
            return;
        };
        match pending.purpose {
            Purpose::Register => self.register_answered(&pending, response, now),
            Purpose::Unregister => self.unregister_answered(&pending, response),
            Purpose::Ping => self.ping_answered(&pending, response, now),
        }
    }

    fn send(&mut self, purpose: Purpose, target: Target) {
        self.last_id = self.last_id.saturating_add(1);
        let id = RequestId(self.last_id);
        let request = Box::new(self.compose(purpose));
        self.pending.insert(id, Pending { purpose, target });
        self.commands.push_back(Command::Request { id, target, request });
    }
}
