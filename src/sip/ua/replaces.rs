//! The `Replaces` header (RFC 3891): which dialog a call takes the place of. Whether it may is the application's decision.

use std::fmt;

use crate::kernel::LegId;
use crate::sip::message::{HeaderName, Headers, NameAddr, Request, Uri};

use super::UserAgent;
use super::checks::Refusal;
use super::leg::{Leg, Phase};

/// A dialog as it is named to the side that is to replace it: `to_tag` is that side's own tag, `from_tag` the other's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID.
    pub call_id: String,
    /// Tag of the side that is asked.
    pub to_tag: String,
    /// Tag of its peer.
    pub from_tag: String,
    /// Only as long as it is not answered.
    pub early_only: bool,
}

impl Replaces {
    /// Reads a value: `98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff`. `None` if a part is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?;
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            let (name, value) = part.split_once('=').map_or((part, ""), |(n, v)| (n.trim(), v.trim()));
            match name.to_ascii_lowercase().as_str() {
                "to-tag" => to_tag = Some(value.to_owned()),
                "from-tag" => from_tag = Some(value.to_owned()),
                "early-only" => early_only = true,
                _further => {}
            }
        }
        Some(Self {
            call_id: call_id.to_owned(),
            to_tag: to_tag?,
            from_tag: from_tag?,
            early_only,
        })
    }

    /// The one of an INVITE, if it has one. Several, or one that cannot be read, never reach the application.
    pub fn of(invite: &Request) -> Option<Self> {
        read(&invite.headers).ok().flatten()
    }

    /// The one embedded in the URI of a Refer-To (RFC 3891 §5): `<sip:bob@example.com?Replaces=…>`.
    pub fn embedded(uri: &Uri) -> Option<Self> {
        Self::parse(&uri.header("Replaces")?)
    }

    /// This address with the header embedded, for a Refer-To.
    pub fn embed(&self, address: &Uri) -> NameAddr {
        let mut uri = address.clone();
        uri.headers = Some(format!("Replaces={}", escaped(&self.to_string())));
        NameAddr::new(uri)
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call_id,
            to_tag,
            from_tag,
            early_only,
        } = self;
        write!(f, "{call_id};to-tag={to_tag};from-tag={from_tag}")?;
        f.write_str(if *early_only { ";early-only" } else { "" })
    }
}

/// At most one, and a whole one (RFC 3891 §3: else 400).
pub(super) fn check(headers: &Headers) -> Result<(), Refusal> {
    read(headers).map(|_| ())
}

fn read(headers: &Headers) -> Result<Option<Replaces>, Refusal> {
    let Some(text) = headers.text(&HeaderName::Replaces) else {
        return Ok(None);
    };
    let single = headers.count(&HeaderName::Replaces) == 1;
    let value = Replaces::parse(&text).filter(|_| single);
    value.map(Some).ok_or_else(|| Refusal::plain(400))
}

/// Every octet that may not stand in a header's value within a URI (RFC 3261 §25.1, hvalue), and some more.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Leg {
    /// Whether a dialog of this leg is with that tag of theirs.
    fn is_with(&self, remote_tag: &str) -> bool {
        // A tag of 0 stands for none, as a caller of RFC 2543 has it (RFC 3891 §3).
        let same = |tag: &str| tag == remote_tag || (tag.is_empty() && remote_tag == "0");
        match &self.phase {
            Phase::Calling(calling) => calling.early.iter().any(|early| same(&early.dialog.remote_tag)),
            Phase::Ringing(_) | Phase::Talking | Phase::PeerLeft(_) | Phase::Leaving { .. } => {
                same(&self.dialog.remote_tag)
            }
            Phase::Gone => false,
        }
    }
}

impl UserAgent {
    /// The leg of a dialog: its Call-ID, our tag, their tag.
    pub fn find_dialog(&self, call_id: &str, to_tag: &str, from_tag: &str) -> Option<LegId> {
        let id = *self.core.tags.get(to_tag)?;
        let leg = self.legs.get(&id)?;
        (leg.dialog.call_id == call_id && leg.is_with(from_tag)).then_some(id)
    }

    /// The leg whose place a call may take, as far as the dialogs tell (RFC 3891 §3).
    ///
    /// # Errors
    /// The status to refuse with: 481 for one that is not here, or that rings with us (only who calls may be replaced while
    /// it rings); 603 for one that is over; 486 for an answered one if only an unanswered was meant.
    pub fn replaced(&self, replaces: &Replaces) -> Result<LegId, u16> {
        let Replaces {
            call_id,
            to_tag,
            from_tag,
            early_only,
        } = replaces;
        let id = self.find_dialog(call_id, to_tag, from_tag).ok_or(481_u16)?;
        match self.legs.get(&id).map(|leg| &leg.phase) {
            Some(Phase::Talking) if *early_only => Err(486),
            Some(Phase::Talking | Phase::Calling(_)) => Ok(id),
            Some(Phase::PeerLeft(_) | Phase::Leaving { .. }) => Err(603),
            Some(Phase::Ringing(_) | Phase::Gone) | None => Err(481),
        }
    }

    /// How the far side of a leg would be asked to replace it: for REFER and INVITE of a telephone. `None` before there is
    /// a dialog.
    pub fn replaces(&self, leg: LegId) -> Option<Replaces> {
        let leg = self.legs.get(&leg)?;
        let dialog = match &leg.phase {
            Phase::Calling(calling) => &calling.early.first()?.dialog,
            Phase::Ringing(_) | Phase::Talking => &leg.dialog,
            Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone => return None,
        };
        Some(Replaces {
            call_id: dialog.call_id.clone(),
            to_tag: dialog.remote_tag.clone(),
            from_tag: dialog.local_tag.clone(),
            early_only: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_survives_the_way_through_a_uri() {
        let replaces = Replaces {
            call_id: "12adf2f34456gs5;x@sip.example.com".replace(';', "."),
            to_tag: "12345".into(),
            from_tag: "54321&?=%".into(),
            early_only: true,
        };
        let address = Uri::parse("sip:8002@192.0.2.1").unwrap();
        let header = replaces.embed(&address).to_string();
        let read = NameAddr::parse(&header).unwrap();
        assert_eq!(read.uri.user.as_deref(), Some("8002"));
        assert_eq!(Replaces::embedded(&read.uri), Some(replaces));
    }

    #[test]
    fn telephones_write_it_in_several_ways() {
        let text = "<sip:bob@192.0.2.4?replaces=425928%40bobster.example.org%3Bto-tag%3D7743%3Bfrom-tag%3D6472&Require=replaces>";
        let uri = NameAddr::parse(text).unwrap().uri;
        let read = Replaces::embedded(&uri).unwrap();
        assert_eq!(read.call_id, "425928@bobster.example.org");
        assert_eq!((read.to_tag.as_str(), read.from_tag.as_str()), ("7743", "6472"));
        assert!(Replaces::parse("a;to-tag=1").is_none() && Replaces::parse(";to-tag=1;from-tag=2").is_none());
    }
}
