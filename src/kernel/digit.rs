//! The sixteen keys of DTMF (ITU-T Q.23).

use std::fmt;

use serde::{Deserialize, Serialize};

/// One key: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Digit(u8);

impl Digit {
    const KEYS: &'static [u8; 16] = b"0123456789*#ABCD";

    /// From the event code of RFC 4733 §3.2 (0–15); `None` for other events.
    pub fn from_event(code: u8) -> Option<Self> {
        (code < 16).then_some(Self(code))
    }

    /// From its character, letters in either case.
    pub fn from_char(c: char) -> Option<Self> {
        let upper = u8::try_from(c.to_ascii_uppercase()).ok()?;
        let code = Self::KEYS.iter().position(|k| *k == upper)?;
        u8::try_from(code).ok().map(Self)
    }

    /// The event code of RFC 4733 §3.2.
    pub const fn event(self) -> u8 {
        self.0
    }

    /// Its character.
    pub fn as_char(self) -> char {
        char::from(Self::KEYS[usize::from(self.0)])
    }
}

impl TryFrom<char> for Digit {
    type Error = String;
    fn try_from(c: char) -> Result<Self, String> {
        Self::from_char(c).ok_or_else(|| format!("{c:?} is no telephone key"))
    }
}

impl From<Digit> for char {
    fn from(d: Digit) -> Self {
        d.as_char()
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}
