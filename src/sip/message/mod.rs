//! SIP messages: octets to [`Message`] and back, and typed views of their headers (RFC 3261 §7, §20, §25).
//! Knows no transaction, no dialog and no socket.

mod address;
mod framer;
mod head;
mod header_name;
mod headers;
mod host;
mod malformed;
mod method;
mod multipart;
mod params;
mod parse;
mod rsip_adapter;
mod scan;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod torture;
mod typed;
mod uri;
mod verdict;
mod via;

pub use address::{Contacts, NameAddr};
pub use framer::{Frame, StreamFramer};
pub use header_name::HeaderName;
pub use headers::Headers;
pub use host::Host;
pub use malformed::{Malformed, MalformedKind};
pub use method::Method;
pub use params::Params;
pub use parse::parse_datagram;
pub use rsip_adapter::reason_phrase;
pub use text::decode;
pub use typed::{CSeq, HeaderError, MediaType, RAck, Refresher};
pub use uri::{Scheme, Uri, UriError};
pub use via::Via;

/// One SIP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Asks for something.
    Request(Request),
    /// Answers it.
    Response(Response),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// Header fields.
    pub headers: Headers,
    /// Body octets, as many as Content-Length said.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status in 100–699.
    pub status: u16,
    /// Reason phrase, decoded, without control characters; may be empty.
    pub reason: String,
    /// Header fields.
    pub headers: Headers,
    /// Body octets, as many as Content-Length said.
    pub body: Vec<u8>,
}

impl Message {
    /// The header fields of either kind.
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The octets to send.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// A request without headers and body.
    pub const fn new(method: Method, uri: Uri) -> Self {
        Self {
            method,
            uri,
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// An answer to this request: its Vias, From, To, Call-ID and CSeq (RFC 3261 §8.2.6.2), for 100 also its Timestamp
    /// (§8.2.6.1). The To tag and the Record-Route are the dialog's business.
    pub fn reply(&self, status: u16) -> Response {
        let mut response = Response::new(status);
        for (name, value) in self.headers.iter() {
            let copied = matches!(
                name,
                HeaderName::Via | HeaderName::From | HeaderName::To | HeaderName::CallId | HeaderName::CSeq
            ) || status == 100 && *name == HeaderName::Timestamp;
            if copied {
                response.headers.push(name, value);
            }
        }
        response
    }

    /// The body, or the part of a multipart body, that has this type: `body_of_type("application/sdp")`. A body
    /// without Content-Type is taken for what is asked for.
    pub fn body_of_type(&self, essence: &str) -> Option<&[u8]> {
        multipart::find(&self.headers, &self.body, essence)
    }

    /// The octets to send, with the Content-Length that the body has.
    pub fn to_bytes(&self) -> Vec<u8> {
        let start = format!("{} {} SIP/2.0", self.method, self.uri);
        to_bytes(&start, &self.headers, &self.body)
    }
}

impl Response {
    /// A response without headers and body, with the usual reason phrase.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            reason: reason_phrase(status),
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// Whether the transaction goes on.
    pub const fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// Whether the request was granted.
    pub const fn is_success(&self) -> bool {
        200 <= self.status && self.status < 300
    }

    /// The body, or the part of a multipart body, that has this type: `body_of_type("application/sdp")`. A body
    /// without Content-Type is taken for what is asked for.
    pub fn body_of_type(&self, essence: &str) -> Option<&[u8]> {
        multipart::find(&self.headers, &self.body, essence)
    }

    /// The octets to send, with the Content-Length that the body has.
    pub fn to_bytes(&self) -> Vec<u8> {
        let start = format!("SIP/2.0 {} {}", self.status, self.reason);
        to_bytes(&start, &self.headers, &self.body)
    }
}

fn to_bytes(start: &str, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(start.len() + headers.len() * 48 + body.len() + 32);
    headers::write_line_part(&mut out, start.as_bytes());
    out.extend_from_slice(b"\r\n");
    headers.write(&mut out);
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}
