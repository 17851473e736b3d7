//! Keys by INFO, both ways: `application/dtmf-relay` and `application/dtmf`. Knows no other use of INFO.

use crate::kernel::Digit;
use crate::sip::message::{HeaderName, Method, Request};
use crate::sip::transaction::ServerKey;

use super::checks::Refusal;
use super::core::{Core, Purpose};
use super::leg::{Leg, Phase};
use super::types::UaEvent;

/// What a key lasts where nobody says, milliseconds.
const USUAL_MS: u32 = 160;
/// Longest key believed, milliseconds.
const LONGEST_MS: u32 = 10_000;

/// Why a body is no key.
#[derive(Debug, PartialEq, Eq)]
enum NoKey {
    /// Another kind of body: 415.
    Kind,
    /// The right kind, but no key in it: 400.
    Content,
}

fn parse(kind: &str, body: &[u8]) -> Result<(Digit, u32), NoKey> {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = std::str::from_utf8(body).map_err(|_| NoKey::Content)?;
    let found = match essence.as_str() {
        "application/dtmf-relay" => relay(text),
        "application/dtmf" => key(text).map(|digit| (digit, USUAL_MS)),
        _ => return Err(NoKey::Kind),
    };
    found.ok_or(NoKey::Content)
}

/// `Signal=5` and `Duration=160` on lines of their own, with or without spaces.
fn relay(text: &str) -> Option<(Digit, u32)> {
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let duration = field("duration").and_then(|value| value.parse().ok());
    let duration = duration.unwrap_or(USUAL_MS).min(LONGEST_MS);
    Some((key(field("signal")?)?, duration))
}

/// A key as a character, or 10 and 11 for star and hash.
fn key(text: &str) -> Option<Digit> {
    match text.trim() {
        "10" => Digit::from_char('*'),
        "11" => Digit::from_char('#'),
        text => {
            let mut chars = text.chars();
            let digit = Digit::from_char(chars.next()?)?;
            chars.next().is_none().then_some(digit)
        }
    }
}

impl Leg {
    /// An INFO: a key, or a question whether we are there.
    pub fn on_info(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        let kind = request.headers.text(&HeaderName::ContentType).unwrap_or_default();
        if request.body.is_empty() {
            return core.reply(key, request, 200);
        }
        match parse(&kind, &request.body) {
            Ok((digit, duration_ms)) => {
                core.event(UaEvent::Digit {
                    leg: self.id,
                    digit,
                    duration_ms,
                });
                core.reply(key, request, 200);
            }
            Err(NoKey::Content) => core.reply(key, request, 400),
            Err(NoKey::Kind) => {
                let kinds = "application/dtmf-relay, application/dtmf".to_owned();
                core.refuse(key, request, Refusal::because(415, HeaderName::Accept, kinds));
            }
        }
    }

    /// Sends a key.
    pub fn send_key(&mut self, core: &mut Core, digit: Digit) {
        if matches!(self.phase, Phase::Talking) {
            let mut info = self.request(core, Method::Info);
            info.headers.push(HeaderName::ContentType, "application/dtmf-relay");
            info.body = format!("Signal={}\r\nDuration={USUAL_MS}\r\n", digit.as_char()).into_bytes();
            self.send(core, info, Purpose::Info);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn char_of(kind: &str, body: &str) -> Result<(char, u32), NoKey> {
        parse(kind, body.as_bytes()).map(|(digit, ms)| (digit.as_char(), ms))
    }

    #[test]
    fn devices_write_keys_in_several_ways() {
        assert_eq!(
            char_of("application/dtmf-relay", "Signal=5\r\nDuration=250\r\n"),
            Ok(('5', 250))
        );
        assert_eq!(char_of("Application/DTMF-Relay", "signal = *\n"), Ok(('*', 160)));
        assert_eq!(
            char_of("application/dtmf-relay", "Signal=11\r\nDuration=99999999"),
            Ok(('#', 10_000))
        );
        assert_eq!(char_of("application/dtmf; charset=x", " 7 "), Ok(('7', 160)));
    }

    #[test]
    fn what_is_no_key_says_which_kind_of_wrong_it_is() {
        assert_eq!(char_of("application/dtmf-relay", "Signal=!\r\n"), Err(NoKey::Content));
        assert_eq!(char_of("application/dtmf", "123"), Err(NoKey::Content));
        assert_eq!(char_of("text/plain", "5"), Err(NoKey::Kind));
    }
}
