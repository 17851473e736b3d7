//! Words that people write: names, notes, reasons, numbers. A line break or another control character in them could forge a
//! header, a log line or a table; such words are refused, not mended.

use crate::http::Error;
use crate::kernel::{Digit, PhoneNumber};

/// Longest number to be dialled, characters: E.164 has 15 digits, with a prefix and extension some more.
const NUMBER_MAX_CHARS: usize = 32;
/// Most keys sent at once.
const KEYS_MAX: usize = 32;

/// One line of at most `most` characters, not empty; `what` names it to people.
pub(in crate::http) fn line(what: &str, text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim_matches(' ');
    let fits = (1..=most).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Error::Invalid(format!(
            "{what}须为 1 至 {most} 个字符，且不含换行等控制字符"
        )))
    }
}

/// Like [`line`], but may be empty and may have several lines.
pub(in crate::http) fn note(what: &str, text: &str, most: usize) -> Result<String, Error> {
    let bad = |c: char| c.is_control() && c != '\n';
    if text.chars().count() <= most && !text.chars().any(bad) {
        Ok(text.to_owned())
    } else {
        Err(Error::Invalid(format!("{what}最多 {most} 个字符，且不含控制字符")))
    }
}

/// A code of a catalogue: small letters, digits, `_`.
pub(in crate::http) fn code(what: &str, text: &str) -> Result<String, Error> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=32).contains(&text.len()) && text.bytes().all(good) {
        Ok(text.to_owned())
    } else {
        Err(Error::Invalid(format!("{what}须为 1 至 32 个小写字母、数字或下划线")))
    }
}

/// A number as it can be dialled: digits, `*`, `#`, a `+` before them.
pub(in crate::http) fn number(text: &str) -> Result<PhoneNumber, Error> {
    let places = text.strip_prefix('+').unwrap_or(text);
    let good = |b: u8| b.is_ascii_digit() || b == b'*' || b == b'#';
    if (1..=NUMBER_MAX_CHARS).contains(&places.len()) && places.bytes().all(good) {
        Ok(PhoneNumber::new(text))
    } else {
        Err(Error::Invalid(
            "号码只能由数字、* 和 # 组成，最前可有 +，最多 32 位".into(),
        ))
    }
}

/// Keys of a telephone.
pub(in crate::http) fn keys(text: &str) -> Result<Vec<Digit>, Error> {
    let keys: Option<Vec<Digit>> = text.chars().map(Digit::from_char).collect();
    keys.filter(|keys| (1..=KEYS_MAX).contains(&keys.len()))
        .ok_or_else(|| Error::Invalid("按键须为 1 至 32 个 0–9、*、# 或 A–D".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_line_break_is_no_number() {
        assert!(number("110").is_ok() && number("+8639112345").is_ok() && number("0391*12#").is_ok());
        for bad in [
            "",
            "110\r\nVia: x",
            "110;ext",
            "sip:110@x",
            "１１０",
            "+",
            &"1".repeat(33),
        ] {
            assert!(number(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_are_one_line_and_short() {
        assert_eq!(line("姓名", " 李伟 ", 4).unwrap(), "李伟");
        for bad in ["", " ", "a\nb", "a\u{0}b", "abcde"] {
            assert!(line("姓名", bad, 4).is_err(), "{bad:?}");
        }
        assert!(note("备注", "一\n二", 4).is_ok() && note("备注", "一\r二", 4).is_err());
        assert!(code("原因", "meal_2").is_ok() && code("原因", "'; --").is_err());
        assert!(keys("12#A").is_ok() && keys("").is_err() && keys("1w2").is_err());
    }
}
