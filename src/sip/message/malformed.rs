//! Why octets are no message, and what can still be answered. Sends nothing.

use super::Request;
use super::header_name::HeaderName;
use super::typed::HeaderError;
use super::uri::UriError;

/// A message that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Malformed {
    /// The exact cause.
    pub kind: MalformedKind,
    /// The status to answer with: 400, 413, 501, 505 or 513.
    pub status: u16,
    /// Enough of the request (method, Via, From, To, Call-ID, CSeq, as they came) for a stateless answer.
    /// `None`: drop it silently — a response, an ACK, or nothing that an answer could travel by. The request's URI is
    /// a placeholder when the real one was the fault.
    pub reply: Option<Box<Request>>,
}

/// Causes of refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKind {
    /// Nothing but line ends: a keep-alive.
    #[error("empty")]
    Empty,
    /// The first line is neither a request line nor a status line.
    #[error("not SIP")]
    NotSip,
    /// Another version than 2.0.
    #[error("unsupported SIP version")]
    Version,
    /// The method is no token, or too long.
    #[error("malformed method")]
    Method,
    /// The status is not three digits in 100–699.
    #[error("malformed status")]
    Status,
    /// The Request-URI is malformed.
    #[error("malformed Request-URI: {0}")]
    RequestUri(UriError),
    /// The Request-URI brings headers (RFC 3261 §19.1.5: they must never become ours).
    #[error("headers in the Request-URI")]
    RequestUriHeaders,
    /// No empty line after the headers.
    #[error("headers do not end")]
    HeadNotEnded,
    /// The headers are longer than the limit.
    #[error("headers too long")]
    HeadTooLong,
    /// More header fields than the limit.
    #[error("too many headers")]
    TooManyHeaders,
    /// A line without colon or with a bad name, or a lone CR within a line.
    #[error("malformed header line")]
    HeaderLine,
    /// A header that every message must have is missing or bad.
    #[error(transparent)]
    Header(HeaderError),
    /// A header that may stand once stands more often.
    #[error("repeated {0}")]
    Repeated(HeaderName),
    /// CSeq names another method.
    #[error("CSeq names another method")]
    MethodMismatch,
    /// Content-Length is no number.
    #[error("malformed Content-Length")]
    ContentLength,
    /// No Content-Length on a stream.
    #[error("no Content-Length on a stream")]
    ContentLengthMissing,
    /// The datagram is shorter than Content-Length says.
    #[error("body shorter than Content-Length")]
    BodyTruncated,
    /// The body is longer than the limit.
    #[error("body too long")]
    BodyTooLong,
}

impl MalformedKind {
    /// The status that tells this cause; 400 unless another is more exact. `method_known`: 501 goes to methods that
    /// we have never heard of (RFC 4475 §3.1.2.18).
    pub(super) const fn status(&self, method_known: bool) -> u16 {
        match self {
            Self::Version => 505,
            Self::HeadTooLong => 513,
            Self::BodyTooLong => 413,
            Self::MethodMismatch if !method_known => 501,
            Self::Empty
            | Self::NotSip
            | Self::Method
            | Self::Status
            | Self::RequestUri(_)
            | Self::RequestUriHeaders
            | Self::HeadNotEnded
            | Self::TooManyHeaders
            | Self::HeaderLine
            | Self::Header(_)
            | Self::Repeated(_)
            | Self::MethodMismatch
            | Self::ContentLength
            | Self::ContentLengthMissing
            | Self::BodyTruncated => 400,
        }
    }

    /// Whether a stream cannot go on behind it: nobody knows where the next message begins.
    pub(super) const fn loses_framing(&self) -> bool {
        match self {
            Self::NotSip
            | Self::HeadNotEnded
            | Self::HeadTooLong
            | Self::ContentLength
            | Self::ContentLengthMissing
            | Self::TooManyHeaders
            | Self::BodyTooLong
            | Self::BodyTruncated => true,
            Self::Repeated(name) => matches!(name, HeaderName::ContentLength),
            Self::Empty
            | Self::Version
            | Self::Method
            | Self::Status
            | Self::RequestUri(_)
            | Self::RequestUriHeaders
            | Self::HeaderLine
            | Self::Header(_)
            | Self::MethodMismatch => false,
        }
    }
}
