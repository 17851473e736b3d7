//! The one error of the port: what a client is told, and what only the log is told.

use std::io;
use std::path::PathBuf;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::denied;
use crate::call::Denied;
use crate::store::people::Weak;

/// Why a request was not served. `Display` is what people read: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such address, or nothing of this name.
    #[error("没有找到：请核对地址、编号或名称")]
    NotFound,
    /// The address exists, the method does not.
    #[error("此地址不支持这种请求方法：请对照 /api/v1/openapi.json")]
    MethodNotAllowed,
    /// No token, or a wrong one, or one that was revoked; which of them is not told.
    #[error("需要有效的访问令牌：请在 Authorization 头中写 Bearer 加令牌；令牌由管理员发放")]
    Unauthorized,
    /// The token may not do this. Whether the one it is about exists is not told.
    #[error("此令牌无权执行该操作：请换用权限足够的令牌，或请管理员授权")]
    Forbidden,
    /// Too many wrong tokens from one source.
    #[error("来自该地址的错误令牌过多：请在 {wait_s} 秒后再试，并检查令牌")]
    TooManyFailures {
        /// Until it may try again.
        wait_s: u64,
    },
    /// The request asks for something impossible.
    #[error("{0}")]
    Invalid(String),
    /// The body is larger than any that is needed here.
    #[error("请求内容过大：最多 16 KiB")]
    TooLarge,
    /// The body is no JSON by its own word.
    #[error("请求内容须为 JSON：请加上 Content-Type: application/json")]
    MediaType,
    /// Anybody would guess it.
    #[error("{0}：请换一个密码")]
    WeakPassword(Weak),
    /// There is one of this name already.
    #[error("同名的已经存在：请换一个名称，或修改已有的")]
    Exists,
    /// A limit of the house is reached.
    #[error("数量已达上限：请先清理不再使用的")]
    Full,
    /// The order was not carried out.
    #[error("{}", denied::words(*.0).message)]
    Denied(Denied),
    /// The events asked for are too far back, or not yet there.
    #[error("所要的事件太久以前或尚未发生：请先取 /api/v1/snapshot，再从其 seq 继续")]
    TooOld,
    /// No octet of the file lies in the range.
    #[error("所要的范围超出文件：文件共 {len} 字节")]
    OutOfRange {
        /// Octets of the file.
        len: u64,
    },
    /// All places for event streams are taken.
    #[error("事件流连接数已满：请关闭不用的页面后再试")]
    TooManyStreams,
    /// The new plans have mistakes; the old ones stay.
    #[error("拨号方案有错误，原方案继续生效：请按所列逐条修改")]
    NotReloaded(Vec<String>),
    /// The ledger does not answer just now. The cause is logged, never sent.
    #[error("台账暂时无法读写：通话不受影响，请稍后再试")]
    LedgerAway(String),
    /// The calls do not answer just now. The cause is logged, never sent.
    #[error("通话处理暂无应答：请稍后再试")]
    CallsAway(String),
}

impl Error {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WeakPassword(_) | Self::NotReloaded(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Exists | Self::Full => StatusCode::CONFLICT,
            Self::Denied(denied) => denied::words(*denied).status,
            Self::TooOld => StatusCode::GONE,
            Self::OutOfRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::TooManyStreams | Self::LedgerAway(_) | Self::CallsAway(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable word that programs go by.
    const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::Invalid(_) => "invalid",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::WeakPassword(_) => "weak_password",
            Self::Exists => "exists",
            Self::Full => "full",
            Self::Denied(denied) => denied::words(*denied).code,
            Self::TooOld => "too_old",
            Self::OutOfRange { .. } => "out_of_range",
            Self::TooManyStreams => "too_many_streams",
            Self::NotReloaded(_) => "not_reloaded",
            Self::LedgerAway(_) => "ledger_away",
            Self::CallsAway(_) => "calls_away",
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.code(), "message": self.to_string() });
        match &self {
            Self::LedgerAway(cause) => tracing::error!(%cause, "the ledger does not answer"),
            Self::CallsAway(cause) => tracing::error!(%cause, "the calls do not answer"),
            _ => {}
        }
        let header = match &self {
            Self::Unauthorized => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooManyFailures { wait_s } => Some((header::RETRY_AFTER, HeaderValue::from(*wait_s))),
            Self::TooManyStreams => Some((header::RETRY_AFTER, HeaderValue::from_static("10"))),
            Self::OutOfRange { len } => HeaderValue::from_str(&format!("bytes */{len}"))
                .ok()
                .map(|value| (header::CONTENT_RANGE, value)),
            _ => None,
        };
        let status = self.status();
        if let Self::NotReloaded(problems) = self {
            body["problems"] = problems.into();
        }
        let mut response = (status, Json(body)).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
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
