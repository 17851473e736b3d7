//! Characters and separators of RFC 3261 §25.1: tokens, white space, splitting outside quotes. Knows no header.

/// Whether `byte` may stand in a token (RFC 3261 §25.1).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
}

/// Whether `bytes` is one token.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_token_byte(*b))
}

/// White space within a line. Folds have been replaced by a space before anything here looks.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without spaces and tabs around it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// `bytes` without spaces and tabs around them.
pub(super) fn trim_bytes(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// The index of the first `wanted` byte outside quoted strings and angle brackets.
pub(super) fn find_outside(text: &str, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut quoted, mut angle, mut index) = (false, false, 0);
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'\\' if quoted => index += 1, // a quoted pair hides the next octet
            b'"' if !angle => quoted = !quoted,
            _ if quoted => {}
            _ if byte == wanted && !angle => return Some(index),
            b'<' => angle = true,
            b'>' => angle = false,
            _ => {}
        }
        index += 1;
    }
    None
}

/// The parts of `text` between `separator`s that stand outside quotes and angle brackets, trimmed; empty parts included.
pub(super) fn split_outside(text: &str, separator: u8) -> SplitOutside<'_> {
    SplitOutside {
        rest: Some(text),
        separator,
    }
}

/// See [`split_outside`].
pub(super) struct SplitOutside<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for SplitOutside<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let part = match find_outside(rest, self.separator) {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                rest.get(..at).unwrap_or_default()
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Some(trim(part))
    }
}

/// Reads a whole quoted string: its text without quotes and backslashes, and what follows it. `None` if it does not end.
pub(super) fn quoted_string(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, inner.get(at + 1..).unwrap_or_default())),
            '\\' => out.push(chars.next()?.1),
            plain => out.push(plain),
        }
    }
    None
}

/// A decimal number made of digits only; `None` if it is anything else. Too large a number becomes `u64::MAX`,
/// so that every range check that follows refuses it.
pub(super) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0u64, |sum, b| {
        b.is_ascii_digit()
            .then(|| sum.saturating_mul(10).saturating_add(u64::from(b - b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_quotes_and_brackets_do_not_split() {
        let parts: Vec<&str> = split_outside(r#""a,\",b" <sip:c,d@e>;q=1 , sip:f@g,"#, b',').collect();
        assert_eq!(parts, [r#""a,\",b" <sip:c,d@e>;q=1"#, "sip:f@g", ""]);
    }

    #[test]
    fn a_quote_may_be_missing_its_end() {
        assert_eq!(split_outside(r#""a,b"#, b',').count(), 1);
        assert_eq!(quoted_string(r#""a,b"#), None);
        assert_eq!(quoted_string(r#""a\"#), None);
    }

    #[test]
    fn numbers_beyond_all_ranges_stay_beyond_all_ranges() {
        assert_eq!(digits("0068"), Some(68));
        assert_eq!(digits("18446744073709551615"), Some(u64::MAX));
        assert_eq!(digits("99999999999999999999999999"), Some(u64::MAX));
        assert_eq!(digits("-1"), None);
        assert_eq!(digits("+1"), None);
        assert_eq!(digits(""), None);
    }
}
