//! Identifiers. Call ids are text that sorts by time, so that a list of calls is a list in time; the others are counters.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Wall;

/// One citizen's call: 26 characters of Crockford base 32, 48 bits of UTC milliseconds then 80 random bits (the ULID layout).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(u128);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl CallId {
    /// From the moment a call arrived and 80 random bits (higher bits of `random` are ignored).
    pub fn new(at: Wall, random: u128) -> Self {
        let millis = u128::from(u64::try_from(at.as_millis()).unwrap_or(0) & 0xFFFF_FFFF_FFFF);
        Self(millis << 80 | random & ((1 << 80) - 1))
    }

    /// Reads the 26-character form, letters in either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 26 {
            return None;
        }
        let mut value: u128 = 0;
        for (i, b) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|a| *a == b.to_ascii_uppercase())? as u128;
            if i == 0 && digit > 7 {
                return None;
            }
            value = value << 5 | digit;
        }
        Some(Self(value))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in (0..26).rev() {
            let index = (self.0 >> (i * 5)) as usize & 31;
            write!(f, "{}", char::from(ALPHABET[index]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for CallId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no call id"))
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.to_string()
    }
}

/// One SIP leg within one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(pub u64);

/// One RTP session. The worker that owns it is found from the id by the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaId(pub u64);

/// One start of a playlist, so that a late "finished" is not taken for the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_value_agree_and_sort_by_time() {
        let early = CallId::new(Wall::from_millis(1_700_000_000_000), u128::MAX);
        let late = CallId::new(Wall::from_millis(1_700_000_000_001), 0);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(CallId::parse(&early.to_string()), Some(early));
        assert_eq!(CallId::parse("not an id"), None);
    }
}
