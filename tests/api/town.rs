//! A town that never was: agents, queues, calls, records and events, as the port would find them in a house.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use yihao::call::{Denied, Done, Order};
use yihao::config::Secret;
use yihao::http::house::{
    Bearer, CallWish, DebtView, DebtWish, Entry, Feed, Floor, Following, NewToken, People, PeopleError, Picture,
    RecordingView, RecordingWish, Records, Registration, Sound, TokenView, WholeCall,
};
use yihao::http::{
    Answer, Control, Error, Figures, LiveCall, NotReloaded, Number, Readiness, RecentCall, Reloaded, Site, Status,
    TrunkState,
};
use yihao::kernel::{
    AgentId, AgentStatus, CallId, EndReason, EndedBy, Event, EventKind, PhoneNumber, Role, Subject, Wall,
};
use yihao::queue::{AgentView, Debt, Profile, QueueView};
use yihao::store::{CallRecord, fold};

/// 2026-11-05 09:30:00 +08:00
pub const NINE_THIRTY: Wall = Wall::from_millis(1_793_842_200_000);

/// What can be different in a town.
#[derive(Default)]
pub struct Town {
    pub draining: AtomicBool,
    pub ledger_away: AtomicBool,
    pub bad_plans: AtomicBool,
    /// The exchange refuses everything for this reason.
    pub denied: Mutex<Option<Denied>>,
    /// Orders that reached the exchange.
    pub orders: Mutex<Vec<Order>>,
    /// Who looked at what.
    pub reveals: Mutex<Vec<(CallId, String, String)>>,
    /// Recordings kept beyond their time.
    pub held: Mutex<BTreeMap<CallId, String>>,
    /// Accounts made over the port, with their passwords.
    pub accounts: Mutex<BTreeMap<String, (Profile, String)>>,
    /// Tokens: secret, whom it speaks for.
    pub tokens: Mutex<BTreeMap<String, Bearer>>,
    /// How often a token was looked up.
    pub look_ups: Mutex<u32>,
    events: Arc<Mutex<Vec<Arc<Event>>>>,
    last: watch::Sender<u64>,
}

pub fn agent(id: &str) -> AgentId {
    AgentId::parse(id).unwrap()
}

/// The nth call of the town.
pub fn call(n: u128) -> CallId {
    CallId::new(NINE_THIRTY, n)
}

/// The call that 8001 is in.
pub fn talking() -> CallId {
    call(1)
}

/// Tokens that the town begins with: secret, role, agent.
const TOKENS: [(&str, Role, Option<&str>); 6] = [
    ("token-of-8001", Role::Agent, Some("8001")),
    ("token-of-8002", Role::Agent, Some("8002")),
    ("token-of-8100", Role::Supervisor, Some("8100")),
    ("token-of-wallboard", Role::Agent, None),
    ("token-of-program", Role::Supervisor, None),
    ("token-of-chief", Role::Admin, Some("8200")),
];

impl Town {
    pub fn new() -> Arc<Self> {
        let town = Self::default();
        for (secret, role, agent) in TOKENS {
            let bearer = Bearer {
                id: secret.replace("token-of-", "id-"),
                name: secret.replace("token-of-", ""),
                role,
                agent: agent.and_then(AgentId::parse),
            };
            town.tokens.lock().unwrap().insert(secret.into(), bearer);
        }
        Arc::new(town)
    }

    /// Something happens.
    pub fn happens(&self, about: Subject, kind: EventKind) -> u64 {
        let mut events = self.events.lock().unwrap();
        events.push(Arc::new(Event {
            about,
            at: NINE_THIRTY,
            kind,
        }));
        let seq = events.len() as u64;
        self.last.send_replace(seq);
        seq
    }

    /// An agent's status changes.
    pub fn agent_becomes(&self, id: &str, status: AgentStatus) -> u64 {
        let kind = EventKind::AgentChanged {
            status,
            reason: None,
            call_id: None,
            queue: Some("general".into()),
            until: Some(NINE_THIRTY + Duration::from_secs(30)),
            by: None,
        };
        self.happens(Subject::Agent(agent(id)), kind)
    }

