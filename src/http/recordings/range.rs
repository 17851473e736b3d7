//! The `Range` header (RFC 9110 §14.2), one range of octets. Pure.

/// What is to be sent of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From the first octet to the last, both included.
    Range(u64, u64),
    /// None of it lies in the range that was asked for.
    Nothing,
}

/// The part of a file of `len` octets that the header asks for. What is not understood, and several ranges at once, get the
/// whole file, as RFC 9110 §14.2 allows.
pub(super) fn part(header: Option<&str>, len: u64) -> Part {
    let wish = header.and_then(|value| {
        let (unit, range) = value.split_once('=')?;
        let (from, to) = range.split_once('-')?;
        unit.trim()
            .eq_ignore_ascii_case("bytes")
            .then_some((from.trim(), to.trim()))
    });
    let Some((from, to)) = wish else { return Part::Whole };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let range = |first: u64, last: u64| match first < len {
        true => Part::Range(first, last.min(len - 1)),
        false => Part::Nothing,
    };
    match (number(from), number(to)) {
        // The last octets.
        (None, Some(0)) if from.is_empty() => Part::Nothing,
        (None, Some(count)) if from.is_empty() => range(len.saturating_sub(count), u64::MAX),
        (Some(first), None) if to.is_empty() => range(first, u64::MAX),
        (Some(first), Some(last)) if first <= last => range(first, last),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_that_jumps_gets_what_it_asks_for() {
        for (header, expected) in [
            ("bytes=0-99", Part::Range(0, 99)),
            ("bytes=900-", Part::Range(900, 999)),
            ("bytes=900-5000", Part::Range(900, 999)),
            ("bytes=-100", Part::Range(900, 999)),
            ("bytes=-5000", Part::Range(0, 999)),
            ("Bytes = 0-0", Part::Range(0, 0)),
            ("bytes=1000-", Part::Nothing),
            ("bytes=99999999999999999999-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=9-1", Part::Whole),
            ("bytes=0-1,5-9", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 1_000), expected, "{header}");
        }
        assert_eq!(part(None, 1_000), Part::Whole);
        assert_eq!(part(Some("bytes=-1"), 0), Part::Nothing);
    }
}
