//! Times: RFC 3339 with milliseconds in the site's zone, both ways. Spans: whole seconds.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::kernel::Wall;

/// Tells times in the site's zone.
#[derive(Clone, Debug)]
pub(in crate::http) struct Times(TimeZone);

impl Times {
    /// By the IANA name of a zone; UTC if there is none of this name.
    pub(in crate::http) fn new(zone: &str) -> Self {
        Self(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }

    /// `2026-11-05T09:30:00.000+08:00`
    pub(in crate::http) fn tell(&self, at: Wall) -> String {
        let stamp = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        stamp
            .to_zoned(self.0.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
            .to_string()
    }
}

/// Reads a time with its offset. A `+` that became a space on its way through a query is taken for what it was.
pub(in crate::http) fn read_time(text: &str) -> Option<Wall> {
    let stamp: jiff::Timestamp = text.replace(' ', "+").parse().ok()?;
    Some(Wall::from_millis(stamp.as_millisecond()))
}

/// Whole seconds of a span.
pub(in crate::http) const fn seconds(span: Duration) -> u64 {
    span.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_was_told() {
        let at = Wall::from_millis(1_793_842_200_123);
        let told = Times::new("Asia/Shanghai").tell(at);
        assert_eq!(told, "2026-11-05T09:30:00.123+08:00");
        assert_eq!(read_time(&told), Some(at));
        assert_eq!(read_time(&told.replace('+', " ")), Some(at));
        assert_eq!(read_time("2026-11-05T01:30:00.123Z"), Some(at));
        for bad in ["", "2026-11-05", "1793842200123", "'; DROP TABLE calls"] {
            assert_eq!(read_time(bad), None, "{bad:?}");
        }
    }
}