    fn ledger(&self) -> Result<(), Error> {
        match self.ledger_away.load(Ordering::Relaxed) {
            true => Err(Error::LedgerAway("database is locked: /secret/path".into())),
            false => Ok(()),
        }
    }
}

fn profile(id: &str, name: &str, role: Role) -> Profile {
    Profile {
        id: agent(id),
        name: name.into(),
        role,
        queues: BTreeMap::from([("general".to_owned(), 1)]),
        skills: BTreeMap::from([("english".to_owned(), 5)]),
        wrap_up: None,
    }
}

fn at_work(id: &str, name: &str, role: Role, status: AgentStatus, call: Option<CallId>) -> AgentView {
    AgentView {
        profile: profile(id, name, role),
        status,
        reason: (status == AgentStatus::Paused).then(|| "meal".to_owned()),
        since: NINE_THIRTY,
        call,
        until: None,
        reachable: true,
        talked_today: Duration::from_secs(5_400),
        calls_today: 31,
    }
}

pub fn citizen() -> PhoneNumber {
    PhoneNumber::new("13800001234")
}

impl Floor for Town {
    fn picture(&self) -> Answer<'_, Arc<Picture>> {
        let seq = self.last();
        let waiting = |n: u128, number: &str, waited: i64| {
            let entered = Wall::from_millis(NINE_THIRTY.as_millis() - waited * 1_000);
            (
                call(n),
                PhoneNumber::new(number),
                entered,
                Duration::from_secs(waited.unsigned_abs()),
            )
        };
        let picture = Picture {
            seq,
            at: NINE_THIRTY,
            agents: vec![
                at_work("8001", "李伟", Role::Agent, AgentStatus::Talking, Some(talking())),
                at_work("8002", "<script>王芳", Role::Agent, AgentStatus::Paused, None),
                at_work("8100", "班长", Role::Supervisor, AgentStatus::Available, None),
            ],
            queues: vec![QueueView {
                name: "general".into(),
                waiting: vec![waiting(2, "13900005678", 41), waiting(3, "13700009999", 7)],
                debts: 1,
                agents: (3, 1),
                estimate: Some(Duration::from_secs(60)),
                estimate_error: None,
            }],
            calls: self.live(),
            debts: vec![Debt {
                call: call(9),
                number: citizen(),
                queue: "general".into(),
                because: "abandoned".into(),
                owed_at: NINE_THIRTY,
                attempts: 1,
                not_before: None,
            }],
            registrations: vec![Registration {
                user: "8001".into(),
                contact: "sip:8001@192.0.2.7:5060".into(),
                from: "udp 192.0.2.7:5060".into(),
                user_agent: "softphone".into(),
                expires: NINE_THIRTY,
            }],
        };
        Box::pin(async move { Ok(Arc::new(picture)) })
    }

    fn order(&self, order: Order) -> Answer<'_, Result<Done, Denied>> {
        let done = match &order {
            Order::Park { .. } => Done::Call {
                call: talking(),
                slot: Some("701".into()),
            },
            _ => Done::Accepted,
        };
        let denied = *self.denied.lock().unwrap();
        self.orders.lock().unwrap().push(order);
        Box::pin(async move { Ok(denied.map_or(Ok(done), Err)) })
    }
}

