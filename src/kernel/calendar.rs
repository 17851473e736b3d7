//! The working calendar: which days are worked (weekends, State Council holidays, 调休 make-up days) and whether a place is
//! open at a moment. Knows no clock and reads no file: tables and moments are handed in.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Wall;

/// The default zone of every hour in the system.
pub const DEFAULT_ZONE: &str = "Asia/Shanghai";

/// One day's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayKind {
    /// People work on this day.
    pub working: bool,
    /// The year has no table: `working` is a guess from the weekday, and whoever uses it must say so.
    pub provisional: bool,
    /// The holiday that the day belongs to, also for its make-up working days.
    pub name: Option<String>,
}

/// Days that differ from the plain week, year by year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// By year: the days that the table names. A year that is not here is provisional.
    years: BTreeMap<i16, BTreeMap<Date, Exception>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    off: bool,
    name: String,
}

/// Why a table cannot be used. An empty or half-read table would be a silent guess, so it is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// No JSON of the expected shape.
    #[error("not a holiday table (NateScarlet/holiday-cn format): {0}")]
    Format(#[from] serde_json::Error),
    /// A date that the calendar does not have.
    #[error("{0:?} is no date (want YYYY-MM-DD)")]
    Date(String),
    /// A date twice, with two meanings.
    #[error("{0} is given twice with different meanings")]
    Contradiction(Date),
    /// The table names no day of its own year.
    #[error("the table of {0} names no day: a year without its table must stay provisional")]
    Empty(i16),
}

/// The file format of NateScarlet/holiday-cn, one file a year.
#[derive(Deserialize)]
struct YearFile {
    year: i16,
    days: Vec<DayEntry>,
}

#[derive(Deserialize)]
struct DayEntry {
    name: String,
    date: String,
    #[serde(rename = "isOffDay")]
    is_off_day: bool,
}

impl Calendar {
    /// Reads one year's table: `{"year":2026,"days":[{"name":"元旦","date":"2026-01-01","isOffDay":true}, …]}`.
    ///
    /// # Errors
    /// [`CalendarError`] if it is no such table, contradicts itself, or is empty.
    pub fn from_json(text: &str) -> Result<Self, CalendarError> {
        let file: YearFile = serde_json::from_str(text)?;
        let mut calendar = Self::default();
        for entry in file.days {
            let date: Date = entry
                .date
                .parse()
                .map_err(|_| CalendarError::Date(entry.date.clone()))?;
            let exception = Exception {
                off: entry.is_off_day,
                name: entry.name,
            };
            // A file may name days of a neighbouring year (a holiday across New Year); only its own year counts as known.
            if date.year() != file.year {
                continue;
            }
            let days = calendar.years.entry(file.year).or_default();
            if days
                .insert(date, exception.clone())
                .is_some_and(|old| old.off != exception.off)
            {
                return Err(CalendarError::Contradiction(date));
            }
        }
        if calendar.years.is_empty() {
            return Err(CalendarError::Empty(file.year));
        }
        Ok(calendar)
    }

    /// Takes in another calendar's years; a year that both have is replaced as a whole (a corrected table).
    pub fn merge(&mut self, other: Self) {
        self.years.extend(other.years);
    }

    /// The years that have a table, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.keys().copied()
    }

    /// What kind of day `date` is.
    pub fn day(&self, date: Date) -> DayKind {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let table = self.years.get(&date.year());
        let exception = table.and_then(|days| days.get(&date));
        DayKind {
            working: exception.map_or(!weekend, |e| !e.off),
            provisional: table.is_none(),
            name: exception.map(|e| e.name.clone()),
        }
    }
}

/// A moment of the day in minutes after midnight, 0 to 1440: `24:00` is the end of the day, which no clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayMinute(u16);

impl DayMinute {
    /// Reads `HH:MM`, `00:00` to `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (h, m) = text.split_once(':')?;
        let two = |s: &str| (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u16>().ok());
        let (h, m) = (two(h)??, two(m)??);
        (m < 60 && h * 60 + m <= 24 * 60).then_some(Self(h * 60 + m))
    }

    /// Minutes after midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for DayMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A stretch of the day, from its first minute up to but not including its last: `09:00-12:00` and `12:00-13:00` leave no
