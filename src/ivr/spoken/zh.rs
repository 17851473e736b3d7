//! Mandarin: 一百零五, 一万零二十, 两点半, 一百零五元五角. Rules of GB/T 15835 reading and everyday official speech; tens,
//! hundreds, hours, months and days are recorded whole, because single syllables in a row sound chopped.

use jiff::civil::{Date, Time};

use super::{Piece, counted, piece};

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Pieces that are neither counted nor computed.
const WORDS: [(&str, &str); 32] = [
    ("num/yao", "幺"),
    ("num/liang", "两"),
    ("num/thousand", "千"),
    ("num/ten-thousand", "万"),
    ("num/hundred-million", "亿"),
    ("num/minus", "负"),
    ("key/star", "星号键"),
    ("key/hash", "井号键"),
    ("key/plus", "加号"),
    ("date/year", "年"),
    ("time/before-dawn", "凌晨"),
    ("time/morning", "上午"),
    ("time/noon", "中午"),
    ("time/afternoon", "下午"),
    ("time/evening", "晚上"),
    ("time/half", "半"),
    ("time/minute", "分"),
    ("money/yuan", "元"),
    ("money/jiao", "角"),
    ("money/fen", "分"),
    ("unit/second", "秒"),
    ("unit/minute", "分钟"),
    ("unit/hour", "小时"),
    ("unit/day", "天"),
    ("unit/to", "到"),
    ("num/10", "十"),
    ("num/11", "十一"),
    ("num/12", "十二"),
    ("num/13", "十三"),
    ("num/14", "十四"),
    ("num/15", "十五"),
    ("num/16", "十六"),
];

/// Every piece with the words to record.
pub(super) fn lines() -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = WORDS.iter().map(|(id, text)| ((*id).into(), (*text).into())).collect();
    let mut add = |folder: &str, n: usize, text: String| lines.push((format!("{folder}/{n}"), text));
    for (n, digit) in DIGITS.iter().enumerate() {
        add("num", n, (*digit).into());
    }
    for n in 17..20 {
        add("num", n, small(n));
    }
    for tens in 2..10 {
        add("num", tens * 10, small(tens * 10));
    }
    for (hundreds, digit) in DIGITS.iter().enumerate().skip(1) {
        add("num", hundreds * 100, format!("{digit}百"));
    }
    for hour in 0..=12 {
        let name = if hour == 2 { "两".into() } else { small(hour) };
        add("hour", hour, format!("{name}点"));
    }
    for month in 1..=12 {
        add("month", month, format!("{}月", small(month)));
    }
    for day in 1..=31 {
        add("day", day, format!("{}日", small(day)));
    }
    lines
}

/// 0 to 99 as text.
fn small(n: usize) -> String {
    let unit = if n.is_multiple_of(10) && n > 0 {
        ""
    } else {
        DIGITS[n % 10]
    };
    match n / 10 {
        0 => DIGITS[n % 10].into(),
        1 => format!("十{unit}"),
        tens => format!("{}十{unit}", DIGITS[tens % 10]),
    }
}

/// A count: 二 alone, 两 before 千, 万 and 亿, one 零 for a gap however wide.
pub(super) fn number(n: i64, out: &mut Vec<Piece>) {
    if n < 0 {
        out.push(piece("num/minus"));
    }
    unsigned(n.unsigned_abs(), out);
}

/// A count with a measure word behind it: 两 instead of 二 when it is just two (两分钟, 两小时; but 十二分钟).
fn measured(n: u64, unit: &str, out: &mut Vec<Piece>) {
    if n == 2 {
        out.push(piece("num/liang"));
    } else {
        unsigned(n, out);
    }
    out.push(piece(unit));
}

fn unsigned(n: u64, out: &mut Vec<Piece>) {
    if n == 0 {
        out.push(counted("num", 0));
    } else {
        // The first 十 of a number is plain (十二, 十二万), a later one is 一十 (一百一十二).
        above_zero(n, true, out);
    }
}

/// `n` > 0. 亿 splits first, so that anything above is said by the same rules (一万二千三百亿).
fn above_zero(n: u64, leads: bool, out: &mut Vec<Piece>) {
    const YI: u64 = 100_000_000;
    const WAN: u64 = 10_000;
    for (size, name) in [(YI, "num/hundred-million"), (WAN, "num/ten-thousand")] {
        let (high, low) = (n / size, n % size);
        if high == 0 {
            continue;
        }
        if high == 2 && leads {
            out.push(piece("num/liang"));
        } else {
            above_zero(high, leads, out);
        }
        out.push(piece(name));
        if low > 0 {
            if low < size / 10 {
                out.push(counted("num", 0));
            }
            above_zero(low, false, out);
        }
        return;
    }
    below_wan(n, leads, out);
}

