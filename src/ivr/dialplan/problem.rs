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

/// A file's name and text, and where its lines begin.
pub(super) struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(i, _)| i + 1);
        Self {
            file,
            text,
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// A problem at a place given in bytes.
    pub fn problem(&self, span: &Range<usize>, message: String) -> Problem {
        let (line, column) = self.position(span.start);
        Problem {
            file: self.file.to_owned(),
            line,
            column,
            message,
        }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let before = &self.text[self.starts[line - 1]..offset];
        (line, before.chars().count() + 1)
    }
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
        let at = |text: &'static str, offset| Lines::new("f", text).position(offset);
        assert_eq!(at("一\n二三x", 10), (2, 3));
        assert_eq!(at("ab", 99), (1, 3));
        assert_eq!(at("一", 1), (1, 1), "inside a character");
        assert_eq!(at("", 0), (1, 1));
        assert_eq!(at("a\n\nb", 2), (2, 1));
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("mneu", ["menu", "say"]), Some("menu"));
        assert_eq!(nearest("greeting", ["menu", "say"]), None);
        assert_eq!(hint("x", ["menu", "play"]), "; known: menu, play");
    }
}