/// gap and do not overlap; `00:00-24:00` is the whole day, with no minute missing at midnight (trap 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First moment inside.
    pub from: DayMinute,
    /// First moment after.
    pub to: DayMinute,
}

impl Span {
    /// Reads `HH:MM-HH:MM`. A span over midnight (`22:00-06:00`) is not one span of one day: write two.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from, to) = text
            .split_once('-')
            .and_then(|(a, b)| Some((DayMinute::parse(a.trim())?, DayMinute::parse(b.trim())?)))
            .ok_or_else(|| format!("{text:?} is no span of hours (want \"09:00-17:30\", up to 24:00)"))?;
        if from >= to {
            return Err(format!(
                "{text:?} ends before it begins; over midnight write two spans, \"{from}-24:00\" and \"00:00-{to}\""
            ));
        }
        Ok(Self { from, to })
    }

    fn contains(self, minute: DayMinute) -> bool {
        self.from <= minute && minute < self.to
    }
}

/// When a place is open.
#[derive(Clone, Debug)]
pub struct OpeningHours {
    /// Spans on working days.
    pub working_days: Vec<Span>,
    /// Spans on all other days.
    pub other_days: Vec<Span>,
    /// The zone that the spans are meant in.
    pub zone: TimeZone,
}

/// The answer to "is it open?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openness {
    /// It is open.
    pub open: bool,
    /// The year that has no table, when the answer rests on a guess from the weekday. To be raised as an alarm.
    pub provisional_year: Option<i16>,
}

impl OpeningHours {
    /// Whether it is open at `at`. A moment outside jiff's range (year 9999) counts as closed.
    pub fn at(&self, calendar: &Calendar, at: Wall) -> Openness {
        let Some((date, time)) = civil(at, &self.zone) else {
            return Openness {
                open: false,
                provisional_year: None,
            };
        };
        let day = calendar.day(date);
        let minute = DayMinute(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()));
        let open_on = |spans: &[Span]| spans.iter().any(|s| s.contains(minute));
        let (working, other) = (open_on(&self.working_days), open_on(&self.other_days));
        Openness {
            open: if day.working { working } else { other },
            // A guess that cannot change the answer is no reason for an alarm: a 7×24 line is open on any day.
            provisional_year: (day.provisional && working != other).then_some(date.year()),
        }
    }
}

/// Date and time of day of a moment in a zone; `None` outside the years that jiff knows.
pub fn civil(at: Wall, zone: &TimeZone) -> Option<(Date, Time)> {
    let zoned = Timestamp::from_millisecond(at.as_millis()).ok()?.to_zoned(zone.clone());
    Some((zoned.date(), zoned.time()))
}

