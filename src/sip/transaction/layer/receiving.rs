//! The layer's server side: requests that come in, and the answers it gives on its own.

use super::*;
use crate::sip::message::Via;
use crate::sip::transaction::via;

/// When a caller that we had no room for may come again.
const RETRY_AFTER_S: u32 = 10;

/// A request with what is known of the way it came.
struct Arrival {
    request: Request,
    /// The top Via as it came.
    via: Via,
    flow: Flow,
    /// The way of its answers.
    back: Flow,
}

impl Layer {
    /// Answers, without memory, a message that could not be read, if enough of it could.
    pub fn reject_malformed(&mut self, malformed: Malformed, flow: Flow) {
        let Some(mut request) = malformed.reply.map(|it| *it) else {
            return;
        };
        // An ACK is never answered (RFC 3261 §17.1.1.3).
        if request.method == Method::Ack {
            return;
        }
        let via = request.headers.via_top().ok();
        let back = via.as_ref().map_or(flow, |it| via::answer_flow(it, &flow));
        if let Some(via) = via.clone() {
            via::stamp(&mut request, via, &flow);
        }
        self.answer_statelessly(&request, via.as_ref(), malformed.status, back);
    }

    pub(super) fn receive_request(&mut self, mut request: Request, flow: Flow, now: Mono) {
        // Without a Via there is nothing to match by and nowhere to answer.
        let Ok(via) = request.headers.via_top() else {
            return;
        };
        via::stamp(&mut request, via.clone(), &flow);
        let back = via::answer_flow(&via, &flow);
        let arrival = Arrival {
            request,
            via,
            flow,
            back,
        };
        if arrival.request.method == Method::Ack {
            self.receive_ack(arrival, now);
        } else {
            self.receive_asking(arrival, now);
        }
    }

    /// Any request that wants an answer.
    fn receive_asking(&mut self, arrival: Arrival, now: Mono) {
        let Arrival { request, via, .. } = &arrival;
        let identity = identity::of_request(request, via, &request.method);
        if let Some(&id) = self.names.get(&identity) {
            return self.came_again(id, now);
        }
        if self.is_full_for(request) {
            return self.answer_statelessly(request, Some(via), 503, arrival.back);
        }
        if request.method == Method::Invite {
            self.open_invite(identity, arrival, now);
        } else if request.method == Method::Cancel {
            self.receive_cancel(identity, &arrival, now);
        } else {
            self.open_plain(identity, arrival, now);
        }
    }

    fn came_again(&mut self, id: u64, now: Mono) {
        self.turn(id, now, |machine, cx| match machine {
            Machine::InviteServer { machine, .. } => {
                machine.handle(invite_server::Input::Invite, cx);
            }
            Machine::PlainServer { machine, .. } => {
                machine.handle(plain_server::Input::Request, cx);
            }
            Machine::InviteClient(_) | Machine::PlainClient { .. } => {}
        });
    }

    fn open_invite(&mut self, identity: Identity, arrival: Arrival, now: Mono) {
        let facts = self.facts_of(&arrival);
        let trying = arrival.request.reply(100).to_bytes().into();
        let (request, flow) = (arrival.request, arrival.flow);
        let merge = facts.merge;
        let id = self.open(identity, arrival.back, now, false, |cx| {
            let machine = InviteServer::start(trying, cx);
            Machine::InviteServer { machine, facts }
        });
        self.announce(id, merge, request, flow);
    }

    fn open_plain(&mut self, identity: Identity, arrival: Arrival, now: Mono) {
        let facts = self.facts_of(&arrival);
        let (request, flow) = (arrival.request, arrival.flow);
        let merge = facts.merge;
        let id = self.open(identity, arrival.back, now, false, |cx| {
            let machine = PlainServer::start(cx);
            Machine::PlainServer { machine, facts }
        });
        self.announce(id, merge, request, flow);
    }

    fn announce(&mut self, id: u64, merge: Option<u64>, request: Request, flow: Flow) {
        if let Some(merge) = merge {
            self.merges.entry(merge).or_insert(id);
        }
        let key = ServerKey(id);
        self.shared.commands.push_back(Command::Request { key, request, flow });
    }

