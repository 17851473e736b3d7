//! The one error of the port: what a client is told, and what only the log is told.

use std::io;
use std::path::PathBuf;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such address.
    #[error("there is nothing here")]
    NotFound,
    /// The address exists, the method does not.
    #[error("not with this method")]
    MethodNotAllowed,
    /// No token, or a wrong one; which of the two is not told.
    #[error("this needs the admin token")]
    Unauthorized,
    /// The request asks for something impossible.
    #[error("{0}")]
    Invalid(String),
    /// The new plans have mistakes; the old ones stay.
    #[error("the plans have mistakes; the old ones stay in force")]
    NotReloaded(Vec<String>),
    /// The ledger does not answer just now. The cause is logged, never sent.
    #[error("the ledger does not answer just now")]
    LedgerAway(String),
}

impl Error {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotReloaded(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::LedgerAway(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Unauthorized => "unauthorized",
            Self::Invalid(_) => "invalid",
            Self::NotReloaded(_) => "not_reloaded",
            Self::LedgerAway(_) => "ledger_away",
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.code(), "message": self.to_string() });
        if let Self::LedgerAway(cause) = &self {
            tracing::error!(%cause, "the ledger does not answer");
        }
        let status = self.status();
        if let Self::NotReloaded(problems) = self {
            body["problems"] = problems.into();
        }
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Why the admin token cannot be used. Each refuses the start: a port that anyone may command is worse than none.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or made.
    #[error("admin token {path}: {cause}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others than the owner may read or write the file.
    #[error("admin token {path}: mode {mode:03o} lets others read it; delete the file to have a new one made", path = path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The content is too short to be a secret.
    #[error("admin token {path}: shorter than {min} characters; delete the file to have a new one made", path = path.display())]
    Short {
        /// Which file.
        path: PathBuf,
        /// What is asked for.
        min: usize,
    },
}