/// The zone of that IANA name, from the database built into the program.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn shipped() -> Calendar {
        let mut calendar = Calendar::from_json(include_str!("../../config/calendar/2025.json")).unwrap();
        calendar.merge(Calendar::from_json(include_str!("../../config/calendar/2026.json")).unwrap());
        calendar
    }

    fn shanghai(text: &str) -> Wall {
        let zoned = text
            .parse::<jiff::civil::DateTime>()
            .unwrap()
            .to_zoned(zone(DEFAULT_ZONE).unwrap())
            .unwrap();
        Wall::from_millis(zoned.timestamp().as_millisecond())
    }

    fn hall() -> OpeningHours {
        OpeningHours {
            working_days: vec![Span::parse("09:00-12:00").unwrap(), Span::parse("13:00-17:00").unwrap()],
            other_days: vec![],
            zone: zone(DEFAULT_ZONE).unwrap(),
        }
    }

    #[test]
    fn the_state_councils_tables_count_as_published() {
        // 国办发明电〔2024〕12号 and 〔2025〕7号: days off and make-up days as the notices count them.
        let calendar = shipped();
        let count = |year: i16, off: bool| calendar.years[&year].values().filter(|e| e.off == off).count();
        assert_eq!((count(2025, true), count(2025, false)), (1 + 8 + 3 + 5 + 3 + 8, 5));
        assert_eq!((count(2026, true), count(2026, false)), (3 + 9 + 3 + 5 + 3 + 3 + 7, 6));
        for days in calendar.years.values() {
            for (date, day) in days.iter().filter(|(_, d)| !d.off) {
                assert!(
                    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
                    "{date} {} is a make-up day on a plain working day",
                    day.name
                );
            }
        }
    }

    #[test]
    fn a_make_up_sunday_is_worked_and_a_holiday_monday_is_not() {
        let calendar = shipped();
        assert!(
            calendar.day(date(2026, 9, 20)).working,
            "Sunday made up for National Day"
        );
        assert!(
            !calendar.day(date(2026, 2, 23)).working,
            "Monday of the Spring Festival"
        );
        assert!(calendar.day(date(2026, 11, 23)).working);
        assert!(!calendar.day(date(2026, 11, 22)).working);
        assert_eq!(calendar.day(date(2026, 10, 1)).name.as_deref(), Some("国庆节"));
    }

    #[test]
    fn a_year_without_a_table_is_said_to_be_a_guess() {
        let day = shipped().day(date(2027, 1, 1));
        assert!(
            day.provisional && day.working,
            "2027 has no table yet: Friday, but only a guess"
        );
        assert_eq!(
            hall().at(&shipped(), shanghai("2027-01-01T10:00")).provisional_year,
            Some(2027)
        );
        let always = OpeningHours {
            working_days: vec![Span::parse("00:00-24:00").unwrap()],
            other_days: vec![Span::parse("00:00-24:00").unwrap()],
            ..hall()
        };
        assert_eq!(
            always.at(&shipped(), shanghai("2027-01-01T10:00")).provisional_year,
            None
        );
    }

    #[test]
    fn doors_open_and_close_on_the_exact_second() {
        let (hall, calendar) = (hall(), shipped());
        let open = |text| hall.at(&calendar, shanghai(text)).open;
        assert!(!open("2026-11-23T08:59:59.999") && open("2026-11-23T09:00:00"));
        assert!(open("2026-11-23T11:59:59.999") && !open("2026-11-23T12:00:00"));
        assert!(open("2026-11-23T16:59:59") && !open("2026-11-23T17:00:00"));
        assert!(
            !open("2026-11-22T10:00:00") && open("2026-09-20T10:00:00"),
            "Sundays: plain, and made up"
        );
    }

    #[test]
    fn a_line_staffed_day_and_night_is_never_closed_for_a_minute_at_midnight() {
        let always = OpeningHours {
            working_days: vec![Span::parse("00:00-24:00").unwrap()],
            other_days: vec![Span::parse("00:00-24:00").unwrap()],
            ..hall()
        };
        for text in [
            "2026-11-22T23:59:00",
            "2026-11-22T23:59:59.999",
            "2026-11-23T00:00:00",
            "2026-11-23T00:00:59",
        ] {
            assert!(always.at(&shipped(), shanghai(text)).open, "{text}");
        }
    }

    #[test]
    fn hours_that_no_clock_shows_are_refused() {
        for bad in [
            "9:00-12:00",
            "09:00-24:01",
            "25:00-26:00",
            "09:60-10:00",
            "22:00-06:00",
            "09:00-09:00",
            "",
            "-",
            "09:00",
        ] {
            assert!(Span::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Span::parse("00:00-24:00").is_ok());
    }

    #[test]
    fn half_a_table_is_refused_as_a_whole() {
        assert!(matches!(
            Calendar::from_json(r#"{"year":2027,"days":[]}"#),
            Err(CalendarError::Empty(2027))
        ));
        assert!(Calendar::from_json("{").is_err());
        assert!(
            Calendar::from_json(r#"{"year":2027,"days":[{"name":"x","date":"2027-02-30","isOffDay":true}]}"#).is_err()
        );
        let twice = r#"{"year":2027,"days":[{"name":"x","date":"2027-02-03","isOffDay":true},{"name":"x","date":"2027-02-03","isOffDay":false}]}"#;
        assert!(matches!(
            Calendar::from_json(twice),
            Err(CalendarError::Contradiction(_))
        ));
    }
}
