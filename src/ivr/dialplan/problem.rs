//! A mistake in a dialplan, said so that an operator finds it: file, line, column, and the nearest word that would have been
//! right. Knows no rule of the plan itself.

use std::fmt;
use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was perhaps meant.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for Problem {}

/// Line and column of a byte offset.
pub(super) fn position(text: &str, span: &Range<usize>) -> (usize, usize) {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// The known word nearest to `word`, if any is near enough to have been meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words are cut off before they are compared: the distance costs their product.
    let short: String = word.chars().take(64).collect();
    let enough = (short.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&short, k), k))
        .filter(|(distance, k)| *distance <= enough || k.starts_with(&short) && short.len() > 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// `; did you mean "x"?`, or the whole list when it is short, or nothing.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("; did you mean \"{near}\"?");
    }
    let all: Vec<&str> = known.into_iter().take(13).collect();
    match all.len() {
        0 | 13 => String::new(),
        _ => format!("; known: {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_not_bytes() {
        assert_eq!(position("一\n二三x", &(10..11)), (2, 3));
        assert_eq!(position("ab", &(99..100)), (1, 3));
        assert_eq!(position("一", &(1..2)), (1, 1), "inside a character");
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("mneu", ["menu", "say"]), Some("menu"));
        assert_eq!(nearest("greeting", ["menu", "say"]), None);
        assert_eq!(hint("x", ["menu", "play"]), "; known: menu, play");
    }
}
