//! Nonces that a server recognises without having stored them, and the table of their counts. Knows no password.

use std::collections::BTreeMap;

use subtle::ConstantTimeEq;

use super::hash::{Key, hex};
use crate::kernel::Wall;

/// What a nonce says: when it was issued (UTC milliseconds), and a number that tells nonces of one millisecond apart.
pub(super) type NonceId = (u64, u32);

/// Digits of time, number, and seal.
const TIME: usize = 16;
const NUMBER: usize = 8;
const SEAL: usize = 32;

/// Writes a nonce: time and number in the clear, sealed by a keyed hash that also covers the realm, and the peer if it is
/// good for one peer only.
pub(super) fn write(key: &Key, realm: &str, peer: &str, (issued, number): NonceId) -> String {
    let mut text = format!("{issued:0TIME$x}{number:0NUMBER$x}");
    let seal = key.code(&[
        b"nonce:",
        text.as_bytes(),
        b":",
        realm.as_bytes(),
        b"\n",
        peer.as_bytes(),
    ]);
    text.push_str(&hex(&seal));
    text.truncate(TIME + NUMBER + SEAL);
    text
}

/// Reads a nonce. `None` if it is not of our making, or was made for another peer.
pub(super) fn read(key: &Key, realm: &str, peer: &str, text: &str) -> Option<NonceId> {
    let issued = u64::from_str_radix(text.get(..TIME)?, 16).ok()?;
    let number = u32::from_str_radix(text.get(TIME..TIME + NUMBER)?, 16).ok()?;
    let genuine = write(key, realm, peer, (issued, number));
    bool::from(genuine.as_bytes().ct_eq(text.as_bytes())).then_some((issued, number))
}

/// Nonce counts already seen, so that no credentials work twice. Only nonces that came with a right
/// password have an entry.
#[derive(Debug)]
pub(super) struct Counts {
    seen: BTreeMap<NonceId, Window>,
    /// Nonces up to here have been forgotten for want of room: their counts are unknown.
    forgotten: Option<NonceId>,
    max: usize,
    lifetime_ms: u64,
}

/// The highest count, and which of the 64 below it have come: datagrams may overtake each other.
#[derive(Clone, Copy, Debug)]
struct Window {
    highest: u32,
    /// Bit n: the count `highest - n` has come.
    come: u64,
}

impl Counts {
    pub fn new(max: usize, lifetime_ms: u64) -> Self {
        Self {
            seen: BTreeMap::new(),
            forgotten: None,
            max: max.max(1),
            lifetime_ms,
        }
    }

    /// Whether the nonce is too old.
    pub fn is_old(&self, (issued, _): NonceId, now: Wall) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(0);
        issued.saturating_add(self.lifetime_ms) < now
    }

    /// Takes note of a count. False if it has come before, or may have.
    pub fn take(&mut self, nonce: NonceId, count: u32, now: Wall) -> bool {
        self.forget_old(now);
        if count == 0 || self.is_old(nonce, now) {
            return false;
        }
        if let Some(window) = self.seen.get_mut(&nonce) {
            return window.take(count);
        }
        if self.forgotten.is_some_and(|it| nonce <= it) {
            return false;
        }
        self.seen.insert(nonce, Window::starting_with(count));
        if self.seen.len() > self.max {
            self.forgotten = self.seen.pop_first().map(|(id, _)| id);
        }
        true
    }

    fn forget_old(&mut self, now: Wall) {
        while let Some((&oldest, _)) = self.seen.first_key_value()
            && self.is_old(oldest, now)
        {
            self.seen.pop_first();
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.seen.len()
    }
}

impl Window {
    const fn starting_with(count: u32) -> Self {
        Self {
            highest: count,
            come: 1,
        }
    }

    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.come = self.come.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let fresh = bit != 0 && self.come & bit == 0;
        self.come |= bit;
        fresh
    }
}