impl People for Town {
    fn create(&self, profile: Profile, password: Secret) -> Answer<'_, Result<(), PeopleError>> {
        let mut accounts = self.accounts.lock().unwrap();
        let id = profile.id.to_string();
        let made = match accounts.contains_key(&id) {
            true => Err(PeopleError::Exists),
            false => {
                accounts.insert(id, (profile, password.expose().to_owned()));
                Ok(())
            }
        };
        Box::pin(async { Ok(made) })
    }

    fn change(&self, profile: Profile) -> Answer<'_, Result<(), PeopleError>> {
        let mut accounts = self.accounts.lock().unwrap();
        let changed = match accounts.get_mut(profile.id.as_str()) {
            Some(kept) => {
                kept.0 = profile;
                Ok(())
            }
            None => Err(PeopleError::Unknown),
        };
        Box::pin(async { Ok(changed) })
    }

    fn remove<'a>(&'a self, agent: &'a AgentId) -> Answer<'a, Result<(), PeopleError>> {
        let removed = self.accounts.lock().unwrap().remove(agent.as_str());
        Box::pin(async move { Ok(removed.map(|_| ()).ok_or(PeopleError::Unknown)) })
    }

    fn set_password<'a>(&'a self, agent: &'a AgentId, password: Secret) -> Answer<'a, Result<(), PeopleError>> {
        let mut accounts = self.accounts.lock().unwrap();
        let set = accounts
            .get_mut(agent.as_str())
            .map(|kept| password.expose().clone_into(&mut kept.1));
        Box::pin(async move { Ok(set.ok_or(PeopleError::Unknown)) })
    }

    fn find_token<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Bearer>> {
        *self.look_ups.lock().unwrap() += 1;
        let found = self.tokens.lock().unwrap().get(token).cloned();
        Box::pin(async { Ok(found) })
    }

    fn create_token(&self, new: NewToken) -> Answer<'_, Result<(TokenView, Secret), PeopleError>> {
        let mut tokens = self.tokens.lock().unwrap();
        let bearer = Bearer {
            id: format!("id-{}", tokens.len()),
            name: new.name,
            role: new.role,
            agent: new.agent,
        };
        let secret = format!("fresh-secret-{}", tokens.len());
        tokens.insert(secret.clone(), bearer.clone());
        let view = TokenView {
            bearer,
            made_at: NINE_THIRTY,
            made_by: new.by,
            expires: new.expires,
            revoked: None,
        };
        Box::pin(async { Ok(Ok((view, Secret::new(secret)))) })
    }

    fn list_tokens(&self) -> Answer<'_, Vec<TokenView>> {
        let tokens = self.tokens.lock().unwrap();
        let views = tokens.values().map(|bearer| TokenView {
            bearer: bearer.clone(),
            made_at: NINE_THIRTY,
            made_by: "token:admin-token".into(),
            expires: None,
            revoked: None,
        });
        let views = views.collect();
        Box::pin(async { Ok(views) })
    }

    fn revoke_token<'a>(&'a self, id: &'a str) -> Answer<'a, Result<(), PeopleError>> {
        let mut tokens = self.tokens.lock().unwrap();
        let before = tokens.len();
        tokens.retain(|_, bearer| bearer.id != id);
        let gone = tokens.len() < before;
        Box::pin(async move { Ok(gone.then_some(()).ok_or(PeopleError::Unknown)) })
    }
}

/// The events of the nth finished call.
pub fn events_of(n: u128) -> Vec<(u64, Event)> {
    let at = |s: u64| NINE_THIRTY + Duration::from_secs(s);
    let kinds = [
        EventKind::Invite {
            from: citizen(),
            to: PhoneNumber::new("12345"),
            hotline: Some("政务服务热线".into()),
            trunk: None,
            sip_call_id: "a@b".into(),
            source: "192.0.2.1:5060".into(),
            placed_by: None,
        },
        EventKind::Keys {
            step: "main.id".into(),
            keys: "4105".into(),
        },
        EventKind::AnsweredByPerson { agent: "8001".into() },
        EventKind::RecordingStarted {
            file: format!("call/{}-1.wav", call(n)),
            purpose: "call".into(),
        },
        EventKind::Ended {
            by: EndedBy::Caller,
            reason: EndReason::Hangup,
            status: None,
        },
    ];
    let numbered = (1..).zip(kinds);
    numbered
        .map(|(seq, kind)| (seq, Event::of_call(call(n), at(seq), kind)))
        .collect()
}

