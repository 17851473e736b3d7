//! A person answers: an account is made, its telephone registers, the agent signs in, a citizen calls and both hear each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::call::Order;
use crate::call::phone::{Action, Sound};
use crate::cli::call::{self, Call};
use crate::cli::serve::Running;
use crate::engine::clock;
use crate::kernel::{AgentId, Role};
use crate::queue::{Action as FloorAction, Profile};
use crate::store::people::{AgentWish, Credentials, generate_password};

/// The agent's account.
const AGENT: &str = "8001";
/// The queue that the plan of 12345 asks for, and this agent serves.
pub(super) const QUEUE: &str = "general";
/// What the agent hums and what the citizen hums, hertz.
const AGENT_TONE: f64 = 500.0;
const CITIZEN_TONE: f64 = 900.0;
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether the agent's telephone is registered.
const LOOK: Duration = Duration::from_millis(50);

/// An agent at work.
pub(super) struct Agent {
    telephone: tokio::task::JoinHandle<Result<call::Heard, String>>,
}

impl Agent {
    /// Makes the account, puts a telephone on the desk, signs in.
    pub(super) async fn at_work(running: &Running, sip: SocketAddr) -> Result<Self, String> {
        let handle = running.server.handle();
        let agent = AgentId::parse(AGENT).ok_or("no name for an agent")?;
        let password = generate_password().map_err(|error| error.to_string())?;
        let realm = &handle.config().registrar.realm;
        let credentials = Credentials::of(&agent, realm, &password);
        let known = handle.people().agent(&agent).await.map_err(|error| error.to_string())?;
        let made = match known {
            // A demo that stayed up before has left its account.
            Some(_) => handle.people().set_password(&agent, credentials, clock::wall()).await,
            None => {
                let profile = Profile {
                    id: agent.clone(),
                    name: "演示坐席".to_owned(),
                    role: Role::Agent,
                    queues: BTreeMap::from([(QUEUE.to_owned(), 1)]),
                    skills: BTreeMap::new(),
                    wrap_up: None,
                };
                let wish = AgentWish { profile, credentials };
                handle.people().create_agents(vec![wish], clock::wall()).await
            }
        };
        made.map_err(|error| error.to_string())?;
        handle.people_changed().await.map_err(|error| error.to_string())?;
        let telephone = Call {
            dials: false,
            registers: Some(300),
            answers_after: Some(Duration::from_secs(1)),
            hums: Some(AGENT_TONE),
            account: Some(format!("{AGENT}:{password}")),
            ..Call::new(&format!("sip:{sip}"), AGENT)
        };
        let script = vec![
            Action::WaitRegistered(PATIENCE),
            Action::WaitRing(PATIENCE),
            Action::Expect(Sound::Tone(CITIZEN_TONE), PATIENCE),
            Action::WaitHangUp(PATIENCE),
        ];
        let telephone = tokio::spawn(async move {
            let heard = call::place(&telephone, script).await;
            heard.map_err(|error| error.to_string())
        });
        let registered = async {
            while handle.registrations().await.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, registered)
            .await
            .map_err(|_| "the agent's telephone is not registered".to_owned())?;
        let sign_in = Order::Act {
            agent,
            action: FloorAction::SignIn { ready: true },
            by: None,
        };
        handle.order(sign_in).await.map_err(|denied| denied.to_string())?;
        Ok(Self { telephone })
    }

    /// What the agent missed; call it when the citizen has gone.
    pub(super) async fn failures(self) -> Vec<String> {
        match tokio::time::timeout(Duration::from_secs(10), self.telephone).await {
            Ok(Ok(Ok(heard))) => heard
                .report
                .failures
                .iter()
                .map(|f| format!("at {AGENT}: {f}"))
                .collect(),
            Ok(Ok(Err(error))) => vec![format!("at {AGENT}: {error}")],
            Ok(Err(error)) => vec![format!("at {AGENT}: {error}")],
            Err(_) => vec![format!("{AGENT} was not called, or the call did not end")],
        }
    }
}

/// The citizen's telephone.
pub(super) fn citizen(sip: SocketAddr) -> Call {
    Call {
        hums: Some(CITIZEN_TONE),
        ..Call::new(&format!("sip:12345@{sip}"), "13800009999")
    }
}

/// What the citizen does: waits for the agent's voice, speaks with him, hangs up.
pub(super) fn script() -> Vec<Action> {
    vec![
        Action::WaitAnswer(PATIENCE),
        Action::Expect(Sound::Tone(AGENT_TONE), PATIENCE),
        Action::Wait(Duration::from_secs(3)),
        Action::HangUp,
        Action::WaitHangUp(PATIENCE),
    ]
}
