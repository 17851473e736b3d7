//! What a REGISTER asks for (RFC 3261 §10.3, steps 6 and 7), read and checked before anything is changed. Knows no account.

use crate::sip::Flow;
use crate::sip::Transport;
use crate::sip::message::{Contacts, HeaderName, Headers, NameAddr, Request, Scheme, Uri};

use super::types::RegistrarConfig;

/// Longest Contact URI kept, bytes.
const CONTACT_MAX_BYTES: usize = 512;
/// Longest Call-ID and instance kept, bytes.
const NAME_MAX_BYTES: usize = 256;
/// Longest User-Agent kept, characters.
const USER_AGENT_MAX_CHARS: usize = 120;
/// Port of an address without one.
const DEFAULT_PORT: u16 = 5060;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    /// A header that says more.
    pub header: Option<(HeaderName, String)>,
}

impl Refusal {
    pub(super) const fn plain(status: u16) -> Self {
        Self { status, header: None }
    }

    pub(super) const fn because(status: u16, name: HeaderName, value: String) -> Self {
        Self {
            status,
            header: Some((name, value)),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// What do I have? (§10.2.3)
    Tell,
    /// Nothing any more (`*`, §10.2.2).
    Forget,
    /// These, each with the time that is granted, or 0 to remove it.
    Set(Vec<Asked>),
}

/// One contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub contact: Uri,
    pub instance: Option<String>,
    pub q: u16,
    /// Granted, seconds; 0 removes.
    pub expires_s: u32,
}

/// What can be said before anybody knows who asks: that the request is none of ours, or asks what nobody here can do.
pub(super) fn check(request: &Request) -> Result<(), Refusal> {
    match request.uri.scheme {
        Scheme::Sip | Scheme::Sips => {}
        Scheme::Tel | Scheme::Other(_) => return Err(Refusal::plain(416)),
    }
    if !request.headers.to().is_ok_and(|to| to.uri.is_sip()) {
        return Err(Refusal::plain(400));
    }
    // Path, outbound and GRUU are welcome in Supported; who insists on them must not believe that he got them.
    let required = request.headers.require();
    if !required.is_empty() {
        return Err(Refusal::because(420, HeaderName::Unsupported, required.join(", ")));
    }
    Ok(())
}

/// Reads the contacts.
pub(super) fn wish(request: &Request, flow: &Flow, config: &RegistrarConfig) -> Result<Wish, Refusal> {
    let headers = &request.headers;
    let call_id = headers.call_id().map_err(|_| Refusal::plain(400))?;
    if call_id.len() > NAME_MAX_BYTES {
        return Err(Refusal::plain(400));
    }
    match headers.contacts().map_err(|_| Refusal::plain(400))? {
        Contacts::Star if headers.expires() == Some(0) => Ok(Wish::Forget),
        Contacts::Star => Err(Refusal::plain(400)),
        Contacts::List(list) if list.is_empty() => Ok(Wish::Tell),
        Contacts::List(list) if list.len() > config.bindings_per_account_max => Err(Refusal::plain(403)),
        Contacts::List(list) => {
            let whole = headers.expires();
            let asked = list.into_iter().map(|contact| asked(contact, whole, flow, config));
            asked.collect::<Result<_, _>>().map(Wish::Set)
        }
    }
}

fn asked(contact: NameAddr, whole: Option<u32>, flow: &Flow, config: &RegistrarConfig) -> Result<Asked, Refusal> {
    let NameAddr { mut uri, params, .. } = contact;
    if !uri.is_sip() {
        return Err(Refusal::plain(400));
    }
    // What would become headers of our requests is nobody's to say (RFC 3261 §19.1.5).
    uri.headers = None;
    // It goes out again between quotes; one with quotes or escapes of its own is no URN, and is passed over.
    let instance = params.value("+sip.instance").filter(|it| !it.contains(['"', '\\']));
    let instance = instance.map(str::to_owned);
    let long = instance.as_ref().is_some_and(|it| it.len() > NAME_MAX_BYTES);
    if long || uri.to_string().len() > CONTACT_MAX_BYTES {
        return Err(Refusal::plain(400));
    }
    let own = params.value("expires").map(|text| seconds(text, config));
    let wanted_s = own.or(whole).unwrap_or(config.expires_default_s);
    Ok(Asked {
        expires_s: granted(wanted_s, &uri, flow, config)?,
        q: params.value("q").map_or(1_000, thousandths),
        contact: uri,
        instance,
    })
}

/// A malformed `expires` parameter means the default (RFC 3261 §20.10 has it as 3600).
fn seconds(text: &str, config: &RegistrarConfig) -> u32 {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match digits {
        // What does not fit is longer than anything that we grant.
        true => text.parse().unwrap_or(u32::MAX),
        false => config.expires_default_s,
    }
}

/// The time that a contact gets; 423 for one that is too short (§10.2.8).
fn granted(wanted_s: u32, contact: &Uri, flow: &Flow, config: &RegistrarConfig) -> Result<u32, Refusal> {
    if wanted_s == 0 {
        return Ok(0);
    }
    if wanted_s < config.expires_min_s {
        let least = config.expires_min_s.to_string();
        return Err(Refusal::because(423, HeaderName::MinExpires, least));
    }
    let longest_s = match flow.transport {
        Transport::Tcp => config.expires_stream_s,
        Transport::Udp if is_translated(contact, flow) => config.expires_nat_s,
        Transport::Udp => config.expires_max_s,
    };
    Ok(wanted_s.min(longest_s).min(config.expires_max_s))
}

/// Whether the address in the Contact is not the one that the request came from.
fn is_translated(contact: &Uri, flow: &Flow) -> bool {
    contact.host.ip() != Some(flow.remote.ip().to_canonical())
}

/// The way to a telephone: where its request came from. One that did not ask for `rport` and is not translated may send
/// from another port than it listens on: its Contact says which.
pub(super) fn way_to(contact: &Uri, request: &Request, flow: &Flow) -> Flow {
    let mut way = *flow;
    let symmetric = request.headers.via_top().is_ok_and(|via| via.rport().is_some());
    if flow.transport == Transport::Udp && !symmetric && !is_translated(contact, flow) {
        way.remote.set_port(contact.port.unwrap_or(DEFAULT_PORT));
    }
    way
}

/// `0.5` → 500. What is no number from 0 to 1 counts as none at all.
fn thousandths(text: &str) -> u16 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit());
    let thousandths = format!("{rest:0<3}").parse::<u16>();
    match (whole, thousandths) {
        ("0", Ok(q)) if digits => q,
        _one_or_none => 1_000,
    }
}

/// Who it says it is: decoded, short, without control characters.
pub(super) fn user_agent(headers: &Headers) -> String {
    let text = headers.text(&HeaderName::UserAgent).unwrap_or_default();
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(USER_AGENT_MAX_CHARS).collect()
}

/// Whether two Contacts are the same telephone (RFC 3261 §19.1.4, as far as it matters to who is rung: scheme, user, host,
/// port, transport).
pub(super) fn same_contact(a: &Uri, b: &Uri) -> bool {
    let transport = |uri: &Uri| uri.params.value("transport").map(str::to_ascii_lowercase);
    let unescaped = |uri: &Uri| uri.user_unescaped();
    let host = |uri: &Uri| uri.host.to_string().to_ascii_lowercase();
    a.scheme == b.scheme
        && a.port == b.port
        && (a.user == b.user || unescaped(a).is_some_and(|user| Some(user) == unescaped(b)))
        && (a.host == b.host || host(a) == host(b))
        && (a.params == b.params || transport(a) == transport(b))
}