fn record(n: u128) -> CallRecord {
    let events: Vec<Event> = events_of(n).into_iter().map(|(_, event)| event).collect();
    fold(&events).unwrap()
}

/// The one recording that there is sound for: two seconds of two channels.
pub fn recording() -> RecordingView {
    RecordingView {
        file: format!("call/{}-1.wav", call(20)),
        call: call(20),
        agent: Some("8001".into()),
        purpose: "call".into(),
        started_at: NINE_THIRTY,
        duration_ms: Some(2_000),
        sha256: Some("ab".repeat(32)),
        cut_short: None,
        held: false,
        purged_at: None,
    }
}

/// Octets of the recording: more than one chunk, none like its neighbour.
pub fn octets() -> Vec<u8> {
    (0..150_000_u32).map(|n| (n % 251) as u8).collect()
}

struct Tape(Vec<u8>);

impl Sound for Tape {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, from: u64, most: usize) -> Answer<'_, Vec<u8>> {
        let from = usize::try_from(from).unwrap();
        let until = self.0.len().min(from + most);
        Box::pin(async move { Ok(self.0[from..until].to_vec()) })
    }
}

impl Records for Town {
    fn calls(&self, wish: CallWish) -> Answer<'_, Vec<CallRecord>> {
        // Calls 20 to 29, the newest last; those of 8001.
        let mut ids: Vec<u128> = (20..30).collect();
        if !wish.oldest_first {
            ids.reverse();
        }
        let behind = ids
            .iter()
            .position(|n| Some(call(*n)) == wish.after)
            .map_or(0, |at| at + 1);
        let theirs = wish.agent.as_ref().is_none_or(|agent| agent.as_str() == "8001");
        let found = ids[behind..].iter().filter(|_| theirs).take(wish.limit as usize);
        let found = found.map(|n| record(*n)).collect();
        let ledger = self.ledger();
        Box::pin(async move { ledger.map(|()| found) })
    }

    fn call(&self, id: CallId) -> Answer<'_, Option<WholeCall>> {
        let known = (20..30).find(|n| call(*n) == id);
        let found = known.map(|n| (record(n), events_of(n)));
        let ledger = self.ledger();
        Box::pin(async move { ledger.map(|()| found) })
    }

    fn debts(&self, wish: DebtWish) -> Answer<'_, Vec<DebtView>> {
        let debt = |n: u128| DebtView {
            call: call(n),
            number: citizen(),
            queue: Some("general".into()),
            because: "abandoned".into(),
            owed_at: NINE_THIRTY,
            attempts: 0,
            not_before: None,
            settled: wish
                .settled
                .then(|| (NINE_THIRTY, "decided".into(), "8100".into(), "已办结".into())),
        };
        let ids = (9..12).skip_while(|n| wish.after.is_some_and(|after| call(*n) <= after));
        let found = ids.take(wish.limit as usize).map(debt).collect();
        Box::pin(async { Ok(found) })
    }

    fn recordings(&self, wish: RecordingWish) -> Answer<'_, Vec<RecordingView>> {
        let mut view = recording();
        view.held = self.held.lock().unwrap().contains_key(&view.call);
        let fits = wish.call.is_none_or(|id| id == view.call) && wish.after.is_none_or(|file| file != view.file);
        let found = fits.then_some(view).into_iter().collect();
        Box::pin(async { Ok(found) })
    }

    fn recording<'a>(&'a self, file: &'a str) -> Answer<'a, Option<RecordingView>> {
        let found = (file == recording().file).then(recording);
        Box::pin(async { Ok(found) })
    }

    fn sound<'a>(&'a self, file: &'a str) -> Answer<'a, Option<Arc<dyn Sound>>> {
        let found = (file == recording().file).then(|| Arc::new(Tape(octets())) as Arc<dyn Sound>);
        Box::pin(async { Ok(found) })
    }

    fn hold<'a>(&'a self, call: CallId, on: bool, by: &'a str, note: &'a str) -> Answer<'a, ()> {
        let mut held = self.held.lock().unwrap();
        match on {
            true => held.insert(call, format!("{by}: {note}")),
            false => held.remove(&call),
        };
        Box::pin(async { Ok(()) })
    }

    fn note_revealed<'a>(&'a self, call: CallId, by: &'a str, what: &'a str) -> Answer<'a, ()> {
        let noted = self.ledger();
        if noted.is_ok() {
            self.reveals.lock().unwrap().push((call, by.into(), what.into()));
        }
        Box::pin(async { noted })
    }
}

