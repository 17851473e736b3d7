//! The name in a path: of an agent, a call, a queue, a file. What no name can be is not looked up.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId};
use crate::store::recordings::is_safe_name;

/// Longest name of a queue or token, characters.
const NAME_MAX_CHARS: usize = 64;

/// Something that is named in a path.
pub(in crate::http) trait Named: Sized {
    /// The parameter's name in the path.
    const PARAMETER: &'static str;
    /// Reads it; `None`: this can be no such name.
    fn read(text: &str) -> Option<Self>;
}

/// The name, read. What cannot be one is not found.
pub(in crate::http) struct Name<T>(pub(in crate::http) T);

impl<T: Named> FromRequestParts<App> for Name<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Path(all) = Path::<HashMap<String, String>>::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::NotFound)?;
        let text = all.get(T::PARAMETER).ok_or(Error::NotFound)?;
        T::read(text).map(Self).ok_or(Error::NotFound)
    }
}

impl Named for AgentId {
    const PARAMETER: &'static str = "agent";
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Named for CallId {
    const PARAMETER: &'static str = "call";
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// A queue's name.
pub(in crate::http) struct Queue(pub(in crate::http) String);

impl Named for Queue {
    const PARAMETER: &'static str = "queue";
    fn read(text: &str) -> Option<Self> {
        plain(text).then(|| Self(text.to_owned()))
    }
}

/// A token's id.
pub(in crate::http) struct TokenId(pub(in crate::http) String);

impl Named for TokenId {
    const PARAMETER: &'static str = "token";
    fn read(text: &str) -> Option<Self> {
        plain(text).then(|| Self(text.to_owned()))
    }
}

/// A recording's file name below the recordings' folder. In a path its `/` is written `~`: proxies do odd things to `%2F`.
pub(in crate::http) struct File(pub(in crate::http) String);

impl File {
    /// The id of a file, as it stands in paths.
    pub(in crate::http) fn id(file: &str) -> String {
        file.replace('/', "~")
    }
}

impl Named for File {
    const PARAMETER: &'static str = "recording";
    fn read(text: &str) -> Option<Self> {
        let file = text.replace('~', "/");
        (is_safe_name(&file) && !text.contains('/')).then_some(Self(file))
    }
}

fn plain(text: &str) -> bool {
    (1..=NAME_MAX_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
