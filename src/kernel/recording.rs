//! Names of recordings: a folder for each day, so that none grows without end and old ones are found by their age. Knows no disk.

use jiff::tz::TimeZone;

use super::{CallId, Wall, calendar};

/// The name of a call's `n`-th recording, below the recordings' folder: `2026/11/23/CALL-n.wav`, by the day on which it began in
/// the city's time.
pub fn file_name(call: CallId, n: u32, began: Wall, zone: &TimeZone) -> String {
    let day = day_folder(began, zone).unwrap_or_else(|| "undated".to_owned());
    format!("{day}/{call}-{n}.wav")
}

/// `2026/11/23`; `None` outside the years that there are.
pub fn day_folder(at: Wall, zone: &TimeZone) -> Option<String> {
    let (date, _) = calendar::civil(at, zone)?;
    Some(date.strftime("%Y/%m/%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_just_after_midnight_is_of_the_new_day() {
        let call = CallId::parse("01M84ABGH3743RRJDCS8KC54EC").unwrap();
        let zone = calendar::zone(calendar::DEFAULT_ZONE).unwrap();
        let at = |text: &str| Wall::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let name = |began| file_name(call, 2, at(began), &zone);
        assert_eq!(
            name("2026-11-22T15:59:59Z"),
            "2026/11/22/01M84ABGH3743RRJDCS8KC54EC-2.wav"
        );
        assert_eq!(
            name("2026-11-22T16:00:00Z"),
            "2026/11/23/01M84ABGH3743RRJDCS8KC54EC-2.wav"
        );
    }
}
