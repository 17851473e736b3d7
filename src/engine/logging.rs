//! The log: one line an event, to standard error, text or JSON, numbers of citizens masked and control characters gone.
//!
//! `PhoneNumber` masks itself; the writer here is the second fence, for a number that is still part of a SIP message or
//! of an error's text. It knows lines, not what they are about.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Log, LogFormat};
use crate::kernel::PhoneNumber;

/// Environment variable with a filter that goes before `log.level`: `info,yihao::sip=debug`.
pub const ENVIRONMENT: &str = "YIHAO_LOG";

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// [`ENVIRONMENT`] holds no filter.
    #[error("{ENVIRONMENT}: {0}")]
    Filter(String),
    /// A log is set up already.
    #[error("the log is set up already")]
    Second,
}

/// Sets up the process's log, once. `filter` is the content of [`ENVIRONMENT`], if it is set.
pub fn init(config: &Log, filter: Option<OsString>) -> Result<(), LogError> {
    let filter = filter
        .map(|text| text.to_string_lossy().into_owned())
        .filter(|text| !text.is_empty());
    let filter = filter.unwrap_or_else(|| config.level.as_str().to_owned());
    let filter = EnvFilter::try_new(filter).map_err(|error| LogError::Filter(error.to_string()))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Masked(io::stderr))
        .with_ansi(false);
    match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LogError::Second)
}

/// Makes writers whose lines are cleaned on their way.
struct Masked<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Masked<M> {
    type Writer = Cleaner<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Cleaner(self.0.make_writer())
    }
}

/// Cleans what one `write` brings: the formatter hands over each event in one.
struct Cleaner<W>(W);

impl<W: Write> Write for Cleaner<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(clean(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Masks what looks like a citizen's number and replaces control characters, but for the line's end.
fn clean(line: &str) -> Cow<'_, str> {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let mut out = String::with_capacity(line.len());
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (head, tail) = rest.split_at(digits.max(first.len_utf8()));
        if digits > 0 && is_citizens(head) {
            out.push_str(&PhoneNumber::new(head).masked());
        } else if digits == 0 && first.is_control() {
            out.push(' ');
        } else {
            out.push_str(head);
        }
        rest = tail;
    }
    if out == body {
        return Cow::Borrowed(line);
    }
    out.push_str(end);
    Cow::Owned(out)
}

/// A mobile (`1[3-9]` and nine more) or a national number (`0`, area code, subscriber), alone or behind `86`.
/// Times in milliseconds (13 digits from 1), ids and ports have other shapes.
fn is_citizens(digits: &str) -> bool {
    let national = match digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")) {
        Some(rest) if rest.len() >= 10 => rest,
        _ => digits,
    };
    let mobile = national.len() == 11 && national.starts_with('1') && national.as_bytes()[1] >= b'3';
    let landline = (10..=12).contains(&national.len()) && national.starts_with('0');
    let behind_code = national.len() < digits.len() && (10..=11).contains(&national.len());
    mobile || landline || behind_code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_inside_a_message_is_masked() {
        for (raw, shown) in [
            (
                "From: <sip:13800001234@192.0.2.1>\n",
                "From: <sip:138****1234@192.0.2.1>\n",
            ),
            ("to=+8613800001234", "to=+86138****1234"),
            ("tel:03918399123;x", "tel:039****9123;x"),
            ("二 13800001234 三", "二 138****1234 三"),
        ] {
            assert_eq!(clean(raw), shown);
        }
    }

    #[test]
    fn what_is_no_number_of_a_citizen_stays() {
        for line in [
            "at_ms=1793842200000",
            "ssrc=3735928559",
            "port=20000 12345 110",
            "2026-11-05T01:30:00.123456Z",
            "tag=9f138000012345",
        ] {
            assert_eq!(clean(line), line);
        }
    }

    #[test]
    fn a_display_name_cannot_forge_a_line_or_move_the_cursor() {
        assert_eq!(
            clean("name=\"a\r\nERROR all lost\u{1b}[2J\u{9b}1m\"\n"),
            "name=\"a  ERROR all lost [2J 1m\"\n"
        );
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let error = init(&Log::default(), Some("yihao=loud=very".into()));
        assert!(matches!(error, Err(LogError::Filter(_))));
    }
}
