//! Requests outside of dialogs: the checks in their order (RFC 3261 §8.2), then a new leg, an answer, or the application.

use crate::kernel::LegId;
use crate::sip::flow::Flow;
use crate::sip::message::{Method, Request};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::ServerKey;

use super::UserAgent;
use super::checks::{self, Refusal};
use super::core::Core;
use super::leg::Leg;
use super::replaces;
use super::session_timer::Ask;
use super::types::UaEvent;

impl UserAgent {
    /// A request without To tag that has passed the first checks.
    pub(super) fn on_outside(&mut self, key: ServerKey, request: Request, flow: Flow) {
        if self.core.layer.is_merged(key) {
            return self.core.reply(key, &request, 482);
        }
        match &request.method {
            Method::Invite => self.on_invite(key, request, flow),
            Method::Options => self.core.answer_options(key, &request, &flow),
            method if self.core.config.allow_out_of_dialog.contains(method) => {
                let request = Box::new(request);
                self.core.event(UaEvent::OutOfDialog { key, request, flow });
            }
            // The rest belongs to a dialog, and names none.
            _within_a_dialog => self.core.reply(key, &request, 481),
        }
    }

    fn on_invite(&mut self, key: ServerKey, invite: Request, flow: Flow) {
        match admit(&self.core, &invite) {
            Ok(offer) => self.on_call(key, invite, flow, offer, None),
            // Not the end of a call: the caller comes back at once with a longer interval (RFC 4028 §6).
            Err(refusal) if refusal.status == 422 => self.core.refuse(key, &invite, refusal),
            Err(refusal) => self.on_call(key, invite, flow, None, Some(refusal)),
        }
    }

    /// A call that was not even understood is a call: the application hears of it, refuses it and has it on record.
    pub(super) fn on_refused_invite(&mut self, key: ServerKey, invite: Request, flow: Flow, refusal: Refusal) {
        if self.core.layer.is_merged(key) {
            return self.core.reply(key, &invite, 482);
        }
        self.on_call(key, invite, flow, None, Some(refusal));
    }

    fn on_call(&mut self, key: ServerKey, invite: Request, flow: Flow, offer: Option<Sdp>, refusal: Option<Refusal>) {
        let id = LegId(self.last_leg + 1);
        let leg = Leg::of_invite(id, &mut self.core, key, &invite, flow, offer.as_ref());
        let Ok(leg) = leg else {
            return self.core.reply(key, &invite, 400); // Contact or Record-Route cannot be read
        };
        self.last_leg = id.0;
        self.core.invites.insert(key, id);
        self.add(leg);
        let invite = Box::new(invite);
        self.core.event(UaEvent::Incoming {
            leg: id,
            invite,
            flow,
            offer,
            refusal,
        });
    }
}

/// What an INVITE must pass before it becomes a leg; its offer.
fn admit(core: &Core, invite: &Request) -> Result<Option<Sdp>, Refusal> {
    checks::accept(invite)?;
    if core.config.allow_refer {
        replaces::check(&invite.headers)?;
    }
    let offer = checks::sdp_of_request(invite)?;
    Ask::of(&invite.headers).check(&core.config)?;
    Ok(offer)
}