    /// A CANCEL is answered here: 200 if its INVITE is known, else 481 (RFC 3261 §9.2).
    fn receive_cancel(&mut self, identity: Identity, arrival: &Arrival, now: Mono) {
        let Arrival { request, via, .. } = arrival;
        let invite = identity::of_request(request, via, &Method::Invite);
        let invite = self.names.get(&invite).copied();
        let reason = request.headers.text(&HeaderName::Reason);
        let reason = reason.map(|it| it.into_owned());
        let mut facts = self.facts_of(arrival);
        facts.merge = None;
        let mut response = request.reply(if invite.is_some() { 200 } else { 481 });
        // The answers to INVITE and CANCEL should have one To tag (RFC 3261 §9.2).
        let invite_facts = invite.and_then(|it| self.entries.get(&it)?.facts());
        if let Some(it) = invite_facts {
            facts.tag = it.tag;
            if let (Some(tag), Ok(to)) = (&it.answered_tag, response.headers.to()) {
                let to = to.with_tag(tag).to_string();
                response.headers.set(HeaderName::To, to);
            }
        }
        let id = self.open(identity, arrival.back, now, true, |cx| {
            let machine = PlainServer::start(cx);
            Machine::PlainServer { machine, facts }
        });
        self.respond(ServerKey(id), response, now);
        if let Some(invite) = invite.filter(|it| self.is_undecided(*it)) {
            let key = ServerKey(invite);
            self.shared.commands.push_back(Command::Cancelled { key, reason });
        }
    }

    /// An ACK ends the repetition of the refusal it belongs to; all others belong to a 2xx and go up.
    fn receive_ack(&mut self, arrival: Arrival, now: Mono) {
        let Arrival { request, via, flow, .. } = arrival;
        let names = identity::of_acknowledged(&request, &via);
        let invite = names.iter().find_map(|it| self.names.get(it)).copied();
        let invite = invite.filter(|it| via.is_rfc3261() || self.gave_tag(*it, &request));
        let Some(invite) = invite else {
            self.shared.commands.push_back(Command::Ack { request, flow });
            return;
        };
        self.turn(invite, now, |machine, cx| match machine {
            Machine::InviteServer { machine, .. } => {
                machine.handle(invite_server::Input::Ack(Box::new(request), flow), cx);
            }
            Machine::PlainServer { .. } | Machine::InviteClient(_) | Machine::PlainClient { .. } => {}
        });
    }

    /// Whether the ACK's To tag is the one of our answer (RFC 3261 §17.2.3, for RFC 2543 callers).
    fn gave_tag(&self, invite: u64, ack: &Request) -> bool {
        let facts = self.entries.get(&invite).and_then(Entry::facts);
        let tag = identity::to_tag(&ack.headers);
        facts.is_some_and(|it| it.answered_tag.as_deref() == tag.as_deref())
    }

    /// Whether the INVITE still waits for its final answer, so that a CANCEL can change it.
    fn is_undecided(&self, invite: u64) -> bool {
        let machine = self.entries.get(&invite).map(|it| &it.machine);
        match machine {
            Some(Machine::InviteServer { machine, .. }) => machine.state() == invite_server::State::Proceeding,
            Some(Machine::PlainServer { .. } | Machine::InviteClient(_) | Machine::PlainClient { .. }) | None => false,
        }
    }

    fn facts_of(&self, arrival: &Arrival) -> Facts {
        let Arrival { request, via, .. } = arrival;
        let merge = identity::of_merged(request, self.secret);
        Facts {
            tag: identity::answer_tag(request, Some(via), self.secret),
            answered_tag: None,
            merge,
            merged: merge.is_some_and(|it| self.merges.contains_key(&it)),
        }
    }

    /// Running calls may use a quarter more than new ones, so that they can end.
    fn is_full_for(&self, request: &Request) -> bool {
        let most = self.shared.config.max_transactions;
        let running = request.method == Method::Cancel || identity::to_tag(&request.headers).is_some();
        let most = if running { most.saturating_add(most / 4) } else { most };
        self.entries.len() >= most
    }

    /// An answer that leaves nothing behind (RFC 3261 §8.2.7).
    fn answer_statelessly(&mut self, request: &Request, via: Option<&Via>, status: u16, flow: Flow) {
        let mut response = request.reply(status);
        add_tag(&mut response, identity::answer_tag(request, via, self.secret));
        if status == 503 {
            let after = RETRY_AFTER_S.to_string();
            response.headers.push(HeaderName::RetryAfter, after);
        }
        let bytes = response.to_bytes().into();
        self.shared.commands.push_back(Command::Transmit { flow, bytes });
    }
}
