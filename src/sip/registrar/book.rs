//! Who has which telephones, until when, and on which connection. Decides nothing: it is told what is so and tells what has ended.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::types::Binding;
use crate::kernel::{Mono, Now};
use crate::sip::Transport;

/// A binding with the moment at which it ends by the clock that nobody sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub binding: Binding,
    pub until: Mono,
    /// When it was last refreshed: the one that was heard longest ago gives way.
    pub heard: Mono,
}

#[derive(Default)]
struct Row {
    held: Vec<Held>,
    /// When the book looks at the row again: not after its first end. A refresh leaves it, the look finds out.
    armed: Option<Mono>,
}

/// All accounts that have telephones.
#[derive(Default)]
pub(super) struct Book {
    rows: HashMap<Arc<str>, Row>,
    timers: BTreeSet<(Mono, Arc<str>)>,
    /// (Connection, account): who is concerned when a connection breaks.
    connections: BTreeSet<(u64, Arc<str>)>,
    total: usize,
}

impl Book {
    /// The telephones of an account.
    pub(super) fn of(&self, user: &str) -> &[Held] {
        self.rows.get(user).map_or(&[], |row| row.held.as_slice())
    }

    /// The account as it is kept here, so that its name is there once.
    pub(super) fn key(&self, user: &str) -> Arc<str> {
        self.rows
            .get_key_value(user)
            .map_or_else(|| user.into(), |(key, _)| key.clone())
    }

    /// Telephones of all accounts.
    pub(super) const fn len(&self) -> usize {
        self.total
    }

    /// All accounts that have telephones.
    pub(super) fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rows.keys()
    }

    /// From now on an account has these telephones.
    pub(super) fn set(&mut self, user: &Arc<str>, held: Vec<Held>) {
        let row = self.rows.entry(user.clone()).or_default();
        let old = mem::replace(&mut row.held, held);
        self.total = self.total + row.held.len() - old.len();
        for connection in streams(&old) {
            self.connections.remove(&(connection, user.clone()));
        }
        for connection in streams(&row.held) {
            self.connections.insert((connection, user.clone()));
        }
        let first = row.held.iter().map(|it| it.until).min();
        if let (Some(first), armed) = (first, row.armed)
            && armed.is_none_or(|armed| first < armed)
        {
            if let Some(armed) = armed {
                self.timers.remove(&(armed, user.clone()));
            }
            self.timers.insert((first, user.clone()));
            row.armed = Some(first);
        }
        if row.held.is_empty() {
            self.drop_row(user);
        }
    }

    /// Accounts that have a telephone on this connection.
    pub(super) fn on_connection(&self, connection: u64) -> Vec<Arc<str>> {
        let next = connection.saturating_add(1);
        let from: Arc<str> = "".into();
        let range = self.connections.range((connection, from.clone())..(next, from));
        range.map(|(_, user)| user.clone()).collect()
    }

    /// When [`Self::pop_ended`] wants to be called.
    pub(super) fn next(&self) -> Option<Mono> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// One account of which a telephone has not come back in time, with those that are left. Call it until there is none.
    pub(super) fn pop_ended(&mut self, now: Mono) -> Option<(Arc<str>, Vec<Held>)> {
        while let Some((at, user)) = self.timers.first().cloned()
            && at <= now
        {
            self.timers.pop_first();
            let Some(row) = self.rows.get_mut(&user) else { continue };
            row.armed = None;
            let left: Vec<Held> = row.held.iter().filter(|it| it.until > now).cloned().collect();
            if left.len() < row.held.len() {
                return Some((user, left));
            }
            if let Some(first) = left.iter().map(|it| it.until).min() {
                row.armed = Some(first);
                self.timers.insert((first, user));
            }
        }
        None
    }

    fn drop_row(&mut self, user: &Arc<str>) {
        if let Some(Row { armed: Some(at), .. }) = self.rows.remove(user) {
            self.timers.remove(&(at, user.clone()));
        }
    }
}

fn streams(held: &[Held]) -> impl Iterator<Item = u64> {
    held.iter()
        .map(|it| it.binding.flow)
        .filter(|flow| flow.transport == Transport::Tcp)
        .map(|flow| flow.connection)
}

/// A binding for so long from now.
pub(super) fn held(binding: Binding, time: Duration, now: Now) -> Held {
    Held {
        until: now.mono + time,
        heard: now.mono,
        binding: Binding {
            expires: now.wall + time,
            ..binding
        },
    }
}

/// The bindings as others see them: the preferred ones first, in the order in which they came.
pub(super) fn shown(held: &[Held]) -> Vec<Binding> {
    let mut bindings: Vec<Binding> = held.iter().map(|it| it.binding.clone()).collect();
    bindings.sort_by_key(|it| u16::MAX - it.q);
    bindings
}