impl Feed for Town {
    fn last(&self) -> u64 {
        *self.last.borrow()
    }

    fn follow(&self, after: u64) -> Box<dyn Following> {
        Box::new(Follower {
            news: self.last.subscribe(),
            events: self.events.clone(),
            after,
        })
    }
}

struct Follower {
    news: watch::Receiver<u64>,
    events: Arc<Mutex<Vec<Arc<Event>>>>,
    after: u64,
}

impl Following for Follower {
    fn next(&mut self) -> Answer<'_, Vec<Entry>> {
        Box::pin(async {
            let after = self.after;
            let _ = self.news.wait_for(|last| *last > after).await; // the town may be gone
            let known = usize::try_from(after).unwrap();
            let events = self.events.lock().unwrap();
            let new: Vec<Entry> = (after + 1..).zip(events.iter().skip(known).cloned()).collect();
            self.after += new.len() as u64;
            Ok(new)
        })
    }
}

impl Status for Town {
    fn site(&self) -> Site {
        Site {
            name: "<b>演示市</b>".into(),
            time_zone: "Asia/Shanghai".into(),
            started: Wall::from_millis(NINE_THIRTY.as_millis() - 3_723_000),
            dial: vec!["sip:12345@127.0.0.1:5060".into()],
            numbers: vec![Number {
                number: "12345".into(),
                name: "政务服务热线".into(),
            }],
        }
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            sip_bound: true,
            journal_writable: !self.ledger_away.load(Ordering::Relaxed),
            dialplan_loaded: true,
            draining: self.draining.load(Ordering::Relaxed),
        }
    }

    fn figures(&self) -> Figures {
        let trunks = vec![TrunkState {
            name: "carrier".into(),
            up: false,
        }];
        Figures {
            at: NINE_THIRTY,
            calls_since_start: 7,
            trunks,
            ..Figures::default()
        }
    }

    fn live(&self) -> Vec<LiveCall> {
        vec![LiveCall {
            id: talking(),
            from: citizen(),
            to: PhoneNumber::new("12345"),
            hotline: Some("<script>".into()),
            since: Wall::from_millis(NINE_THIRTY.as_millis() - 65_000),
            step: Some("main.greeting".into()),
        }]
    }

    fn recent(&self, limit: usize) -> Answer<'_, Vec<RecentCall>> {
        let recent = RecentCall {
            id: call(20),
            from: PhoneNumber::new("13900005678"),
            to: PhoneNumber::new("12345"),
            hotline: None,
            at: NINE_THIRTY,
            duration_ms: 61_000,
            ended_by: EndedBy::Caller,
            reason: EndReason::Hangup,
        };
        let ledger = self.ledger();
        Box::pin(async move { ledger.map(|()| vec![recent; limit.min(1)]) })
    }
}

impl Control for Town {
    fn reload(&self) -> std::pin::Pin<Box<dyn Future<Output = Result<Reloaded, NotReloaded>> + Send + '_>> {
        let bad = self.bad_plans.load(Ordering::Relaxed);
        Box::pin(async move {
            match bad {
                true => Err(NotReloaded(vec!["main.toml:3:1: no such step".into()])),
                false => Ok(Reloaded { numbers: 2, flows: 3 }),
            }
        })
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
