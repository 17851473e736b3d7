//! Patterns of telephone numbers: `12345`, `0391XXXXXXX`, `+86*`. Knows digits, not what they reach.

use std::fmt;

/// A number with holes: `X` is any digit, `Z` 1 to 9, `N` 2 to 9, a last `*` any rest (also none). Spaces and hyphens are
/// for the eye.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    text: String,
    open: bool,
}

/// Longest pattern, characters.
const MAX_CHARS: usize = 40;

/// What one place of a pattern takes.
fn takes(place: char, c: char) -> bool {
    match place {
        'X' => c.is_ascii_digit(),
        'Z' => matches!(c, '1'..='9'),
        'N' => matches!(c, '2'..='9'),
        other => other == c,
    }
}

/// Without the characters that are only for the eye.
pub(super) fn tidy(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect()
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tidied = tidy(text);
        let (body, open) = match tidied.strip_suffix('*') {
            Some(body) => (body, true),
            None => (tidied.as_str(), false),
        };
        let digits = body.strip_prefix('+').unwrap_or(body);
        if !digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, 'X' | 'Z' | 'N'))
        {
            return Err(format!(
                "{text:?} is no number or pattern (digits, X any digit, Z 1-9, N 2-9, a last * for any rest)"
            ));
        }
        if body.is_empty() && !open || body.len() > MAX_CHARS {
            return Err(format!("{text:?} has no digit, or more than {MAX_CHARS} places"));
        }
        Ok(Self {
            text: body.to_owned(),
            open,
        })
    }

    /// Whether it has no holes.
    pub fn is_exact(&self) -> bool {
        !self.open && !self.text.contains(['X', 'Z', 'N'])
    }

    /// Whether it takes `number` (already without hyphens and spaces).
    pub fn matches(&self, number: &str) -> bool {
        let mut rest = number.chars();
        for place in self.text.chars() {
            match rest.next() {
                Some(c) if takes(place, c) => {}
                _ => return false,
            }
        }
        self.open || rest.next().is_none()
    }

    /// Whether some number fits both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut a, mut b) = (self.text.chars(), other.text.chars());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (None, Some(_)) => return self.open,
                (Some(_), None) => return other.open,
                (Some(x), Some(y)) if "+0123456789".chars().any(|c| takes(x, c) && takes(y, c)) => {}
                (Some(_), Some(_)) => return false,
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, if self.open { "*" } else { "" })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Numbers that a plan may connect a caller to. Empty by default: what is not allowed by name is toll fraud (traps.md).
#[derive(Clone, Debug, Default)]
pub struct TransferPolicy {
    allowed: Vec<Pattern>,
}

impl TransferPolicy {
    /// Allows the numbers that fit one of `patterns`.
    ///
    /// # Errors
    /// A sentence about the first pattern that is none.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, String> {
        let allowed = patterns
            .iter()
            .map(|p| Pattern::parse(p.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Self { allowed })
    }

    /// Whether a plan may connect a caller to `number`.
    pub fn allows(&self, number: &str) -> bool {
        let number = tidy(number);
        self.allowed.iter().any(|p| p.matches(&number))
    }

    /// The allowed patterns, as written.
    pub fn patterns(&self) -> impl Iterator<Item = String> + '_ {
        self.allowed.iter().map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_takes_what_it_says() {
        assert!(p("12345").matches("12345") && !p("12345").matches("123456") && !p("12345").matches("1234"));
        assert!(p("0391-XXXXXXX").matches("03911234567"));
        assert!(p("12345*").matches("12345") && p("12345*").matches("1234567"));
        assert!(p("NZX").matches("210") && !p("NZX").matches("110") && !p("NZX").matches("200"));
        assert!(p("+86*").matches("+8612345") && !p("+86*").matches("8612345"));
    }

    #[test]
    fn overlaps_are_seen_both_ways() {
        for (a, b, overlap) in [
            ("123XX", "12X45", true),
            ("123XX", "124XX", false),
            ("1*", "12345", true),
            ("1*", "2*", false),
            ("NX", "1X", false),
            ("12", "123", false),
        ] {
            assert_eq!(p(a).overlaps(&p(b)), overlap, "{a} {b}");
            assert_eq!(p(b).overlaps(&p(a)), overlap, "{b} {a}");
        }
    }

    #[test]
    fn nothing_may_be_reached_unless_it_is_allowed() {
        assert!(!TransferPolicy::default().allows("110"));
        let policy = TransferPolicy::new(&["110", "0391-1233X"]).unwrap();
        assert!(
            policy.allows("110") && policy.allows("0391 12333") && !policy.allows("1100") && !policy.allows("00110")
        );
        for bad in ["", "abc", "1**", "1\r\n2", "sip:x"] {
            assert!(TransferPolicy::new(&[bad]).is_err(), "{bad:?}");
        }
    }
}
