//! Who was in the conversation, as what, from when to when. Talk time is computed from nothing else: a transfer credits
//! each agent with the time that he was there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::{Part, Wall};

use super::{CallRecord, keep, span};

/// Presences that are kept of one call; more are counted and left out.
const PRESENCES_MAX: usize = 100;
/// Holds that are kept one by one of one presence; the time of more is counted all the same.
const HOLDS_MAX: usize = 100;

/// Somebody's time in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The agent's name, or the number.
    pub who: String,
    /// As what.
    pub part: Part,
    /// Since when.
    pub from: Wall,
    /// Until when; `None` while he is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Wall>,
    /// When he had the citizen on hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// All holds that are over, milliseconds.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub held_ms: u64,
    /// Since when the citizen is on hold now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding_since: Option<Wall>,
}

/// One time on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub from: Wall,
    /// Until when.
    pub until: Wall,
}

impl Presence {
    /// He is there.
    pub const fn is_open(&self) -> bool {
        self.until.is_none()
    }

    /// Whether it counts as talk: listening and whispering is a supervisor's work, not a conversation with the citizen.
    pub const fn is_talk(&self) -> bool {
        match self.part {
            Part::Agent | Part::Consulted | Part::Third | Part::Barging => true,
            Part::Listening | Part::Whispering => false,
        }
    }

    /// Time on hold, milliseconds; of a presence that goes on, as of `now`.
    pub fn hold_ms(&self, now: Wall) -> u64 {
        let running = span(self.holding_since, Some(now)).unwrap_or(0);
        self.held_ms.saturating_add(running)
    }

    /// Time there less holds, milliseconds; of a presence that goes on, as of `now`. Zero for one that is no talk.
    pub fn talk_ms(&self, now: Wall) -> u64 {
        if !self.is_talk() {
            return 0;
        }
        let there = span(Some(self.from), Some(self.until.unwrap_or(now))).unwrap_or(0);
        there.saturating_sub(self.hold_ms(now))
    }

    fn hold(&mut self, at: Wall, on: bool) {
        match (self.holding_since, on) {
            (None, true) => self.holding_since = Some(at),
            (Some(from), false) => {
                self.holding_since = None;
                self.held_ms = self.held_ms.saturating_add(span(Some(from), Some(at)).unwrap_or(0));
                if self.holds.len() < HOLDS_MAX {
                    self.holds.push(Hold { from, until: at });
                }
            }
            (Some(_), true) | (None, false) => {}
        }
    }

    fn close(&mut self, at: Wall) {
        self.hold(at, false);
        self.until = Some(at);
    }
}

/// What one person did in one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Talk, milliseconds.
    pub talk_ms: u64,
    /// Hold, milliseconds.
    pub hold_ms: u64,
}

impl CallRecord {
    /// Somebody is in the conversation from now on; his earlier part, if he had one, is over. The agent whose call it becomes
    /// follows the one whose call it was: however little was written of a transfer, nobody is credited with another's hour.
    pub(super) fn join(&mut self, at: Wall, who: &str, part: Part) {
        for presence in self.people.iter_mut().filter(|presence| presence.is_open()) {
            let replaced = part == Part::Agent && presence.part == Part::Agent;
            if presence.who == who || replaced {
                presence.close(at);
            }
        }
        let presence = Presence {
            who: who.to_owned(),
            part,
            from: at,
            until: None,
            holds: Vec::new(),
            held_ms: 0,
            holding_since: None,
        };
        keep(&mut self.people, presence, PRESENCES_MAX, &mut self.left_out);
    }

    /// Somebody left.
    pub(super) fn part_left(&mut self, at: Wall, who: &str) {
        let open = self.people.iter_mut().filter(|presence| presence.is_open());
        open.filter(|presence| presence.who == who)
            .for_each(|presence| presence.close(at));
        self.close_dialogs_of(who);
    }

    /// The citizen is with no agent any more: he waits again, is parked, or the call is over.
    pub(super) fn agents_leave(&mut self, at: Wall) {
        let agents = self.people.iter_mut().filter(|p| p.is_open() && p.part == Part::Agent);
        agents.for_each(|presence| presence.close(at));
    }

    pub(super) fn everybody_leaves(&mut self, at: Wall) {
        let open = self.people.iter_mut().filter(|presence| presence.is_open());
        open.for_each(|presence| presence.close(at));
    }

    pub(super) fn agent_holds(&mut self, at: Wall, agent: &str, on: bool) {
        let mut open = self.people.iter_mut().rev().filter(|presence| presence.is_open());
        if let Some(presence) = open.find(|presence| presence.who == agent) {
            presence.hold(at, on);
        }
    }

    /// Whether somebody speaks with the citizen now.
    pub fn is_with_a_person(&self) -> bool {
        self.people
            .iter()
            .any(|presence| presence.is_open() && presence.part == Part::Agent)
    }

    /// What each person did in this call; what goes on is counted until `now`.
    pub fn shares(&self, now: Wall) -> BTreeMap<&str, Share> {
        let mut shares: BTreeMap<&str, Share> = BTreeMap::new();
        for presence in &self.people {
            let share = shares.entry(&presence.who).or_default();
            share.talk_ms += presence.talk_ms(now);
            share.hold_ms += presence.hold_ms(now);
        }
        shares
    }
}
