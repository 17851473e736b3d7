//! The checks that every request passes before anyone looks at what it wants (RFC 3261 §8.2). Knows no dialog's state.

use crate::sip::message::{HeaderName, Headers, Method, Request, Response, Scheme};
use crate::sip::sdp::Sdp;

use super::refer;
use super::types::UaConfig;

/// Extensions that we understand when required (RFC 3262, RFC 4028).
const EXTENSIONS: [&str; 2] = ["100rel", "timer"];
/// And where the application lets calls be referred (RFC 3891, RFC 4488, RFC 7614).
const REFERRING: [&str; 3] = ["replaces", "norefersub", "nosub"];
/// Event packages that we know.
pub(super) const EVENTS: &str = refer::PACKAGE;

/// The kind of body that sessions are made of.
const SDP: &str = "application/sdp";

/// Bodies that we read in a session's requests.
pub(super) const ACCEPT: &str = "application/sdp, multipart/mixed";

/// An error answer in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its status.
    pub status: u16,
    /// What says why.
    pub headers: Vec<(HeaderName, String)>,
}

impl Refusal {
    /// Without further headers.
    pub fn plain(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
        }
    }

    /// With one header that says why.
    pub fn because(status: u16, name: HeaderName, value: String) -> Self {
        Self {
            status,
            headers: vec![(name, value)],
        }
    }
}

/// All extensions that we understand.
pub(super) fn supported(config: &UaConfig) -> Vec<&'static str> {
    let referring: &[&str] = if config.allow_refer { &REFERRING } else { &[] };
    EXTENSIONS.iter().chain(referring).copied().collect()
}

/// Value of our Allow header.
pub(super) fn allow(config: &UaConfig) -> String {
    let mut methods = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK".to_owned();
    if config.allow_refer {
        methods.push_str(", REFER, NOTIFY");
    }
    for method in &config.allow_out_of_dialog {
        methods.push_str(", ");
        methods.push_str(&method.to_string());
    }
    methods
}

/// Method (§8.2.1): 501 for one that nobody knows, 405 for one that is not served here.
pub(super) fn method(request: &Request, within_dialog: bool, config: &UaConfig) -> Result<(), Refusal> {
    let refuse = |status| Refusal::because(status, HeaderName::Allow, allow(config));
    if !within_dialog && config.allow_out_of_dialog.contains(&request.method) {
        return Ok(());
    }
    match &request.method {
        Method::Invite
        | Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Options
        | Method::Info
        | Method::Update
        | Method::Prack => Ok(()),
        Method::Refer | Method::Notify if within_dialog && config.allow_refer => Ok(()),
        Method::Subscribe if config.allow_refer => refer::check_subscribe(request, within_dialog),
        Method::Refer | Method::Register | Method::Notify | Method::Subscribe | Method::Message | Method::Publish => {
            Err(refuse(405))
        }
        Method::Other(_) => Err(refuse(501)),
    }
}

/// Request-URI (§8.2.2.1): a scheme that we cannot serve is 416; a registration of such an address is 400.
pub(super) fn uri(request: &Request) -> Result<(), Refusal> {
    match request.uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => {}
        Scheme::Other(_) => return Err(Refusal::plain(416)),
    }
    let foreign_address = request.method == Method::Register && !request.headers.to().is_ok_and(|to| to.uri.is_sip());
    if foreign_address {
        return Err(Refusal::plain(400));
    }
    Ok(())
}

/// Require (§8.2.2.3): 420 names what we do not understand. Not for ACK and CANCEL.
pub(super) fn extensions(request: &Request, config: &UaConfig) -> Result<(), Refusal> {
    let unknown: Vec<String> = request
        .headers
        .require()
        .into_iter()
        .filter(|tag| !supported(config).iter().any(|known| known.eq_ignore_ascii_case(tag)))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::because(420, HeaderName::Unsupported, unknown.join(", ")))
}

/// Accept (§20.1): an INVITE whose sender reads no session description cannot be answered with one.
pub(super) fn accept(request: &Request) -> Result<(), Refusal> {
    let list = request.headers.list(&HeaderName::Accept);
    let reads_sdp = list.iter().any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        ["application/sdp", "application/*", "*/*"]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    });
    if list.is_empty() || reads_sdp {
        return Ok(());
    }
    Err(Refusal::plain(406))
}

/// Session description of a request (§8.2.3): 415 for what we do not read, 488 for one that cannot be read.
pub(super) fn sdp_of_request(request: &Request) -> Result<Option<Sdp>, Refusal> {
    content(&request.headers, &request.body, request.body_of_type(SDP))
}

/// Session description of a response.
pub(super) fn sdp_of_response(response: &Response) -> Result<Option<Sdp>, Refusal> {
    content(&response.headers, &response.body, response.body_of_type(SDP))
}

fn content(headers: &Headers, body: &[u8], sdp: Option<&[u8]>) -> Result<Option<Sdp>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let encoded = headers
        .list(&HeaderName::ContentEncoding)
        .iter()
        .any(|coding| !coding.eq_ignore_ascii_case("identity"));
    if encoded {
        return Err(Refusal::because(415, HeaderName::AcceptEncoding, "identity".to_owned()));
    }
    if let Some(text) = sdp {
        return Sdp::parse(text).map(Some).map_err(|_| Refusal::plain(488));
    }
    // What its sender calls optional may be passed over (RFC 3204 §7 and RFC 3261 §20.11).
    let optional = headers
        .text(&HeaderName::ContentDisposition)
        .is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
    if optional {
        return Ok(None);
    }
    Err(Refusal::because(415, HeaderName::Accept, ACCEPT.to_owned()))
}
