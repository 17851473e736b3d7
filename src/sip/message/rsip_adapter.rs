//! The only door to the `rsip` crate: reason phrases. Wire bytes never pass through it (see the traps of its parser).

use rsip::StatusCode;

/// The reason phrase of a status (RFC 3261 §21 and its extensions), `Unknown` if no RFC has one.
pub fn reason_phrase(status: u16) -> String {
    match status {
        // rsip lacks these, or spells them as identifiers that no longer tell their punctuation.
        200 => "OK".into(),
        202 => "Accepted".into(),
        414 => "Request-URI Too Long".into(),
        416 => "Unsupported URI Scheme".into(),
        422 => "Session Interval Too Small".into(),
        430 => "Flow Failed".into(),
        481 => "Call/Transaction Does Not Exist".into(),
        494 => "Security Agreement Required".into(),
        504 => "Server Time-out".into(),
        603 => "Decline".into(),
        606 => "Not Acceptable".into(),
        608 => "Rejected".into(),
        other => match StatusCode::from(other) {
            StatusCode::Other(..) => "Unknown".into(),
            known => spaced(known.to_string().split_once(' ').map_or("", |(_, name)| name)),
        },
    }
}

/// `NotAcceptableHere` → `Not Acceptable Here`: rsip shows the names of its variants.
fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_read_as_the_rfcs_print_them() {
        for (status, phrase) in [
            (100, "Trying"),
            (180, "Ringing"),
            (200, "OK"),
            (202, "Accepted"),
            (420, "Bad Extension"),
            (421, "Extension Required"),
            (422, "Session Interval Too Small"),
            (481, "Call/Transaction Does Not Exist"),
            (488, "Not Acceptable Here"),
            (505, "Version Not Supported"),
            (699, "Unknown"),
        ] {
            assert_eq!(reason_phrase(status), phrase);
        }
    }
}
