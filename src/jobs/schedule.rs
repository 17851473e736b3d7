//! When a daily job is due, in local time. Pure.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::config::Config;
use crate::kernel::{Wall, calendar};

/// A time of day in a zone.
#[derive(Clone, Debug)]
pub struct Daily {
    time: Time,
    zone: TimeZone,
}

impl Daily {
    /// When recordings are purged.
    pub fn of(config: &Config) -> Self {
        let (hour, minute) = config.recordings.purge_time().unwrap_or_default(); // the configuration was checked
        Self {
            time: Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight()),
            zone: calendar::zone(&config.time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// The next such moment after `now`; `None` beyond the years that there are.
    pub fn next(&self, now: Wall) -> Option<Wall> {
        let here = Timestamp::from_millisecond(now.as_millis())
            .ok()?
            .to_zoned(self.zone.clone());
        let at = |date: jiff::civil::Date| date.to_datetime(self.time).to_zoned(self.zone.clone()).ok();
        let today = at(here.date())?;
        let next = if today > here {
            today
        } else {
            at(here.date().checked_add(1.day()).ok()?)?
        };
        Some(Wall::from_millis(next.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        Wall::from_millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn half_past_three_comes_once_a_day() {
        let daily = Daily::of(&Config::default());
        let next = |text: &str| daily.next(at(text)).unwrap();
        assert_eq!(next("2026-11-23T03:29:59+08:00"), at("2026-11-23T03:30:00+08:00"));
        assert_eq!(next("2026-11-23T03:30:00+08:00"), at("2026-11-24T03:30:00+08:00"));
        assert_eq!(next("2026-12-31T23:59:59+08:00"), at("2027-01-01T03:30:00+08:00"));
    }

    #[test]
    fn a_night_without_that_hour_has_it_an_hour_later() {
        let mut config = Config {
            time_zone: "Europe/Berlin".into(),
            ..Config::default()
        };
        config.recordings.purge_at = "02:30".into();
        let daily = Daily::of(&config);
        // On 29 March 2026 the clocks go from 2 to 3.
        assert_eq!(
            daily.next(at("2026-03-29T00:00:00+01:00")),
            Some(at("2026-03-29T03:30:00+02:00"))
        );
        assert_eq!(
            daily.next(at("2026-03-29T03:30:00+02:00")),
            Some(at("2026-03-30T02:30:00+02:00"))
        );
    }
}
