//! One mistake in a configuration file, told so that a person can mend it.

use std::fmt;

/// A mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1; `None` when the problem is with the file as a whole or with a default.
    pub line: Option<usize>,
    /// What is wrong and, where it can be said, what would be right.
    pub message: String,
}

impl Problem {
    /// A problem with the file as a whole.
    pub(super) fn of_file(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            message,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Problem {}
