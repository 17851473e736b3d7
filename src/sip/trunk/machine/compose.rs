//! The requests of a trunk: REGISTER and OPTIONS. Knows neither when they are sent nor where.

use rand::Rng;

use super::{Purpose, Registration, Trunk};
use crate::sip::message::{HeaderName, Method, NameAddr, Request};

impl Trunk {
    /// A new request, complete but for Via and Max-Forwards.
    pub(super) fn compose(&mut self, purpose: Purpose) -> Request {
        let method = match purpose {
            Purpose::Register | Purpose::Unregister => Method::Register,
            Purpose::Ping => Method::Options,
        };
        self.cseq = self.cseq.saturating_add(1);
        let mut request = Request::new(method.clone(), self.config.server.clone());
        let tag = format!("{:016x}", self.rng.random::<u64>());
        let from = NameAddr::new(self.config.identity.clone()).with_tag(&tag);
        let headers = &mut request.headers;
        if let Some(proxy) = &self.config.outbound_proxy {
            let mut route = proxy.clone();
            route.params.set("lr", None);
            headers.push(HeaderName::Route, NameAddr::new(route).to_string());
        }
        headers.push(HeaderName::From, from.to_string());
        let contact = NameAddr::new(self.config.contact.clone()).to_string();
        headers.push(HeaderName::Contact, contact);
        headers.push(HeaderName::CSeq, format!("{} {method}", self.cseq));
        match purpose {
            Purpose::Register | Purpose::Unregister => self.compose_register(purpose, &mut request),
            Purpose::Ping => self.compose_ping(&mut request),
        }
        request
    }

    /// All registrations of one trunk share a Call-ID, so that the registrar can tell their order (RFC 3261 §10.2).
    fn compose_register(&mut self, purpose: Purpose, request: &mut Request) {
        let headers = &mut request.headers;
        let to = NameAddr::new(self.config.identity.clone());
        headers.push(HeaderName::To, to.to_string());
        headers.push(HeaderName::CallId, self.call_id.as_str());
        let registration = self.registration.as_ref();
        let expires_s = match purpose {
            Purpose::Register => registration.map_or(0, Registration::expires_s),
            Purpose::Unregister | Purpose::Ping => 0,
        };
        headers.push(HeaderName::Expires, expires_s.to_string());
        // The Request-URI of REGISTER names a domain, no user (RFC 3261 §10.2).
        request.uri.user = None;
        if let Some(answerer) = &mut self.answerer {
            answerer.authorize(request, &mut self.rng);
        }
    }

    fn compose_ping(&mut self, request: &mut Request) {
        let to = NameAddr::new(self.config.server.clone());
        let call_id = format!("{:032x}", self.rng.random::<u128>());
        request.headers.push(HeaderName::To, to.to_string());
        request.headers.push(HeaderName::CallId, call_id);
        request.headers.push(HeaderName::Accept, "application/sdp");
    }
}
