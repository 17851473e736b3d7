//! The agents of a [`World`]: an account, a place on the floor and a telephone each, and what they hear and do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use yihao::call::LocalRtp;
use yihao::call::phone::{Action, PhoneConfig, Sound};
use yihao::kernel::{AgentId, AgentStatus, EventKind, Role, Subject};
use yihao::queue::Profile;
use yihao::sip::digest::HashedPassword;
use yihao::sip::message::{Host, NameAddr, Uri};
use yihao::sip::registrar::{Accounts, Binding, BindingChange};
use yihao::sip::ua::Credentials;

use super::World;

/// The realm of all passwords.
const REALM: &str = "example.gov.cn";
/// The part of a second and a half that two people must have heard of each other.
const MOSTLY: f64 = 0.8;

/// One agent.
#[derive(Clone, Debug)]
pub struct Agent {
    pub id: AgentId,
    /// Index of the telephone.
    pub phone: usize,
    pub profile: Profile,
}

impl World {
    /// An agent who serves these queues, with a telephone on the desk: two lines, answers after a second, hums a tone of
    /// its own. Returns the telephone's index. Nobody has signed in yet.
    pub fn agent(&mut self, name: &str, queues: &[&str]) -> usize {
        self.agent_with(name, queues, |_, _| {})
    }

    /// The same with changes.
    pub fn agent_with(
        &mut self,
        name: &str,
        queues: &[&str],
        change: impl FnOnce(&mut Profile, &mut PhoneConfig),
    ) -> usize {
        let id = AgentId::parse(name).unwrap();
        let mut profile = Profile {
            id: id.clone(),
            name: format!("agent {name}"),
            role: Role::Agent,
            queues: queues.iter().map(|queue| ((*queue).to_owned(), 1)).collect(),
            skills: BTreeMap::new(),
            wrap_up: None,
        };
        let mut config = self.desk_phone(name);
        change(&mut profile, &mut config);
        let phone = self.add_phone(config, Vec::new());
        self.agents.push(Agent { id, phone, profile });
        self.tell_agents();
        self.bind(name);
        phone
    }

    /// A telephone for a desk: it stays, has two lines, answers after a second and hums.
    pub fn desk_phone(&self, name: &str) -> PhoneConfig {
        let mut config = self.phone_config();
        config.from = NameAddr::new(Uri::sip(Some(name), Host::from(World::server_sip().ip()), None));
        config.account = Some(Credentials {
            username: name.to_owned(),
            password: password_of(name),
            realm: None,
        });
        config.hums = Some(hum_of(self.phones.len()));
        config.stays = true;
        config.answers_after = Some(Duration::from_secs(1));
        let first = config.rtp[0];
        config.rtp.push(LocalRtp {
            rtp_port: first.rtp_port + 2,
            rtcp_port: first.rtcp_port + 2,
            ..first
        });
        config
    }

    /// Tells the exchange who the agents are, and their passwords; to be called again after a change of [`World::agents`].
    pub fn tell_agents(&mut self) {
        let profiles = self.agents.iter().map(|agent| agent.profile.clone()).collect();
        self.exchange.set_agents(profiles, self.now);
        let names = self.agents.iter().map(|agent| agent.id.to_string());
        let accounts = names.map(|name| (name.clone(), HashedPassword::of(&name, REALM, &password_of(&name))));
        self.exchange.set_accounts(Arc::new(Accounts {
            realm: REALM.to_owned(),
            by_user: accounts.collect(),
        }));
        self.drain();
    }

    /// The agent's telephone is registered.
    pub fn bind(&mut self, name: &str) {
        let phone = self.agent_named(name).phone;
        let address = Self::phone_address(phone);
        let binding = Binding {
            user: name.to_owned(),
            contact: Uri::sip(Some(name), Host::from(address.ip()), Some(address.port())),
            flow: self.flow_to(address),
            instance: None,
            q: 1_000,
            expires: self.now.later(Duration::from_secs(3_600)).wall,
            call_id: format!("register-{name}"),
            cseq: 1,
            user_agent: "yihao-call".to_owned(),
        };
        self.bound(name, vec![binding]);
    }

    /// The registration of the agent's telephone is gone.
    pub fn unbind(&mut self, name: &str) {
        self.bound(name, Vec::new());
    }

    fn bound(&mut self, name: &str, bindings: Vec<Binding>) {
        let user = name.to_owned();
        self.exchange.bound(BindingChange { user, bindings }, self.now);
        self.drain();
    }

    pub fn agent_named(&self, name: &str) -> &Agent {
        self.agents
            .iter()
            .find(|agent| agent.id.as_str() == name)
            .expect("an agent of this name")
    }

    /// What an agent does, as the ledger has it.
    pub fn agent_status(&self, name: &str) -> AgentStatus {
        let last = self
            .ledger
            .iter()
            .rev()
            .find_map(|event| match (&event.about, &event.kind) {
                (Subject::Agent(id), EventKind::AgentChanged { status, .. }) if id.as_str() == name => Some(*status),
                _ => None,
            });
        last.unwrap_or_default()
    }

    /// A telephone's owner does these things now, one after the other.
    pub fn does(&mut self, phone: usize, actions: impl IntoIterator<Item = Action>) {
        self.phones[phone].then(actions, self.now);
        self.touched.insert(phone);
        self.drain();
    }

    /// The same for an agent, by name.
    pub fn agent_does(&mut self, name: &str, actions: impl IntoIterator<Item = Action>) {
        self.does(self.agent_named(name).phone, actions);
    }

    /// A citizen's telephone that hums as long as it is in a call. Returns its index; it has not dialled yet.
    pub fn humming_citizen(&mut self, script: Vec<Action>) -> usize {
        let mut config = self.phone_config();
        config.hums = Some(hum_of(self.phones.len()));
        self.add_phone(config, script)
    }

    /// The share of the last so many seconds in which this telephone's owner heard that one hum.
    pub fn heard_of(&self, ear: usize, mouth: usize, seconds: f64) -> f64 {
        let hz = self.phones[mouth].hums().expect("a telephone that hums");
        self.phones[ear].ear.share_of_late(Sound::Among(hz), seconds)
    }

    /// Two people hear each other for a second and a half from now on.
    pub fn assert_they_hear_each_other(&mut self, a: usize, b: usize) {
        self.run_for(Duration::from_millis(2_000));
        for (ear, mouth) in [(a, b), (b, a)] {
            let share = self.heard_of(ear, mouth, 1.5);
            assert!(
                share >= MOSTLY,
                "telephone {ear} heard telephone {mouth} for {:.0} % of the time\n{:#?}\n{:#?}",
                share * 100.0,
                self.phones[ear].report().timeline,
                self.phones[mouth].report().timeline,
            );
        }
    }

    /// One hears the other, whoever else there is.
    pub fn assert_hears(&self, ear: usize, mouth: usize) {
        let share = self.heard_of(ear, mouth, 1.0);
        assert!(share >= MOSTLY, "telephone {ear} hears telephone {mouth}: {share:.2}");
    }

    /// One has heard nothing of the other for the last second.
    pub fn assert_does_not_hear(&self, ear: usize, mouth: usize) {
        let share = self.heard_of(ear, mouth, 1.0);
        assert!(share < 0.05, "telephone {ear} hears telephone {mouth}: {share:.2}");
    }
}

/// The password of an account.
pub fn password_of(name: &str) -> String {
    format!("secret of {name}")
}

/// A tone for the owner of this telephone: all lie on bins of 50 Hz, so that a frame of 20 ms tells them apart.
fn hum_of(phone: usize) -> f64 {
    1_000.0 + 50.0 * (phone % 46) as f64
}
