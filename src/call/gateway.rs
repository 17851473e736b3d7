//! The way out of the house: which trunk carries a number, by which addresses, and how the caller is shown there. Places no call.

use std::sync::Arc;

use crate::ivr::TransferPolicy;
use crate::kernel::PhoneNumber;
use crate::sip::message::{HeaderName, NameAddr, Uri};
use crate::sip::trunk::Target;
use crate::sip::ua::Credentials;

use super::admission::{CallerId, Lines};
use super::arrival::REMOTE_PARTY_ID;
use super::desk::Desk;

/// Who carries calls to some numbers. Everything that no route names is toll fraud until configured otherwise.
#[derive(Clone, Debug)]
pub struct Route {
    /// The numbers.
    pub numbers: TransferPolicy,
    /// Who carries them.
    pub gateway: Arc<Gateway>,
}

/// How calls are placed by a trunk.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The trunk's name: its state tells where calls are sent.
    pub name: String,
    /// The carrier's domain or server, written into the request's URI.
    pub server: Uri,
    /// Named in a Route, if set.
    pub outbound_proxy: Option<Uri>,
    /// Account at the carrier.
    pub account: Option<Credentials>,
    /// Its lines, for calls both ways.
    pub lines: Lines,
    /// Which header tells the carrier who calls.
    pub caller_id: CallerId,
    /// Our own number there.
    pub present_number: Option<String>,
}

/// How a trunk is, as the shard that owns it tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkState {
    /// Its name.
    pub name: String,
    /// Whether calls can be placed by it.
    pub up: bool,
    /// Where to send them, in the order in which to try.
    pub targets: Vec<Target>,
}

/// One address of one trunk, to be tried for a call.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub gateway: Arc<Gateway>,
    pub target: Target,
}

/// Addresses tried for one call at most.
const WAYS_MAX: usize = 4;

/// The ways to a number, best first: `None` if nobody may be called there, empty if nobody can be reached now.
pub(super) fn ways_to(number: &str, routes: &[Route], desk: &Desk) -> Option<Vec<Way>> {
    let mut carries = routes.iter().filter(|route| route.numbers.allows(number)).peekable();
    carries.peek()?;
    let ways = carries.flat_map(|route| {
        let state = desk.trunks.get(&route.gateway.name).filter(|state| state.up);
        let targets = state.map_or(&[][..], |state| &state.targets);
        targets.iter().map(|target| Way {
            gateway: route.gateway.clone(),
            target: *target,
        })
    });
    Some(ways.take(WAYS_MAX).collect())
}

impl Gateway {
    /// A number of the carrier's.
    pub(super) fn uri(&self, number: &str) -> Uri {
        Uri::sip(Some(number), self.server.host.clone(), self.server.port)
    }

    /// Who calls, for From and for the header that the carrier believes. The citizen's own number is passed on where there
    /// is one, so that 110 sees who calls.
    pub(super) fn caller(&self, number: &PhoneNumber) -> (NameAddr, Option<(HeaderName, String)>) {
        let theirs = Some(number.reveal()).filter(|n| is_number(n));
        let ours = self.present_number.as_deref();
        let shown = match self.caller_id {
            CallerId::Asserted | CallerId::RemoteParty => ours.or(theirs),
            CallerId::From => theirs.or(ours),
        };
        let from = NameAddr::new(self.uri(shown.unwrap_or("anonymous")));
        let identity = theirs.or(ours).map(|n| NameAddr::new(self.uri(n)).to_string());
        let header = identity.and_then(|identity| match self.caller_id {
            CallerId::Asserted => Some((HeaderName::PAssertedIdentity, identity)),
            CallerId::RemoteParty => {
                let name = HeaderName::Other(REMOTE_PARTY_ID.to_owned());
                Some((name, format!("{identity};party=calling;screen=yes")))
            }
            CallerId::From => None,
        });
        (from, header)
    }

    /// The route set of a call (RFC 3261 §8.1.2).
    pub(super) fn route(&self) -> Vec<NameAddr> {
        let loose = self.outbound_proxy.clone().map(|mut proxy| {
            proxy.params.set("lr", None);
            NameAddr::new(proxy)
        });
        loose.into_iter().collect()
    }
}

/// What a carrier can show: no `anonymous`, no name.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(caller_id: CallerId, present: Option<&str>, caller: &str) -> (String, String) {
        let gateway = Gateway {
            name: "carrier".into(),
            server: Uri::parse("sip:carrier.example.com").unwrap(),
            outbound_proxy: None,
            account: None,
            lines: Lines::at_most(1),
            caller_id,
            present_number: present.map(str::to_owned),
        };
        let (from, header) = gateway.caller(&PhoneNumber::new(caller));
        (
            from.to_string(),
            header
                .map(|(name, value)| format!("{}: {value}", name.as_str()))
                .unwrap_or_default(),
        )
    }

    #[test]
    fn the_carrier_sees_our_number_and_who_really_calls() {
        let (from, header) = shown(CallerId::Asserted, Some("12345"), "13800001234");
        assert_eq!(from, "<sip:12345@carrier.example.com>");
        assert_eq!(header, "P-Asserted-Identity: <sip:13800001234@carrier.example.com>");
        let (_, header) = shown(CallerId::RemoteParty, Some("12345"), "13800001234");
        assert_eq!(
            header,
            "Remote-Party-ID: <sip:13800001234@carrier.example.com>;party=calling;screen=yes"
        );
        let (from, header) = shown(CallerId::From, Some("12345"), "13800001234");
        assert_eq!(
            (from.as_str(), header.as_str()),
            ("<sip:13800001234@carrier.example.com>", "")
        );
    }

    #[test]
    fn a_caller_without_a_number_is_shown_as_us() {
        let (from, header) = shown(CallerId::From, Some("12345"), "anonymous");
        assert_eq!(
            (from.as_str(), header.as_str()),
            ("<sip:12345@carrier.example.com>", "")
        );
        let (from, _) = shown(CallerId::Asserted, None, "x\" <sip:evil>");
        assert_eq!(from, "<sip:anonymous@carrier.example.com>");
    }
}
