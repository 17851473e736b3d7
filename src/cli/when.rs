//! Moments as people write them on a command line, in the city's zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan, Zoned};

use crate::kernel::Wall;
use crate::kernel::calendar;

/// A moment: `2026-03-01`, `2026-03-01 08:30`, `today`, `yesterday`, or so long ago: `90m`, `24h`, `7d`.
pub(super) fn moment(text: &str, zone: &str, now: Wall) -> Result<Wall, String> {
    let here = here(zone, now)?;
    let found = match text {
        "today" => here.start_of_day().ok(),
        "yesterday" => midnight(&here, 1),
        _ => ago(text, &here).or_else(|| written(text, &here)),
    };
    let found = found.ok_or_else(|| {
        format!("{text:?} 不是时间 is no time; 例如 2026-03-01、\"2026-03-01 08:30\"、yesterday、24h、7d")
    })?;
    Ok(wall(&found))
}

/// Midnight before yesterday's day began to be over: the whole of yesterday, and today.
pub(super) fn since_yesterday(zone: &str, now: Wall) -> Result<Wall, String> {
    moment("yesterday", zone, now)
}

fn here(zone: &str, now: Wall) -> Result<Zoned, String> {
    let zone = calendar::zone(zone).ok_or_else(|| format!("no such time zone: {zone}"))?;
    let now = Timestamp::from_millisecond(now.as_millis()).map_err(|error| error.to_string())?;
    Ok(now.to_zoned(zone))
}

fn midnight(here: &Zoned, days_ago: i64) -> Option<Zoned> {
    here.checked_sub(days_ago.days()).ok()?.start_of_day().ok()
}

fn ago(text: &str, here: &Zoned) -> Option<Zoned> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse::<u16>().ok()?.into();
    let span = match unit {
        "m" => number.minutes(),
        "h" => number.hours(),
        "d" => number.days(),
        _ => return None,
    };
    here.checked_sub(span).ok()
}

fn written(text: &str, here: &Zoned) -> Option<Zoned> {
    let at = match text.split_once([' ', 'T']) {
        Some((date, time)) => {
            let date: Date = date.parse().ok()?;
            DateTime::from_parts(date, Time::strptime(clock(time), time).ok()?)
        }
        None => text.parse::<Date>().ok()?.to_datetime(Time::midnight()),
    };
    at.to_zoned(here.time_zone().clone()).ok()
}

/// With seconds or without.
fn clock(time: &str) -> &'static str {
    match time.matches(':').count() {
        2 => "%H:%M:%S",
        _ => "%H:%M",
    }
}

fn wall(at: &Zoned) -> Wall {
    Wall::from_millis(at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_moments_in_many_ways() {
        let now = Wall::from_millis(1_772_411_400_000); // 2026-03-02 08:30 in Shanghai
        let read =
            |text: &str| moment(text, "Asia/Shanghai", now).map(|at| (at.as_millis() - now.as_millis()) / 60_000);
        assert_eq!(read("2026-03-02 08:30"), Ok(0));
        assert_eq!(read("2026-03-02T08:31:00"), Ok(1));
        assert_eq!(read("2026-03-02"), Ok(-510));
        assert_eq!(read("today"), Ok(-510));
        assert_eq!(read("yesterday"), Ok(-510 - 1_440));
        assert_eq!(read("90m"), Ok(-90));
        assert_eq!(read("24h"), Ok(-1_440));
        assert_eq!(read("7d"), Ok(-7 * 1_440));
        for bad in ["", "h", "soon", "2026-13-01", "2026-03-01 25:00", "-1d", "99999d"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
