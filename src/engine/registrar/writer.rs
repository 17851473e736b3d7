//! Writes telephones down: all that has come since the last commit goes into the next one, with one sync for all of it.
//! With a disk that does not take them telephones register all the same, and the alarm is set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::sip::registrar::Binding;
use crate::store::people::People;

use super::inbox::{Inbox, Input};

/// Longest that answers wait for the disk.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause after a failure.
const RETRY: Duration = Duration::from_millis(500);
/// Attempts at the end: what is left then is what telephones bring again.
const LAST_ATTEMPTS: u32 = 5;
/// Accounts in one commit at most.
const ACCOUNTS_MAX: usize = 5_000;

/// All telephones of one account, to be written.
pub(in crate::engine) struct Wish {
    pub user: String,
    pub bindings: Vec<Binding>,
    pub ticket: Option<u64>,
}

/// Runs until nobody wishes any more and all is written.
pub(in crate::engine) async fn write(people: People, mut wishes: mpsc::UnboundedReceiver<Wish>, inbox: Arc<Inbox>) {
    let (mut due, mut tickets) = (BTreeMap::new(), Vec::new());
    let mut behind = Behind::default();
    let mut attempts_left = LAST_ATTEMPTS;
    let take = |wish: Wish, due: &mut BTreeMap<String, Vec<Binding>>, tickets: &mut Vec<u64>| {
        due.insert(wish.user, wish.bindings); // the last word counts
        tickets.extend(wish.ticket);
    };
    loop {
        if due.is_empty() {
            let Some(wish) = wishes.recv().await else { return };
            take(wish, &mut due, &mut tickets);
        }
        while due.len() < ACCOUNTS_MAX
            && let Ok(wish) = wishes.try_recv()
        {
            take(wish, &mut due, &mut tickets);
        }
        let saved = match timeout(PATIENCE, people.save_bindings(&due)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("the disk takes too long".to_owned()),
        };
        if !tickets.is_empty() {
            // Also after a failure: a telephone that is not registered is worse than one that a restart forgets.
            inbox.put(Input::Persisted(std::mem::take(&mut tickets)));
        }
        behind.show(saved.as_deref());
        if saved.is_none() {
            due.clear();
            continue;
        }
        if wishes.is_closed() && wishes.is_empty() {
            attempts_left -= 1;
            if attempts_left == 0 {
                tracing::error!(
                    accounts = due.len(),
                    "telephones were not written down; they come again by themselves"
                );
                return;
            }
        }
        sleep(RETRY).await;
    }
}

/// Whether the disk is behind, told when it changes.
#[derive(Default)]
struct Behind(bool);

impl Behind {
    fn show(&mut self, error: Option<&str>) {
        match (self.0, error) {
            (false, Some(error)) => {
                tracing::error!(
                    error,
                    "ALARM: telephones are not written down; a restart would forget them"
                );
            }
            (true, None) => tracing::info!("telephones are written down again"),
            (true, Some(_)) | (false, None) => {}
        }
        self.0 = error.is_some();
        gauge!("yihao_people_behind").set(f64::from(u8::from(self.0)));
    }
}
