//! What a start owes to the run before: its calls closed in the ledger, its agents, callers and debts told to the floor, its
//! telephones told that the line is gone. Decides nothing about calls.

use std::sync::Arc;
use std::time::Duration;

use crate::call::shard_of;
use crate::kernel::{Dialog, Wall};
use crate::queue::FloorConfig;
use crate::sip::Transport;
use crate::sip::trunk::Target;
use crate::store::Store;
use crate::store::ledger::Ledger;

use super::reach::Reacher;
use super::shard::{Input, Past};

/// How long the start waits for the ledger. Agents' states must be right before the first call; but a city whose database is
/// locked wants to be answered all the same.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest that a connection to one telephone may take.
const CONNECT: Duration = Duration::from_secs(3);
/// Goodbyes between two pauses, and the pause: a burst would be lost on its way.
const BURST: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until the ledger tells all of the last run; its last sign of life.
pub(super) async fn settle(store: &Store) -> Option<Wall> {
    let died_at = store.settled(PATIENCE).await;
    if died_at.is_none() {
        tracing::error!(
            "ALARM: the ledger does not tell what the last run did: agents begin signed out, callers who were cut off have no \
             places, call backs wait on the list until the next start"
        );
    }
    died_at
}

/// What the floor is to be told of the last run.
pub(super) async fn past(ledger: &Ledger, floor: &FloorConfig, now: Wall) -> Past {
    match ledger.before(floor, now).await {
        Ok(before) => Past {
            agents: before.agents,
            returning: before.returning,
            debts: before.debts,
            asked: before.asked,
        },
        Err(error) => {
            tracing::error!(%error, "ALARM: the ledger cannot be read: agents begin signed out, nobody has his place back");
            Past::default()
        }
    }
}

/// Says goodbye in the dialogs that stood when the last run ended, beside everything else.
pub(super) async fn say_goodbye(ledger: Ledger, died_at: Wall, reacher: Arc<Reacher>) {
    let dialogs = match ledger.dialogs_cut_off(died_at).await {
        Ok(dialogs) => dialogs,
        Err(error) => {
            tracing::error!(%error, "telephones of calls that were cut off cannot be told");
            return;
        }
    };
    if !dialogs.is_empty() {
        tracing::warn!(
            dialogs = dialogs.len(),
            "telephones of calls that were cut off are told"
        );
    }
    let mut connecting = tokio::task::JoinSet::new();
    for (n, dialog) in dialogs.into_iter().enumerate() {
        if n % BURST == BURST - 1 {
            tokio::time::sleep(PAUSE).await;
        }
        connecting.spawn(say_one(dialog, reacher.clone()));
        while connecting.len() > BURST {
            connecting.join_next().await;
        }
    }
    connecting.join_all().await;
}

async fn say_one(dialog: Dialog, reacher: Arc<Reacher>) {
    let transport = match dialog.transport.as_str() {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        _ => return,
    };
    let Ok(address) = dialog.remote.parse() else { return };
    let reached = tokio::time::timeout(CONNECT, reacher.reach(Target { transport, address })).await;
    let Ok(Ok(flow)) = reached else {
        tracing::debug!(address = %dialog.remote, "a telephone of a call that was cut off cannot be reached");
        return;
    };
    // Its answer comes to the shard of its Call-ID.
    let number = shard_of(&dialog.call_id, reacher.sip.shards());
    if let Some(shard) = reacher.sip.shard(number) {
        let _ = shard.send(Input::Farewell(Box::new(dialog), flow)).await; // a shard that stopped has no more words
    }
}
