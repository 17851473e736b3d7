//! Callers hear numbers as people say them; an independent reader understands every one back.

use std::collections::BTreeMap;

use jiff::civil::{date, time};
use proptest::prelude::*;

use super::*;

/// The words behind the pieces, joined: what is heard.
fn heard(item: &SpeechItem, language: Language) -> String {
    let lines: BTreeMap<String, String> = piece_ids(language).into_iter().collect();
    let words: Vec<String> = pieces(item, language)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Prompt(id) => Some(lines.get(&id).unwrap_or_else(|| panic!("no line for {id}")).clone()),
            Piece::Text(text) => Some(text),
            Piece::File(path) => panic!("{path}"),
            Piece::Pause(_) => None,
        })
        .collect();
    words.join(if language == Language::Zh { "" } else { " " })
}

fn zh(item: &SpeechItem) -> String {
    heard(item, Language::Zh)
}

fn en(item: &SpeechItem) -> String {
    heard(item, Language::En)
}

#[test]
fn mandarin_counts() {
    for (n, text) in [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (22, "二十二"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (112, "一百一十二"),
        (200, "二百"),
        (222, "二百二十二"),
        (1_005, "一千零五"),
        (1_010, "一千零一十"),
        (1_500, "一千五百"),
        (2_002, "两千零二"),
        (2_222, "两千二百二十二"),
        (10_020, "一万零二十"),
        (20_000, "两万"),
        (22_000, "两万两千"),
        (100_010, "十万零一十"),
        (120_000, "十二万"),
        (1_000_100, "一百万零一百"),
        (1_001_000, "一百万一千"),
        (10_001_000, "一千万一千"),
        (20_000_000, "两千万"),
        (100_000_000, "一亿"),
        (200_000_002, "两亿零二"),
        (1_000_010_000, "十亿零一万"),
        (-5, "负五"),
    ] {
        assert_eq!(zh(&SpeechItem::Number(n)), text, "{n}");
    }
    assert!(!zh(&SpeechItem::Number(i64::MIN)).is_empty());
}

#[test]
fn mandarin_telephone_numbers_say_yao() {
    assert_eq!(zh(&SpeechItem::Digits("110".into())), "幺幺零");
    assert_eq!(zh(&SpeechItem::Digits("13800001234".into())), "幺三八零零零零幺二三四");
    assert_eq!(zh(&SpeechItem::Digits("*1#".into())), "星号键幺井号键");
    let pauses = |text: &str| {
        pieces(&SpeechItem::Digits(text.into()), Language::Zh)
            .iter()
            .position(|p| matches!(p, Piece::Pause(_)))
    };
    assert_eq!(pauses("13800001234"), Some(3), "138 0000 1234");
    assert_eq!(pauses("12345"), None);
}

#[test]
fn mandarin_dates_and_times() {
    assert_eq!(zh(&SpeechItem::Date(date(2026, 11, 23))), "二零二六年十一月二十三日");
    assert_eq!(zh(&SpeechItem::Date(date(2025, 10, 10))), "二零二五年十月十日");
    for (t, text) in [
        (time(9, 5, 0, 0), "上午九点零五分"),
        (time(14, 30, 0, 0), "下午两点半"),
        (time(14, 0, 0, 0), "下午两点"),
        (time(0, 10, 0, 0), "凌晨零点十分"),
        (time(12, 0, 0, 0), "中午十二点"),
        (time(23, 59, 0, 0), "晚上十一点五十九分"),
        (time(2, 2, 0, 0), "凌晨两点零二分"),
        (time(18, 12, 0, 0), "晚上六点十二分"),
    ] {
        assert_eq!(zh(&SpeechItem::Time(t)), text);
    }
}

#[test]
fn mandarin_amounts_and_durations() {
    for (fen, text) in [
        (10_550, "一百零五元五角"),
        (0, "零元"),
        (200, "两元"),
        (505, "五元零五分"),
        (50, "五角"),
        (20, "两角"),
        (1_200, "十二元"),
        (-100, "负一元"),
        (123_456, "一千二百三十四元五角六分"),
    ] {
        assert_eq!(zh(&SpeechItem::Amount { fen }), text);
    }
    for (seconds, text) in [
        (0, "零秒"),
        (2, "两秒"),
        (62, "一分钟两秒"),
        (120, "两分钟"),
        (720, "十二分钟"),
        (5_400, "一小时三十分钟"),
        (172_800, "两天"),
    ] {
        assert_eq!(zh(&SpeechItem::Duration { seconds }), text);
    }
    assert_eq!(zh(&SpeechItem::Minutes { from: 2, to: 5 }), "两到五分钟");
    assert_eq!(zh(&SpeechItem::Minutes { from: 3, to: 3 }), "三分钟");
}

#[test]
fn english_as_an_official_says_it() {
    for (n, text) in [
        (0, "zero"),
        (12, "twelve"),
        (21, "twenty one"),
        (105, "one hundred and five"),
        (1_005, "one thousand and five"),
        (1_000_000, "one million"),
        (12_345, "twelve thousand three hundred and forty five"),
        (-7, "minus seven"),
        (100_000, "one hundred thousand"),
    ] {
        assert_eq!(en(&SpeechItem::Number(n)), text);
    }
    assert_eq!(
        en(&SpeechItem::Date(date(2026, 11, 23))),
        "the twenty-third of November twenty twenty six"
    );
    assert_eq!(
        en(&SpeechItem::Date(date(2005, 1, 1))),
        "the first of January two thousand and five"
    );
    assert_eq!(
        en(&SpeechItem::Date(date(1905, 1, 2))),
        "the second of January nineteen oh five"
    );
    assert_eq!(en(&SpeechItem::Time(time(9, 5, 0, 0))), "nine oh five a m");
    assert_eq!(en(&SpeechItem::Time(time(14, 30, 0, 0))), "two thirty p m");
    assert_eq!(en(&SpeechItem::Time(time(0, 10, 0, 0))), "twelve ten a m");
    assert_eq!(en(&SpeechItem::Time(time(12, 0, 0, 0))), "noon");
    assert_eq!(
        en(&SpeechItem::Amount { fen: 10_550 }),
        "one hundred and five yuan and fifty fen"
    );
    assert_eq!(en(&SpeechItem::Duration { seconds: 3_660 }), "one hour one minute");
    assert_eq!(en(&SpeechItem::Minutes { from: 2, to: 5 }), "two to five minutes");
    assert_eq!(en(&SpeechItem::Digits("110".into())), "one one zero");
}

#[test]
fn the_recordings_stay_few() {
    for language in Language::ALL {
        let lines = piece_ids(language);
        let ids: BTreeMap<_, _> = lines.iter().cloned().collect();
        assert_eq!(ids.len(), lines.len(), "an id twice");
        assert!(lines.len() < 125, "{}: {}", language, lines.len());
    }
}

/// Reads Mandarin by adding up, from the words alone: shares nothing with the speaker.
fn read_zh(text: &str) -> i64 {
    let (mut total, mut section, mut digit) = (0_i64, 0_i64, 0_i64);
    for c in text.chars() {
        if let Some(d) = "零一二三四五六七八九".chars().position(|x| x == c) {
            digit = d as i64;
        } else if c == '两' {
            digit = 2;
        } else if let Some(power) = "十百千".chars().position(|x| x == c) {
            section += digit.max(1) * 10_i64.pow(power as u32 + 1);
            digit = 0;
        } else if c == '万' {
            total += (section + digit) * 10_000;
            (section, digit) = (0, 0);
        } else if c == '亿' {
            total = (total + section + digit) * 100_000_000;
            (section, digit) = (0, 0);
        } else {
            panic!("{c} in {text}");
        }
    }
    total + section + digit
}

fn read_en(text: &str) -> i64 {
    const SMALL: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
    const TENS: &str = "- - twenty thirty forty fifty sixty seventy eighty ninety";
    let (mut total, mut group) = (0_i64, 0_i64);
    for word in text.split(' ') {
        if let Some(n) = SMALL.split(' ').position(|w| w == word) {
            group += n as i64;
        } else if let Some(n) = TENS.split(' ').position(|w| w == word) {
            group += n as i64 * 10;
        } else {
            match word {
                "and" => {}
                "hundred" => group *= 100,
                "thousand" => (total, group) = (total + group * 1_000, 0),
                "million" => (total, group) = (total + group * 1_000_000, 0),
                "billion" => (total, group) = (total + group * 1_000_000_000, 0),
                other => panic!("{other}"),
            }
        }
    }
    total + group
}

proptest! {
    #[test]
    fn every_number_is_understood_back(n in 0_i64..=100_000_000) {
        let text = zh(&SpeechItem::Number(n));
        prop_assert_eq!(read_zh(&text), n, "{}", &text);
        prop_assert!(!text.contains("零零") && (n == 0 || !text.ends_with('零')), "{}", &text);
        prop_assert!(!text.contains("百一十一十"), "{}", &text);
        prop_assert_eq!(read_en(&en(&SpeechItem::Number(n))), n);
    }

    #[test]
    fn small_numbers_too(n in 0_i64..=20_000) {
        prop_assert_eq!(read_zh(&zh(&SpeechItem::Number(n))), n);
        prop_assert_eq!(read_en(&en(&SpeechItem::Number(n))), n);
    }

    #[test]
    fn nothing_that_can_be_said_lacks_a_recording(
        n in any::<i64>(), fen in any::<i64>(), seconds in any::<u64>(), keys in "[0-9*#+]{0,32}",
        year in 1_i16..=9999, day in 1_i16..=365, h in 0_i8..24, m in 0_i8..60, a in any::<u32>(), b in any::<u32>(),
    ) {
        let day = date(year, 1, 1).with().day_of_year(day).build().unwrap();
        for item in [
            SpeechItem::Number(n), SpeechItem::Amount { fen }, SpeechItem::Duration { seconds }, SpeechItem::Digits(keys),
            SpeechItem::Date(day), SpeechItem::Time(time(h, m, 0, 0)), SpeechItem::Minutes { from: a, to: b },
        ] {
            for language in Language::ALL {
                let _ = heard(&item, language);
            }
        }
    }
}
