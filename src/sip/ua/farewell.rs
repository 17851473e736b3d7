//! A dialog in few words, and goodbye in one that we know by those words alone: a server that was killed tells the telephones
//! of its last life that the line is gone, instead of leaving them in silence. Knows no call.

use crate::kernel::{self, LegId, Now};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{HeaderName, Method, NameAddr, Uri};

use super::UserAgent;
use super::core::Use;
use super::dialog::{Dialog, address};
use super::hangup::reason;
use super::leg::{Leg, Phase};

/// Q.850: temporary failure.
const TEMPORARY_FAILURE: u16 = 41;
/// Requests that a dialog may have seen since it was put on record: re-INVITEs, refreshes, keys by INFO. A number may leap, but
/// never go back (RFC 3261 §12.2.2: a gap is no error).
const REQUESTS_SINCE: u32 = 10_000;

/// Why no goodbye could be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FarewellError {
    /// A part of the dialog is not what SIP allows there.
    #[error("the dialog's {0} cannot be read")]
    Unreadable(&'static str),
}

impl UserAgent {
    /// What is needed to say goodbye in a leg's dialog from another life. `None` unless it is established.
    pub fn dialog(&self, leg: LegId) -> Option<kernel::Dialog> {
        let leg = self.legs.get(&leg)?;
        matches!(leg.phase, Phase::Talking).then(|| in_few_words(leg))?
    }

    /// Says BYE in a dialog that has no leg, with a Reason of Q.850 cause 41 (RFC 3326). Sent again as RFC 3261 §17.1.2 wants
    /// until it is answered, whatever the answer, or given up; nobody is told.
    ///
    /// # Errors
    /// [`FarewellError`]: nothing was sent.
    pub fn farewell(
        &mut self,
        dialog: &kernel::Dialog,
        flow: Flow,
        reason_text: &str,
        now: Now,
    ) -> Result<(), FarewellError> {
        self.core.now = now;
        let mut bye = known_again(dialog)?.request(Method::Bye);
        let cause = (TEMPORARY_FAILURE, reason_text.to_owned());
        bye.headers.push(HeaderName::Reason, reason(&cause));
        let client = self.core.layer.request(bye, flow, now.mono);
        self.core.clients.insert(client, Use::Stray);
        self.pump();
        Ok(())
    }
}

fn in_few_words(leg: &Leg) -> Option<kernel::Dialog> {
    let dialog = &leg.dialog;
    let uri = |value: &[u8]| {
        let text = String::from_utf8_lossy(value); // only a display name can be anything else
        NameAddr::parse(&text).ok().map(|name| name.uri.to_string())
    };
    let (transport, remote) = match leg.flow.transport {
        Transport::Udp => ("udp", dialog.next_hop(&leg.flow).remote),
        // Their end of the connection dies with ours; where they listen is in their Contact.
        Transport::Tcp => {
            let hop = dialog.routes.first().map_or(&dialog.target, |route| &route.uri);
            ("tcp", address(hop).unwrap_or(leg.flow.remote))
        }
    };
    Some(kernel::Dialog {
        call_id: dialog.call_id.clone(),
        local_tag: dialog.local_tag.clone(),
        remote_tag: dialog.remote_tag.clone(),
        local_uri: uri(&dialog.local)?,
        remote_uri: uri(&dialog.remote)?,
        target: dialog.target.to_string(),
        routes: dialog.routes.iter().map(ToString::to_string).collect(),
        cseq: dialog.local_cseq.saturating_add(1),
        transport: transport.to_owned(),
        remote: remote.to_string(),
    })
}

fn known_again(dialog: &kernel::Dialog) -> Result<Dialog, FarewellError> {
    let name = |uri: &str, tag: &str, what| {
        let uri = Uri::parse(uri).map_err(|_| FarewellError::Unreadable(what))?;
        let tag = if tag.is_empty() {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        Ok(format!("<{uri}>{tag}").into_bytes())
    };
    let route = |text: &String| NameAddr::parse(text).map_err(|_| FarewellError::Unreadable("route set"));
    Ok(Dialog {
        call_id: dialog.call_id.clone(),
        local: name(&dialog.local_uri, &dialog.local_tag, "local URI")?,
        remote: name(&dialog.remote_uri, &dialog.remote_tag, "remote URI")?,
        local_tag: dialog.local_tag.clone(),
        remote_tag: dialog.remote_tag.clone(),
        local_cseq: dialog.cseq.saturating_add(REQUESTS_SINCE),
        remote_cseq: None,
        routes: dialog.routes.iter().map(route).collect::<Result<_, _>>()?,
        target: Uri::parse(&dialog.target).map_err(|_| FarewellError::Unreadable("target"))?,
        behind_nat: false,
    })
}
