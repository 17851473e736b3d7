//! The layer's client side: our requests, their answers, our CANCELs, and what is sent without a transaction.

use super::*;
use crate::sip::transaction::via;

/// Hops that a request of ours may take (RFC 3261 §8.1.1.6).
const MAX_FORWARDS: &str = "70";

impl Layer {
    /// Sends a request in a new transaction, with a Via of ours on top. Not for ACK, which has no transaction of
    /// its own: it is sent as by [`Layer::transmit`], and nothing is ever heard of the key.
    pub fn request(&mut self, mut request: Request, flow: Flow, now: Mono) -> ClientKey {
        if request.method == Method::Ack {
            self.transmit(request, flow);
            self.last_id = self.last_id.wrapping_add(1);
            return ClientKey(self.last_id);
        }
        let branch = self.sign(&mut request, &flow);
        let identity = identity::of_ours(&branch, &request.method);
        let id = self.open(identity, flow, now, false, |cx| {
            if request.method == Method::Invite {
                Machine::InviteClient(InviteClient::start(&request, cx))
            } else {
                let machine = PlainClient::start(request.to_bytes().into(), cx);
                let silent = false;
                Machine::PlainClient { machine, silent }
            }
        });
        ClientKey(id)
    }

    /// Gives up an INVITE of ours: see [`Layer::cancel_because`].
    pub fn cancel(&mut self, invite: ClientKey, now: Mono) {
        self.cancel_because(invite, None, now);
    }

    /// Gives up an INVITE of ours: sends a CANCEL as soon as a provisional answer allows it
    /// (RFC 3261 §9.1), with `reason` as its Reason header (RFC 3326). The INVITE's final answer still
    /// comes, and may be a 2xx; after 64·T1 without one it fails with [`Timeout`](crate::sip::transaction::Failure).
    /// Does nothing after a final answer.
    pub fn cancel_because(&mut self, invite: ClientKey, reason: Option<String>, now: Mono) {
        let cancel = self.turn(invite.0, now, |machine, cx| match machine {
            Machine::InviteClient(machine) => machine.cancel(reason, cx),
            Machine::PlainClient { .. } | Machine::InviteServer { .. } | Machine::PlainServer { .. } => None,
        });
        self.send_cancel(invite.0, cancel.flatten(), now);
    }

    /// Sends a request without a transaction, with a fresh branch: the ACK of a 2xx.
    pub fn transmit(&mut self, mut request: Request, flow: Flow) {
        self.sign(&mut request, &flow);
        let bytes = request.to_bytes().into();
        self.shared.commands.push_back(Command::Transmit { flow, bytes });
    }

    /// Matches an answer to our request by branch and method (RFC 3261 §17.1.3). One that matches
    /// nothing is dropped: there is nobody whom it could concern.
    pub(super) fn receive_response(&mut self, response: Response, flow: Flow, now: Mono) {
        let (Ok(via), Ok(cseq)) = (response.headers.via_top(), response.headers.cseq()) else {
            return;
        };
        // More than one Via: it was meant for a proxy (RFC 3261 §8.1.3.3).
        if response.headers.list(&HeaderName::Via).len() != 1 {
            return;
        }
        let identity = identity::of_ours(via.branch().unwrap_or_default(), &cseq.method);
        let Some(&id) = self.names.get(&identity) else {
            return;
        };
        let response = Box::new(response);
        let cancel = self.turn(id, now, |machine, cx| match machine {
            Machine::InviteClient(machine) => machine.handle(invite_client::Input::Response(response, flow), cx),
            Machine::PlainClient { machine, .. } => {
                machine.handle(plain_client::Input::Response(response, flow), cx);
                None
            }
            Machine::InviteServer { .. } | Machine::PlainServer { .. } => None,
        });
        self.send_cancel(id, cancel.flatten(), now);
    }

    /// Sends a CANCEL in a transaction of its own, the same way and with the same Via as its INVITE.
    fn send_cancel(&mut self, invite: u64, cancel: Option<Request>, now: Mono) {
        let (Some(cancel), Some(entry)) = (cancel, self.entries.get(&invite)) else {
            return;
        };
        let flow = entry.flow;
        let branch = cancel.headers.via_top();
        let branch = branch.as_ref().ok().and_then(|it| it.branch());
        let identity = identity::of_ours(branch.unwrap_or_default(), &Method::Cancel);
        self.open(identity, flow, now, true, |cx| Machine::PlainClient {
            machine: PlainClient::start(cancel.to_bytes().into(), cx),
            silent: true,
        });
    }

    /// Puts our Via on top, with a branch that nobody can guess, and returns the branch.
    fn sign(&mut self, request: &mut Request, flow: &Flow) -> String {
        let branch = format!("z9hG4bK{:032x}", self.rng.random::<u128>());
        let via = via::ours(flow, &branch);
        request.headers.push_front(HeaderName::Via, via.to_string());
        if request.headers.count(&HeaderName::MaxForwards) == 0 {
            request.headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
        }
        branch
    }
}
