//! Draws traced messages for people: a ladder of arrows, or the messages in full. Numbers are masked unless asked for.

use std::fmt::Write;

use crate::kernel::PhoneNumber;

use super::{TracedMessage, Way};

/// Whether telephone numbers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// Their middle is replaced.
    #[default]
    Masked,
    /// In full; the caller has noted who looks.
    Shown,
}

const COLUMN: usize = 64;

/// One line a message, one column a party: we are the first, the others follow in the order in which they appear.
pub fn ladder(messages: &[TracedMessage], numbers: Numbers) -> String {
    let mut peers: Vec<&str> = Vec::new();
    for message in messages {
        let peer = peer(message);
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    let mut text = format!("{:>9}  yihao", "");
    for peer in &peers {
        let _ = write!(text, "{peer:>COLUMN$}");
    }
    text.push('\n');
    let start = messages.first().map_or(0, |m| m.at.as_millis());
    for message in messages {
        let millis = message.at.as_millis().saturating_sub(start);
        let column = peers.iter().position(|p| *p == peer(message)).unwrap_or(0);
        let width = COLUMN * (column + 1) + 2;
        let label = label(message, numbers, width.saturating_sub(6));
        let arrow = match message.way {
            Way::Out => format!("|-{label:-<w$}>|", w = width - 3),
            Way::In => format!("|<{label:-<w$}-|", w = width - 3),
        };
        let _ = writeln!(text, "{:>5}.{:03}  {arrow}", millis / 1_000, millis.rem_euclid(1_000));
    }
    text
}

/// All messages in full, each under a line that says when and which way.
pub fn transcript(messages: &[TracedMessage], numbers: Numbers) -> String {
    let mut text = String::new();
    for message in messages {
        let way = match message.way {
            Way::In => "in",
            Way::Out => "out",
        };
        let _ = writeln!(text, "-- {} ms  {way}  {}", message.at.as_millis(), message.flow);
        let body = printable(&String::from_utf8_lossy(&message.bytes));
        let _ = writeln!(text, "{}", if numbers == Numbers::Shown { body } else { masked(&body) });
    }
    text
}

/// The flow's text is `UDP local ↔ remote`.
fn peer(message: &TracedMessage) -> &str {
    message.flow.rsplit(' ').next().unwrap_or_default()
}

/// ` INVITE sip:…  (SDP) ` or ` 200 OK (INVITE) `.
fn label(message: &TracedMessage, numbers: Numbers, most: usize) -> String {
    let text = String::from_utf8_lossy(&message.bytes);
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let headers = lines.take_while(|line| !line.is_empty());
    let mut method = "";
    let mut has_sdp = false;
    for (name, value) in headers.filter_map(|line| line.split_once(':')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "cseq" => method = value.split_whitespace().nth(1).unwrap_or_default(),
            "content-type" | "c" => has_sdp = value.to_ascii_lowercase().contains("application/sdp"),
            _ => {}
        }
    }
    let what = match first.strip_prefix("SIP/2.0 ") {
        Some(status) => format!("{status} ({method})"),
        None => first.trim_end_matches(" SIP/2.0").to_owned(),
    };
    let what = if numbers == Numbers::Shown { what } else { masked(&what) };
    let what: String = printable(&what).chars().take(most.saturating_sub(7)).collect();
    format!(" {what}{} ", if has_sdp { " (SDP)" } else { "" })
}

/// A trace is what strangers sent: nothing in it may move a terminal's cursor.
fn printable(text: &str) -> String {
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .filter(|c| *c != '\r')
        .map(|c| if shown(c) { c } else { '\u{FFFD}' })
        .collect()
}

/// Masks every run of seven and more digits that stands where a number can: behind `sip:`, `tel:`, a quote or `<`, or at
/// the start of a word; so tags, branches and timestamps inside words stay readable.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let plus = usize::from(c == '+');
        let digits = rest[plus..].bytes().take_while(u8::is_ascii_digit).count();
        let run = plus + digits;
        if digits >= 7 && !before.is_ascii_alphanumeric() {
            out.push_str(&PhoneNumber::new(&rest[..run]).masked());
            before = '0';
            rest = &rest[run..];
        } else {
            out.push(c);
            before = c;
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
