//! English: one hundred and five, nine oh five a.m., the twenty-third of November twenty twenty-six, in British official speech.

use jiff::civil::{Date, Time};

use super::{Piece, counted, piece};

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 31] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];
const WORDS: [(&str, &str); 28] = [
    ("num/hundred", "hundred"),
    ("num/thousand", "thousand"),
    ("num/million", "million"),
    ("num/billion", "billion"),
    ("num/and", "and"),
    ("num/minus", "minus"),
    ("num/oh", "oh"),
    ("key/star", "star"),
    ("key/hash", "hash"),
    ("key/plus", "plus"),
    ("date/the", "the"),
    ("date/of", "of"),
    ("time/am", "a m"),
    ("time/pm", "p m"),
    ("time/noon", "noon"),
    ("time/midnight", "midnight"),
    ("money/yuan", "yuan"),
    ("money/fen", "fen"),
    ("unit/second", "second"),
    ("unit/seconds", "seconds"),
    ("unit/minute", "minute"),
    ("unit/minutes", "minutes"),
    ("unit/hour", "hour"),
    ("unit/hours", "hours"),
    ("unit/day", "day"),
    ("unit/days", "days"),
    ("unit/to", "to"),
    ("num/trillion", "trillion"),
];

/// Every piece with the words to record.
pub(super) fn lines() -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = WORDS.iter().map(|(id, text)| ((*id).into(), (*text).into())).collect();
    let mut add = |folder: &str, n: usize, text: &str| lines.push((format!("{folder}/{n}"), text.to_owned()));
    for (n, text) in BELOW_TWENTY.iter().enumerate() {
        add("num", n, text);
    }
    for (n, text) in TENS.iter().enumerate().skip(2) {
        add("num", n * 10, text);
    }
    for (n, text) in MONTHS.iter().enumerate() {
        add("month", n + 1, text);
    }
    for (n, text) in DAYS.iter().enumerate() {
        add("day", n + 1, text);
    }
    lines
}

/// A count.
pub(super) fn number(n: i64, out: &mut Vec<Piece>) {
    if n < 0 {
        out.push(piece("num/minus"));
    }
    unsigned(n.unsigned_abs(), out);
}

fn unsigned(n: u64, out: &mut Vec<Piece>) {
    if n == 0 {
        return out.push(counted("num", 0));
    }
    let mut rest = n;
    for (size, name) in [
        (1_000_000_000_000, "num/trillion"),
        (1_000_000_000, "num/billion"),
        (1_000_000, "num/million"),
        (1_000, "num/thousand"),
    ] {
        let group = rest / size;
        rest %= size;
        if group > 0 {
            unsigned(group, out);
            out.push(piece(name));
        }
    }
    if rest > 0 {
        below_thousand(rest, n >= 1_000, out);
    }
}

/// 1 to 999; `follows` when something larger was said before: one thousand *and* five.
fn below_thousand(n: u64, follows: bool, out: &mut Vec<Piece>) {
    let (hundreds, rest) = (n / 100, n % 100);
    if hundreds > 0 {
        out.push(counted("num", hundreds));
        out.push(piece("num/hundred"));
    }
    if rest > 0 {
        if hundreds > 0 || follows {
            out.push(piece("num/and"));
        }
        below_hundred(rest, out);
    }
}

fn below_hundred(n: u64, out: &mut Vec<Piece>) {
    if n < 20 {
        return out.push(counted("num", n));
    }
    out.push(counted("num", n / 10 * 10));
    if !n.is_multiple_of(10) {
        out.push(counted("num", n % 10));
    }
}

/// The twenty-third of November twenty twenty-six.
pub(super) fn date(date: Date, out: &mut Vec<Piece>) {
    out.push(piece("date/the"));
    out.push(counted("day", date.day()));
    out.push(piece("date/of"));
    out.push(counted("month", date.month()));
    year(u64::from(date.year().unsigned_abs()), out);
}

/// Twenty twenty-six, nineteen oh five, two thousand and nine, nineteen hundred.
fn year(year: u64, out: &mut Vec<Piece>) {
    let (century, rest) = (year / 100, year % 100);
    if !(11..100).contains(&century) || (2000..2010).contains(&year) {
        return unsigned(year, out);
    }
    below_hundred(century, out);
    match rest {
        0 => out.push(piece("num/hundred")),
        1..=9 => {
            out.push(piece("num/oh"));
            out.push(counted("num", rest));
        }
        _ => below_hundred(rest, out),
    }
}

/// Nine oh five a.m., two thirty p.m., noon, midnight.
pub(super) fn time(time: Time, out: &mut Vec<Piece>) {
    let (hour, minute) = (
        u64::from(time.hour().unsigned_abs()),
        u64::from(time.minute().unsigned_abs()),
    );
    match (hour, minute) {
        (0, 0) => return out.push(piece("time/midnight")),
        (12, 0) => return out.push(piece("time/noon")),
        _ => {}
    }
    out.push(counted("num", if hour.is_multiple_of(12) { 12 } else { hour % 12 }));
    match minute {
        0 => {}
        1..=9 => {
            out.push(piece("num/oh"));
            out.push(counted("num", minute));
        }
        _ => below_hundred(minute, out),
    }
    out.push(piece(if hour < 12 { "time/am" } else { "time/pm" }));
}

/// One hundred and five yuan and fifty fen.
pub(super) fn amount(fen: i64, out: &mut Vec<Piece>) {
    if fen < 0 {
        out.push(piece("num/minus"));
    }
    let fen = fen.unsigned_abs();
    let (yuan, rest) = (fen / 100, fen % 100);
    if yuan > 0 || fen == 0 {
        unsigned(yuan, out);
        out.push(piece("money/yuan"));
    }
    if rest > 0 {
        if yuan > 0 {
            out.push(piece("num/and"));
        }
        below_hundred(rest, out);
        out.push(piece("money/fen"));
    }
}

fn measured(n: u64, one: &str, many: &str, out: &mut Vec<Piece>) {
    unsigned(n, out);
    out.push(piece(if n == 1 { one } else { many }));
}

/// One hour thirty minutes; seconds only below an hour, minutes only below a day.
pub(super) fn duration(seconds: u64, out: &mut Vec<Piece>) {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    if days > 0 {
        measured(days, "unit/day", "unit/days", out);
    }
    if hours > 0 {
        measured(hours, "unit/hour", "unit/hours", out);
    }
    if minutes > 0 && days == 0 {
        measured(minutes, "unit/minute", "unit/minutes", out);
    }
    if rest > 0 && days == 0 && hours == 0 || seconds == 0 {
        measured(rest, "unit/second", "unit/seconds", out);
    }
}

/// Two to five minutes; one number when both ends are the same.
pub(super) fn minutes(from: u32, to: u32, out: &mut Vec<Piece>) {
    if from < to {
        unsigned(u64::from(from), out);
        out.push(piece("unit/to"));
    }
    measured(u64::from(from.max(to)), "unit/minute", "unit/minutes", out);
}
