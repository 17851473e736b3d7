//! A telephone number as a person dialled or presented it. Shown masked unless revealed on purpose.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number in the form it was received (`13800001234`, `+8613800001234`, `12345`, `anonymous`).
///
/// `Display` and `Debug` mask the middle; [`PhoneNumber::reveal`] is the only way to the whole number, so that every
/// place that shows one can be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Longest number kept, in characters; E.164 allows 15 digits, SIP users are longer.
    pub const MAX_CHARS: usize = 64;

    /// Keeps at most [`Self::MAX_CHARS`] characters and drops control characters (traps: CRLF in a number).
    pub fn new(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect())
    }

    /// The whole number. Each use that reaches a person is to be audited.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The number with its middle replaced: three characters before, four after for eleven digits and more.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        let (head, tail) = match chars.len() {
            0..=6 => return self.0.clone(), // service numbers (110, 12345): nobody's private number
            7..=10 => (2, 2),
            _ => (chars.len() - 8, 4),
        };
        chars
            .iter()
            .enumerate()
            .map(|(i, c)| if i < head || i >= chars.len() - tail { *c } else { '*' })
            .collect()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_keeps_three_and_four() {
        assert_eq!(PhoneNumber::new("13800001234").to_string(), "138****1234");
        assert_eq!(PhoneNumber::new("+8613800001234").to_string(), "+86138****1234");
        assert_eq!(PhoneNumber::new("83991234").to_string(), "83****34");
        assert_eq!(PhoneNumber::new("12345").to_string(), "12345");
    }

    #[test]
    fn control_characters_never_get_in() {
        assert_eq!(PhoneNumber::new("138\r\nVia: x").reveal(), "138Via: x");
    }
}
