//! Who the agents are, told to the registrar and the exchange: at the start, and whenever somebody changed them. The file
//! is looked at each second, so the command line needs no way into a running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::sip::registrar::{Accounts, Binding};
use crate::store::people::{People, PeopleError};

use super::super::shard::Input as ShardInput;
use super::inbox::{Inbox, Input};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the start waits for a locked file.
const START_WAIT: Duration = Duration::from_secs(3);

/// The roster of a running server.
pub(in crate::engine) struct Roster {
    people: People,
    realm: String,
    listen: Vec<SocketAddr>,
    inbox: Arc<Inbox>,
    shards: Vec<mpsc::Sender<ShardInput>>,
    seen: Mutex<Seen>,
}

/// What has been told.
#[derive(Default)]
struct Seen {
    /// Version of the agents.
    version: Option<i64>,
    /// The tables are as this program needs them.
    prepared: bool,
    /// The telephones of the last run have been read.
    restored: bool,
    /// The last look failed, and it was told.
    away: bool,
}

impl Roster {
    pub(in crate::engine) fn new(
        people: People,
        config: &Config,
        inbox: Arc<Inbox>,
        shards: Vec<mpsc::Sender<ShardInput>>,
    ) -> Self {
        Self {
            people,
            realm: config.registrar.realm.clone(),
            listen: config.sip.listen_udp.clone(),
            inbox,
            shards,
            seen: Mutex::default(),
        }
    }

    /// Accounts and telephones at the start. A file that somebody has locked is waited for in the background: citizens
    /// are answered meanwhile. One that cannot be read is an error.
    pub(in crate::engine) async fn begin(&self) -> Result<(Arc<Accounts>, Vec<Binding>), PeopleError> {
        let mut seen = self.seen.lock().await;
        let read = async {
            self.people.prepare().await?;
            let accounts = self.read(&mut seen).await?;
            Ok::<_, PeopleError>((accounts, self.bindings().await?))
        };
        let nothing = || {
            let accounts = Accounts {
                realm: self.realm.clone(),
                ..Accounts::default()
            };
            (Arc::new(accounts), Vec::new())
        };
        match timeout(START_WAIT, read).await {
            Ok(Ok(read)) => {
                (seen.prepared, seen.restored) = (true, true);
                Ok(read)
            }
            Ok(Err(error)) if !error.is_busy() => Err(error),
            Ok(Err(_)) | Err(_) => {
                tracing::error!(
                    "ALARM: the agents cannot be read yet, because their file is locked: nobody can register"
                );
                *seen = Seen {
                    away: true,
                    ..Seen::default()
                };
                Ok(nothing())
            }
        }
    }

    /// Looks again and again, until `stop`.
    pub(in crate::engine) async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                () = sleep(LOOK) => {}
            }
            let looked = self.look().await;
            let away = looked.is_err();
            let mut seen = self.seen.lock().await;
            match (&looked, seen.away) {
                (Err(error), false) => tracing::error!(%error, "ALARM: changes of agents cannot be read"),
                (Ok(_), true) => tracing::info!("agents can be read again"),
                (Err(_), true) | (Ok(_), false) => {}
            }
            seen.away = away;
        }
    }

    /// Looks now. When it returns, what was in the file has been told.
    pub(in crate::engine) async fn look(&self) -> Result<(), PeopleError> {
        let mut seen = self.seen.lock().await;
        if !seen.prepared {
            self.people.prepare().await?;
            seen.prepared = true;
        }
        if seen.version == Some(self.people.agents_version().await?) {
            return Ok(());
        }
        let accounts = self.read(&mut seen).await?;
        self.inbox.put(Input::Accounts(accounts));
        if !seen.restored {
            self.inbox.put(Input::Restore(self.bindings().await?));
            seen.restored = true;
        }
        Ok(())
    }

    /// The telephones of the last run, but for those that registered at an address that we have no more: nothing can be
    /// sent from there, and they will not come there again.
    async fn bindings(&self) -> Result<Vec<Binding>, PeopleError> {
        let mut bindings = self.people.bindings().await?;
        let is_ours = |local: SocketAddr| {
            self.listen.iter().any(|it| {
                let ip = it.ip() == local.ip() || it.ip().is_unspecified() && it.is_ipv4() == local.is_ipv4();
                ip && it.port() == local.port()
            })
        };
        bindings.retain(|it| is_ours(it.flow.local));
        Ok(bindings)
    }

    /// Reads the agents and tells the exchange; the accounts are for the registrar as well.
    async fn read(&self, seen: &mut Seen) -> Result<Arc<Accounts>, PeopleError> {
        let version = self.people.agents_version().await?;
        let (accounts, others) = self.people.accounts(&self.realm).await?;
        if others > 0 {
            tracing::error!(
                others,
                realm = self.realm,
                "ALARM: agents cannot register, because their passwords were set for another registrar.realm"
            );
        }
        let agents = self.people.agents().await?;
        let weak = agents.iter().filter(|it| it.test_password).count();
        if weak > 0 {
            tracing::error!(weak, "ALARM: agents have passwords that only a test may have");
        }
        let accounts = Arc::new(accounts);
        let profiles = agents.into_iter().filter(|it| it.enabled).map(|it| it.profile);
        let profiles = Arc::new(profiles.collect::<Vec<_>>());
        for shard in &self.shards {
            // A shard that stopped has no calls.
            let _ = shard.send(ShardInput::Accounts(accounts.clone())).await;
            let _ = shard.send(ShardInput::Agents(profiles.clone())).await;
        }
        tracing::info!(agents = profiles.len(), "agents were read");
        seen.version = Some(version);
        Ok(accounts)
    }
}
