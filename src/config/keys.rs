//! Which keys a file holds, on which lines, and which of them we know. Derived from the structs, so there is no second list.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Document, Item, TableLike};

use super::{Config, Problem};

/// Furthest edit distance, in proportion to the length, at which a name is still offered as the one that was meant.
const NEAREST_MIN: f64 = 0.6;

/// The keys of one file. A key is written `sip.t1_ms` or `trunk[0].name`.
pub(super) struct Lines {
    file: String,
    /// Offset of the first character of each line.
    starts: Vec<usize>,
    lines: BTreeMap<String, usize>,
}

impl Lines {
    /// Reads the keys, or says where the text is no TOML.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut lines = Self {
            file: file.to_owned(),
            starts,
            lines: BTreeMap::new(),
        };
        match Document::parse(text) {
            Ok(document) => {
                lines.collect(document.as_table(), "");
                Ok(lines)
            }
            Err(error) => {
                let line = error.span().map(|span| lines.line_at(span.start));
                let message = format!("this is no TOML: {}", error.message().trim());
                Err(vec![Problem {
                    file: lines.file,
                    line,
                    message,
                }])
            }
        }
    }

    fn collect(&mut self, table: &dyn TableLike, prefix: &str) {
        for (name, item) in table.iter() {
            let key = format!("{prefix}{name}");
            let offset = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            let line = offset.map_or(1, |span| self.line_at(span.start));
            self.lines.insert(key.clone(), line);
            self.collect_item(item, &key);
        }
    }

    fn collect_item(&mut self, item: &Item, key: &str) {
        if let Some(table) = item.as_table_like() {
            self.collect(table, &format!("{key}."));
        } else if let Some(tables) = item.as_array_of_tables() {
            for (index, table) in tables.iter().enumerate() {
                self.collect(table, &format!("{key}[{index}]."));
            }
        } else if let Some(array) = item.as_array() {
            let tables = array.iter().filter_map(toml_edit::Value::as_inline_table);
            for (index, table) in tables.enumerate() {
                self.collect(table, &format!("{key}[{index}]."));
            }
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// A problem at the line of `key`.
    pub(super) fn problem(&self, key: &str, message: String) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.lines.get(key).copied(),
            message,
        }
    }

    /// Every key that is none of ours, with the one that was probably meant.
    pub(super) fn unknown(&self) -> Vec<Problem> {
        let known = known();
        let unknown = |key: &&String| !known.contains(&without_index(key));
        let parent_known = |key: &&String| {
            key.rsplit_once('.')
                .is_none_or(|(p, _)| known.contains(strip(&without_index(p))))
        };
        let keys = self.lines.keys().filter(unknown).filter(parent_known);
        keys.map(|key| self.problem(key, complaint(&without_index(key), &known)))
            .collect()
    }

    /// A value of the wrong type, with the key it belongs to and, for a number, its range.
    pub(super) fn wrong_type(&self, error: &toml::de::Error) -> Problem {
        let line = error.span().map(|span| self.line_at(span.start));
        let key = line.and_then(|line| {
            let before = self.lines.iter().filter(|(_, at)| **at <= line);
            before
                .max_by_key(|(key, at)| (**at, key.len()))
                .map(|(key, _)| key.clone())
        });
        let named = key.clone().map_or_else(String::new, |key| format!("{key}: "));
        let bounds = Config::shape().bounds();
        let range = key.and_then(|key| {
            bounds
                .into_iter()
                .find(|b| without_index(&b.key) == without_index(&key))
        });
        let range = range.map_or_else(String::new, |bound| format!(" ({})", bound.allowed_text()));
        let message = format!("{named}{}{range}", error.message().trim());
        Problem {
            file: self.file.clone(),
            line,
            message,
        }
    }
}

fn complaint(key: &str, known: &BTreeSet<String>) -> String {
    let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
    let siblings = known.iter().filter_map(|k| {
        let (p, n) = k.rsplit_once('.').unwrap_or(("", k));
        (p == parent).then_some(n)
    });
    if let Some(near) = nearest(name, siblings) {
        return format!("unknown key {key:?}; did you mean {near:?}?");
    }
    let elsewhere = known
        .iter()
        .find(|k| k.rsplit_once('.').is_some_and(|(_, n)| n == name));
    match elsewhere {
        Some(other) => format!("unknown key {key:?}; there is {other:?}"),
        None => format!("unknown key {key:?}"),
    }
}

/// The known word closest to `word`, if it is close at all.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|k| (strsim::normalized_damerau_levenshtein(word, k), k));
    scored
        .filter(|(score, _)| *score >= NEAREST_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// `trunk[3].name` → `trunk[].name`
fn without_index(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut inside = false;
    for c in key.chars() {
        inside = (inside && c != ']') || c == '[';
        if !inside || c == '[' {
            out.push(c);
        }
    }
    out
}

/// `trunk[]` is the parent of `trunk[].name`, and known as `trunk`.
fn strip(key: &str) -> &str {
    key.trim_end_matches("[]")
}

/// Every key that can be set: sections too (`sip`), elements of lists as `trunk[].name`.
pub(super) fn known() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    // serde_json keeps keys whose value is `None`; TOML would drop them.
    if let Ok(shape) = serde_json::to_value(Config::shape()) {
        flatten(&shape, "", &mut keys);
    }
    keys
}

fn flatten(value: &serde_json::Value, prefix: &str, keys: &mut BTreeSet<String>) {
    let Some(object) = value.as_object() else { return };
    for (name, value) in object {
        let key = format!("{prefix}{name}");
        flatten(value, &format!("{key}."), keys);
        if let Some(first) = value.as_array().and_then(|list| list.first()) {
            flatten(first, &format!("{key}[]."), keys);
        }
        keys.insert(key);
    }
}
