//! How things are said: an item (a number, a date, an amount …) becomes a row of recorded pieces, by the rules of the
//! language. Knows the pieces' names, not their sound.

mod en;
mod zh;

#[cfg(test)]
mod tests;

use jiff::civil::{Date, Time};

use super::Language;

/// Something to be said in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechItem {
    /// A recorded prompt by its id in the catalogue (`prompts/<language>/lines.tsv`).
    Prompt(String),
    /// A WAV file, path relative to `prompts/`, the same in every language.
    File(String),
    /// Words for the speech engine.
    Text(String),
    /// A count: 105 is 一百零五.
    Number(i64),
    /// Keys or a telephone number, one by one: 110 is 幺幺零.
    Digits(String),
    /// A day: 二零二六年十一月二十三日.
    Date(Date),
    /// A time of day: 上午九点零五分.
    Time(Time),
    /// Money in fen (1/100 yuan): 10550 is 一百零五元五角.
    Amount {
        /// Hundredths of a yuan.
        fen: i64,
    },
    /// A length of time in seconds: 5400 is 一小时三十分钟.
    Duration {
        /// Seconds.
        seconds: u64,
    },
    /// A band of minutes, as for a wait: 两到五分钟.
    Minutes {
        /// From.
        from: u32,
        /// To.
        to: u32,
    },
    /// Silence.
    Pause(u32 /* ms */),
}

/// One thing to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A recorded prompt of the language.
    Prompt(String),
    /// A WAV file, path relative to `prompts/`.
    File(String),
    /// Words for which there is no recording.
    Text(String),
    /// Silence, milliseconds.
    Pause(u32),
}

/// The pieces that say `item` in `language`, in order.
pub fn pieces(item: &SpeechItem, language: Language) -> Vec<Piece> {
    let mut out = Vec::new();
    match item {
        SpeechItem::Prompt(id) => out.push(Piece::Prompt(id.clone())),
        SpeechItem::File(path) => out.push(Piece::File(path.clone())),
        SpeechItem::Text(text) if text.is_empty() => {}
        SpeechItem::Text(text) => out.push(Piece::Text(text.clone())),
        SpeechItem::Pause(ms) => out.push(Piece::Pause(*ms)),
        SpeechItem::Digits(keys) => digits(keys, language, &mut out),
        SpeechItem::Number(n) => match language {
            Language::Zh => zh::number(*n, &mut out),
            Language::En => en::number(*n, &mut out),
        },
        SpeechItem::Date(date) => match language {
            Language::Zh => zh::date(*date, &mut out),
            Language::En => en::date(*date, &mut out),
        },
        SpeechItem::Time(time) => match language {
            Language::Zh => zh::time(*time, &mut out),
            Language::En => en::time(*time, &mut out),
        },
        SpeechItem::Amount { fen } => match language {
            Language::Zh => zh::amount(*fen, &mut out),
            Language::En => en::amount(*fen, &mut out),
        },
        SpeechItem::Duration { seconds } => match language {
            Language::Zh => zh::duration(*seconds, &mut out),
            Language::En => en::duration(*seconds, &mut out),
        },
        SpeechItem::Minutes { from, to } => match language {
            Language::Zh => zh::minutes(*from, *to, &mut out),
            Language::En => en::minutes(*from, *to, &mut out),
        },
    }
    out
}

/// Every piece that [`pieces`] may name in `language`: its id and the words to record. `prompts/<language>/lines.tsv` holds
/// exactly these beside the dialplans' own prompts (a test keeps them together).
pub fn piece_ids(language: Language) -> Vec<(String, String)> {
    match language {
        Language::Zh => zh::lines(),
        Language::En => en::lines(),
    }
}

/// Silence between the groups of a long row of digits, milliseconds.
const GROUP_PAUSE_MS: u32 = 180;

/// Keys one by one. An eleven-digit mobile number is grouped 3-4-4 as people say it, other long rows in fours.
fn digits(keys: &str, language: Language, out: &mut Vec<Piece>) {
    let keys: Vec<char> = keys.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let mobile = keys.len() == 11 && keys[0] == '1';
    for (i, key) in keys.iter().enumerate() {
        let group_ends = if mobile {
            i == 3 || i == 7
        } else {
            keys.len() > 5 && i > 0 && i % 4 == 0
        };
        if group_ends {
            out.push(Piece::Pause(GROUP_PAUSE_MS));
        }
        out.push(match (key, language) {
            ('1', Language::Zh) => piece("num/yao"),
            ('0'..='9', _) => piece(&format!("num/{key}")),
            ('*', _) => piece("key/star"),
            ('#', _) => piece("key/hash"),
            ('+', _) => piece("key/plus"),
            (other, _) => Piece::Text(other.to_string()),
        });
    }
}

fn piece(id: &str) -> Piece {
    Piece::Prompt(id.to_owned())
}

fn counted(id: &str, n: impl std::fmt::Display) -> Piece {
    Piece::Prompt(format!("{id}/{n}"))
}
