//! A dialog's state (RFC 3261 §12): who, which tags, which way, which numbers. Builds requests within it; sends nothing.

use std::net::SocketAddr;

use crate::sip::flow::Flow;
use crate::sip::message::{Contacts, HeaderError, HeaderName, Method, NameAddr, Request, Response, Uri};

/// Default port of SIP (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// One dialog, or the beginning of one (no remote tag yet).
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// From of our requests, tag included, as it was first written.
    pub local: Vec<u8>,
    /// To of our requests, tag included once known.
    pub remote: Vec<u8>,
    /// Our tag.
    pub local_tag: String,
    /// Their tag; empty for a caller of RFC 2543, or while unknown.
    pub remote_tag: String,
    /// Number of our last request.
    pub local_cseq: u32,
    /// Number of their last request.
    pub remote_cseq: Option<u32>,
    /// Route set, first hop first.
    pub routes: Vec<NameAddr>,
    /// Remote target.
    pub target: Uri,
    /// The peer's Via told another address than its packets: it sits behind a NAT.
    pub behind_nat: bool,
}

impl Dialog {
    /// The dialog that an INVITE to us creates (RFC 3261 §12.1.1).
    pub fn of_incoming(invite: &Request, local_tag: &str, flow: &Flow) -> Result<Self, HeaderError> {
        let headers = &invite.headers;
        let mut local = headers.get(&HeaderName::To).unwrap_or_default().to_vec();
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(local_tag.as_bytes());
        let target = match contact(headers.contacts()?) {
            Some(uri) => uri,
            None => headers.from()?.uri,
        };
        Ok(Self {
            call_id: headers.call_id()?.to_string(),
            local,
            remote: headers.get(&HeaderName::From).unwrap_or_default().to_vec(),
            local_tag: local_tag.to_owned(),
            remote_tag: headers.from()?.tag().unwrap_or_default().to_owned(),
            local_cseq: 0,
            remote_cseq: Some(headers.cseq()?.number),
            routes: headers.record_routes()?,
            target,
            behind_nat: via_lies(invite, flow),
        })
    }

    /// The dialog that a response to our INVITE creates (RFC 3261 §12.1.2), continuing `base`.
    pub fn of_response(base: &Self, response: &Response) -> Result<Self, HeaderError> {
        let mut dialog = base.clone();
        dialog.remote = response.headers.get(&HeaderName::To).unwrap_or_default().to_vec();
        dialog.remote_tag = response.headers.to()?.tag().unwrap_or_default().to_owned();
        dialog.adopt(response)?;
        Ok(dialog)
    }

    /// A dialog of ours known by its 2xx alone.
    pub fn of_stray(response: &Response) -> Result<Self, HeaderError> {
        let headers = &response.headers;
        let from = headers.from()?;
        let mut dialog = Self {
            call_id: headers.call_id()?.to_string(),
            local: headers.get(&HeaderName::From).unwrap_or_default().to_vec(),
            remote: headers.get(&HeaderName::To).unwrap_or_default().to_vec(),
            local_tag: from.tag().unwrap_or_default().to_owned(),
            remote_tag: headers.to()?.tag().unwrap_or_default().to_owned(),
            local_cseq: headers.cseq()?.number,
            remote_cseq: None,
            routes: Vec::new(),
            target: headers.to()?.uri,
            behind_nat: false,
        };
        dialog.adopt(response)?;
        Ok(dialog)
    }

    /// Takes route set and target from a response (RFC 3261 §13.2.2.4: a 2xx recomputes them).
    pub fn adopt(&mut self, response: &Response) -> Result<(), HeaderError> {
        let mut routes = response.headers.record_routes()?;
        routes.reverse();
        self.routes = routes;
        self.retarget(response.headers.contacts()?);
        Ok(())
    }

    /// Takes the target from a target refresh (RFC 3261 §12.2).
    pub fn retarget(&mut self, contacts: Contacts) {
        if let Some(uri) = contact(contacts) {
            self.target = uri;
        }
    }

    /// A request within the dialog (RFC 3261 §12.2.1.1), numbered next.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.numbered(method, self.local_cseq)
    }

    /// An ACK for the 2xx of the INVITE with this number (RFC 3261 §13.2.2.4).
    pub fn ack(&self, cseq: u32) -> Request {
        self.numbered(Method::Ack, cseq)
    }

    /// A request with a given number: ACK.
    fn numbered(&self, method: Method, cseq: u32) -> Request {
        let strict = self.routes.first().filter(|route| !is_loose(route));
        let uri = strict.map_or(&self.target, |route| &route.uri);
        let number = format!("{cseq} {method}");
        let mut request = Request::new(method, uri.clone());
        let headers = &mut request.headers;
        // A strict router takes the Request-URI's place, and the target goes last (RFC 3261 §12.2.1.1).
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            headers.push(HeaderName::Route, route.to_string());
        }
        if strict.is_some() {
            headers.push(HeaderName::Route, format!("<{}>", self.target));
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, self.local.clone());
        headers.push(HeaderName::To, self.remote.clone());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, number);
        request
    }

    /// Where the next request goes: first route, else target; a peer behind NAT is met where its packets come from, and a
    /// connection is used while there is one.
    pub fn next_hop(&self, flow: &Flow) -> Flow {
        if flow.transport.is_reliable() {
            return *flow;
        }
        let hop = match self.routes.first() {
            Some(route) => address(&route.uri).filter(|to| to.is_ipv4() == flow.local.is_ipv4()),
            None if self.behind_nat => None,
            None => address(&self.target).filter(|to| to.ip() == flow.remote.ip()),
        };
        Flow {
            remote: hop.unwrap_or(flow.remote),
            ..*flow
        }
    }
}

fn is_loose(route: &NameAddr) -> bool {
    route.uri.params.contains("lr")
}

fn contact(contacts: Contacts) -> Option<Uri> {
    match contacts {
        Contacts::Star => None,
        Contacts::List(list) => list.into_iter().next().map(|contact| contact.uri),
    }
}

/// The address of a URI whose host is a literal; names are not looked up within a dialog.
pub(super) fn address(uri: &Uri) -> Option<SocketAddr> {
    let ip = uri.host.ip()?;
    Some(SocketAddr::new(ip, uri.port.unwrap_or(SIP_PORT)))
}

/// Whether a Via tells another address than the packet came from. A name may be anything.
fn via_lies(invite: &Request, flow: &Flow) -> bool {
    let told = invite.headers.via_top().ok().and_then(|via| via.host.ip());
    told.is_some_and(|ip| ip.to_canonical() != flow.remote.ip().to_canonical())
}