/// 1 to 9,999.
fn below_wan(n: u64, leads: bool, out: &mut Vec<Piece>) {
    let (thousands, hundreds, rest) = (n / 1000, n / 100 % 10, n % 100);
    if thousands > 0 {
        out.push(if thousands == 2 {
            piece("num/liang")
        } else {
            counted("num", thousands)
        });
        out.push(piece("num/thousand"));
    }
    if hundreds > 0 {
        out.push(counted("num", hundreds * 100));
    }
    if rest == 0 {
        return;
    }
    let gap = thousands > 0 && hundreds == 0 || hundreds > 0 && rest < 10;
    if gap {
        out.push(counted("num", 0));
    }
    match rest {
        1..=9 => out.push(counted("num", rest)),
        10..=19 => {
            if !(leads && thousands == 0 && hundreds == 0) {
                out.push(counted("num", 1)); // 一百「一」十二
            }
            out.push(counted("num", rest));
        }
        _ => {
            out.push(counted("num", rest / 10 * 10));
            if !rest.is_multiple_of(10) {
                out.push(counted("num", rest % 10));
            }
        }
    }
}

/// 二零二六年十一月二十三日: the year digit by digit.
pub(super) fn date(date: Date, out: &mut Vec<Piece>) {
    for digit in date.year().unsigned_abs().to_string().chars() {
        out.push(counted("num", digit));
    }
    out.push(piece("date/year"));
    out.push(counted("month", date.month()));
    out.push(counted("day", date.day()));
}

/// 上午九点零五分, 下午两点半, 凌晨零点十分, 中午十二点.
pub(super) fn time(time: Time, out: &mut Vec<Piece>) {
    let (hour, minute) = (
        u64::from(time.hour().unsigned_abs()),
        u64::from(time.minute().unsigned_abs()),
    );
    let (period, shown) = match hour {
        0..=5 => ("time/before-dawn", hour),
        6..=11 => ("time/morning", hour),
        12 => ("time/noon", 12),
        13..=17 => ("time/afternoon", hour - 12),
        _ => ("time/evening", hour.saturating_sub(12)),
    };
    out.push(piece(period));
    out.push(counted("hour", shown));
    match minute {
        0 => {}
        30 => out.push(piece("time/half")),
        _ => {
            if minute < 10 {
                out.push(counted("num", 0));
            }
            unsigned(minute, out);
            out.push(piece("time/minute"));
        }
    }
}

/// 一百零五元五角, 五元零五分, 五角, 零元.
pub(super) fn amount(fen: i64, out: &mut Vec<Piece>) {
    if fen < 0 {
        out.push(piece("num/minus"));
    }
    let fen = fen.unsigned_abs();
    let (yuan, jiao, rest) = (fen / 100, fen / 10 % 10, fen % 10);
    if yuan > 0 || fen == 0 {
        measured(yuan, "money/yuan", out);
    }
    if jiao > 0 {
        measured(jiao, "money/jiao", out);
    }
    if rest > 0 {
        if yuan > 0 && jiao == 0 {
            out.push(counted("num", 0));
        }
        measured(rest, "money/fen", out);
    }
}

/// 一小时三十分钟; seconds only below an hour, minutes only below a day.
pub(super) fn duration(seconds: u64, out: &mut Vec<Piece>) {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    if days > 0 {
        measured(days, "unit/day", out);
    }
    if hours > 0 {
        measured(hours, "unit/hour", out);
    }
    if minutes > 0 && days == 0 {
        measured(minutes, "unit/minute", out);
    }
    if rest > 0 && days == 0 && hours == 0 || seconds == 0 {
        measured(rest, "unit/second", out);
    }
}

/// 两到五分钟; one number when both ends are the same.
pub(super) fn minutes(from: u32, to: u32, out: &mut Vec<Piece>) {
    if from < to {
        if from == 2 {
            out.push(piece("num/liang"));
        } else {
            unsigned(u64::from(from), out);
        }
        out.push(piece("unit/to"));
    }
    measured(u64::from(from.max(to)), "unit/minute", out);
}
