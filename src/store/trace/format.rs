//! The bytes of a trace file, and what of a message may be written. Knows no files.
//!
//! ```text
//! entry   length u32 · crc32 u32 · at i64 · way u8 · flow length u16 · Call-ID length u16 · flow · Call-ID · message
//! ```
//! Numbers are little-endian; length and checksum cover what follows the checksum. Reading stops at the first bad entry.

use crate::kernel::Wall;
use crate::sip::Flow;

use super::{TracedMessage, Way};

/// A message that waits; its bytes are in the queue's buffer.
pub struct Raw {
    pub at: Wall,
    pub way: Way,
    pub flow: Flow,
    pub length: usize,
}

const HEAD_BYTES: usize = 8;
const FIXED_BYTES: usize = 13;
/// Headers whose values are secrets or can be tried against a dictionary.
const SECRET: [&[u8]; 2] = [b"authorization", b"proxy-authorization"];
const REDACTED: &[u8] = b" (redacted)";

/// Appends one entry. What is no SIP message (keep-alives) has no Call-ID and is left out.
pub fn push(out: &mut Vec<u8>, raw: &Raw, bytes: &[u8]) {
    let Some(call_id) = call_id(bytes) else {
        return;
    };
    let flow = raw.flow.to_string();
    let (Ok(flow_length), Ok(call_id_length)) = (u16::try_from(flow.len()), u16::try_from(call_id.len())) else {
        return;
    };
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    out.extend_from_slice(&raw.at.as_millis().to_le_bytes());
    out.push(match raw.way {
        Way::In => 0,
        Way::Out => 1,
    });
    out.extend_from_slice(&flow_length.to_le_bytes());
    out.extend_from_slice(&call_id_length.to_le_bytes());
    out.extend_from_slice(flow.as_bytes());
    out.extend_from_slice(call_id);
    push_redacted(out, bytes);
    let body = start + HEAD_BYTES;
    let length = u32::try_from(out.len() - body).unwrap_or(u32::MAX);
    let crc = crc32fast::hash(&out[body..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..body].copy_from_slice(&crc.to_le_bytes());
}

/// Reads the wanted entries of one file.
pub fn read(mut bytes: &[u8], wanted: impl Fn(&TracedMessage) -> bool, into: &mut Vec<TracedMessage>) {
    while let Some((message, rest)) = read_one(bytes) {
        if wanted(&message) {
            into.push(message);
        }
        bytes = rest;
    }
}

fn read_one(bytes: &[u8]) -> Option<(TracedMessage, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let length = u32::from_le_bytes(*head.first_chunk()?);
    let crc = u32::from_le_bytes(*head.last_chunk()?);
    let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    if crc32fast::hash(body) != crc {
        return None;
    }
    let (fixed, body) = body.split_at_checked(FIXED_BYTES)?;
    let at = i64::from_le_bytes(*fixed.first_chunk()?);
    let flow_length = u16::from_le_bytes([fixed[9], fixed[10]]);
    let call_id_length = u16::from_le_bytes([fixed[11], fixed[12]]);
    let (flow, body) = body.split_at_checked(usize::from(flow_length))?;
    let (call_id, message) = body.split_at_checked(usize::from(call_id_length))?;
    let message = TracedMessage {
        at: Wall::from_millis(at),
        way: if fixed[8] == 0 { Way::In } else { Way::Out },
        flow: String::from_utf8_lossy(flow).into_owned(),
        sip_call_id: String::from_utf8_lossy(call_id).into_owned(),
        bytes: message.to_vec(),
    };
    Some((message, rest))
}

/// The lines of the header section, each with its line end, as far as the empty line.
fn header_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split_inclusive(|b| *b == b'\n')
        .take_while(|line| !matches!(*line, b"\r\n" | b"\n"))
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Name (without the space that may stand before the colon) and value of a header line.
fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    let mut lines = header_lines(bytes)
        .skip_while(|line| line.trim_ascii().is_empty())
        .peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = name_and_value(line) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i") {
            let folded = lines
                .peek()
                .filter(|next| is_folded(next))
                .map(|next| next.trim_ascii());
            return if value.is_empty() { folded } else { Some(value) };
        }
    }
    None
}

fn push_redacted(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    let mut secret = false;
    for line in header_lines(bytes) {
        rest = &rest[line.len()..];
        if !is_folded(line) {
            let name = name_and_value(line).map_or(&[][..], |(name, _)| name);
            secret = SECRET.iter().any(|s| name.eq_ignore_ascii_case(s));
            if secret {
                let colon = line.iter().position(|b| *b == b':').map_or(0, |at| at + 1);
                out.extend_from_slice(&line[..colon]);
                out.extend_from_slice(REDACTED);
                out.extend_from_slice(b"\r\n");
            }
        }
        if !secret {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(rest);
}
