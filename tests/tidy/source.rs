//! Source files as the rules see them: code without comments, strings and test modules. A lexer of a page, no parser.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands before code that does not ship.
const TEST_MARK: &str = "#[cfg(test)]";

/// One file below the package's folder.
pub struct Source {
    /// Path from the package's folder, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The code with comments and string contents blanked; as many lines as the text.
    pub code: String,
    /// Whether nothing of it ships: `tests.rs`, or declared behind `#[cfg(test)]`.
    pub only_tests: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code_only(text),
            only_tests: path.ends_with("/tests.rs") || path.contains("/tests/"),
        }
    }

    /// The code that ships: `code` without `#[cfg(test)]` modules, and nothing of a file that is all tests.
    pub fn shipped(&self) -> String {
        if self.only_tests {
            String::new()
        } else {
            without_test_modules(&self.code)
        }
    }

    /// Paths, without `.rs`, of the modules that this file declares for tests only.
    fn test_modules(&self) -> Vec<String> {
        let own = self.path.trim_end_matches(".rs");
        let folder = own.trim_end_matches("/mod").trim_end_matches("/lib");
        let behind_marks = self.code.split(TEST_MARK).skip(1);
        let declared = behind_marks.filter_map(|code| match tokens(code).get(..3)? {
            [(_, "mod"), (_, name), (_, ";")] => Some(format!("{folder}/{name}")),
            _ => None,
        });
        declared.collect()
    }
}

/// The package's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, in order.
pub fn rust_files(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    let rust = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let mut sources: Vec<Source> = rust
        .map(|path| Source::new(&relative(&path), &fs::read_to_string(&path).unwrap()))
        .collect();
    let for_tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let of = |module: &String| {
            source
                .path
                .strip_prefix(module)
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.only_tests |= for_tests.iter().any(of);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Every text file that belongs to the package: not what is built, kept or downloaded.
pub fn text_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    walk(&root(), &mut files);
    let texts = files
        .into_iter()
        .filter_map(|path| Some((relative(&path), fs::read_to_string(&path).ok()?)));
    texts.collect()
}

/// The path from the package's folder.
pub fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    const NOT_OURS: [&str; 8] = [
        ".git",
        "target",
        "data",
        "models",
        "node_modules",
        "artifacts",
        "corpus",
        "coverage",
    ];
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            walk(&path, out);
        } else if kind.is_file() {
            out.push(path);
        }
    }
}

/// Blanks comments and the inside of strings and characters, and keeps every line where it is.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => find(&chars, at, |c| c[0] == '\n'),
            '/' if chars.get(at + 1) == Some(&'*') => block_comment_end(&chars, at),
            'r' | 'b' | 'c' if !is_word(&chars, at) => raw_string_end(&chars, at).unwrap_or(at),
            '"' => string_end(&chars, at),
            '\'' => char_end(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Whether the character before `at` belongs to the same word.
fn is_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn find(chars: &[char], from: usize, is: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| is(&chars[*at..])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// `r"…"`, `r#"…"#`, `br"…"`; `None` when this is no raw string.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let mut at = from + usize::from(chars[from] != 'r');
    if chars.get(at) != Some(&'r') {
        return None;
    }
    at += 1;
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes = |c: &[char]| c[0] == '"' && c[1..].iter().take_while(|c| **c == '#').count() >= hashes;
    let end = find(chars, at + hashes + 1, closes);
    Some((end + 1 + hashes).min(chars.len()))
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The end of a character; `from` for a lifetime.
fn char_end(chars: &[char], from: usize) -> usize {
    match chars[from + 1..] {
        ['\\', ..] => (find(chars, from + 3, |c| c[0] == '\'') + 1).min(chars.len()),
        [_, '\'', ..] => from + 3,
        _ => from,
    }
}

/// Blanks each item behind `#[cfg(test)]`, up to its closing brace or its semicolon.
pub fn without_test_modules(code: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(code.len()), code);
    while let Some(start) = rest.find(TEST_MARK) {
        let (before, item) = rest.split_at(start);
        out.push_str(before);
        let (mut depth, mut end) = (0usize, item.len());
        for (at, c) in item.char_indices().skip(TEST_MARK.len()) {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (c == '}' || c == ';') {
                end = at + 1;
                break;
            }
        }
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

/// Words of code, each with its line: `a::b` gives `a`, `::`, `b`; other signs come one by one.
pub fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let word = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let length = if word > 0 {
                word
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                out.push((number + 1, &rest[..length]));
            }
            rest = &rest[length..];
        }
    }
    out
}
