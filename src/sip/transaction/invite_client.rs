//! The client transaction of an INVITE (RFC 3261 §17.1.1, with the Accepted state of RFC 6026). Knows no dialog.

use std::sync::Arc;
use std::time::Duration;

use super::command::Failure;
use super::context::Context;
use super::timer::Timer;
use crate::sip::Flow;
use crate::sip::message::{HeaderName, Method, Request, Response};

/// Timer D on UDP: the answerer repeats its refusal for that long (RFC 3261 §17.1.1.2).
const TIMER_D: Duration = Duration::from_secs(32);

/// RFC 3261 figure 5 with RFC 6026 figure 1. The first state is entered by [`InviteClient::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
    Terminated,
}

/// What can happen to it.
pub(super) enum Input {
    Response(Box<Response>, Flow),
    Timer(Timer),
    FlowFailed,
}

/// One INVITE of ours.
#[derive(Debug)]
pub(super) struct InviteClient {
    state: State,
    /// The INVITE while it may have to be sent again; the ACK of its refusal afterwards.
    bytes: Option<Arc<[u8]>>,
    /// What its ACK and its CANCEL copy; dropped with the final answer.
    template: Option<Box<Template>>,
    /// Present value of timer A.
    interval: Duration,
    cancel: Cancel,
}

/// How far the wish to cancel has got.
#[derive(Debug)]
enum Cancel {
    NotWanted,
    /// Wanted, but nobody has answered yet; the text is the Reason header, if any.
    Wanted(Option<String>),
    Sent,
}

impl InviteClient {
    /// Sends the INVITE and enters "Calling".
    pub fn start(request: &Request, cx: &mut Context<'_>) -> Self {
        let bytes: Arc<[u8]> = request.to_bytes().into();
        cx.transmit(&bytes);
        cx.start(Timer::B, cx.config.give_up_after());
        if !cx.reliable() {
            cx.start(Timer::A, cx.config.t1);
        }
        Self {
            state: State::Calling,
            bytes: Some(bytes),
            template: Some(Box::new(Template::of(request))),
            interval: cx.config.t1,
            cancel: Cancel::NotWanted,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Handles one input. Returns the CANCEL to send, if it is time for one now.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<Request> {
        self.state = match self.state {
            State::Calling => self.calling(input, cx),
            State::Proceeding => self.proceeding(input, cx),
            State::Completed => self.completed(input, cx),
            State::Accepted => self.accepted(input, cx),
            State::Terminated => State::Terminated,
        };
        self.cancel_if_due(cx)
    }

    /// Our user gives up. Returns the CANCEL to send, if it may go out now.
    pub fn cancel(&mut self, reason: Option<String>, cx: &mut Context<'_>) -> Option<Request> {
        if matches!(self.cancel, Cancel::NotWanted) {
            self.cancel = Cancel::Wanted(reason);
        }
        self.cancel_if_due(cx)
    }

    /// RFC 3261 §17.1.1.2, "Calling": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.1.2>
    fn calling(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Timer(Timer::A) => {
                if let Some(invite) = &self.bytes {
                    cx.transmit(invite);
                }
                self.interval = self.interval.saturating_mul(2);
                cx.start(Timer::A, self.interval);
                State::Calling
            }
            Input::Timer(_) => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
            Input::Response(response, flow) => {
                cx.stop(Timer::A);
                cx.stop(Timer::B);
                self.answered(*response, flow, cx)
            }
        }
    }

    /// RFC 3261 §17.1.1.2, "Proceeding": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.1.2>
    fn proceeding(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Response(response, flow) => self.answered(*response, flow, cx),
            // Only `Timer::Cancelled` can run here: a ringing telephone may ring for as long as the user likes.
            Input::Timer(_) => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
        }
    }

    /// RFC 3261 §17.1.1.2, "Completed": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.1.2>
    fn completed(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Response(response, _) => {
                if response.status >= 300
                    && let Some(ack) = &self.bytes
                {
                    cx.transmit(ack);
                }
                State::Completed
            }
            Input::Timer(_) | Input::FlowFailed => State::Terminated,
        }
    }

    /// RFC 6026 §7.2, "Accepted": <https://www.rfc-editor.org/rfc/rfc6026#section-7.2>
    fn accepted(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Response(response, flow) => {
                if (200..300).contains(&response.status) {
                    cx.deliver(*response, flow);
                }
                State::Accepted
            }
            // The flow that is gone may be one branch's only; others may still answer.
            Input::FlowFailed => State::Accepted,
            Input::Timer(_) => State::Terminated,
        }
    }

    fn answered(&mut self, response: Response, flow: Flow, cx: &mut Context<'_>) -> State {
        if response.status < 200 {
            cx.deliver(response, flow);
            return State::Proceeding;
        }
        cx.stop(Timer::Cancelled);
        let template = self.template.take();
        if response.status < 300 {
            self.bytes = None;
            cx.deliver(response, flow);
            cx.start(Timer::M, cx.config.give_up_after());
            return State::Accepted;
        }
        self.bytes = template.map(|it| it.ack(&response).to_bytes().into());
        if let Some(ack) = &self.bytes {
            cx.transmit(ack);
        }
        cx.deliver(response, flow);
        if cx.reliable() {
            return State::Terminated;
        }
        cx.start(Timer::D, TIMER_D);
        State::Completed
    }

    /// A CANCEL may only follow a provisional answer: before one, it could overtake the INVITE (RFC 3261 §9.1).
    fn cancel_if_due(&mut self, cx: &mut Context<'_>) -> Option<Request> {
        if self.state != State::Proceeding || !matches!(self.cancel, Cancel::Wanted(_)) {
            return None;
        }
        let Cancel::Wanted(reason) = std::mem::replace(&mut self.cancel, Cancel::Sent) else {
            return None;
        };
        cx.start(Timer::Cancelled, cx.config.give_up_after());
        self.template.as_ref().map(|it| it.cancel(reason))
    }

    fn fail(&self, error: Failure, cx: &mut Context<'_>) -> State {
        cx.client_failed(error);
        State::Terminated
    }
}

/// The parts of an INVITE that its ACK and CANCEL repeat.
#[derive(Debug)]
struct Template {
    request: Request,
    cseq: u32,
}

impl Template {
    fn of(invite: &Request) -> Self {
        let mut request = Request::new(Method::Invite, invite.uri.clone());
        // Only our own Via: one is all that an ACK or CANCEL may have (RFC 3261 §17.1.1.3).
        if let Some(via) = invite.headers.get(&HeaderName::Via) {
            request.headers.push(HeaderName::Via, via);
        }
        for name in [
            HeaderName::Route,
            HeaderName::MaxForwards,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
        ] {
            for value in invite.headers.all(&name) {
                request.headers.push(name.clone(), value);
            }
        }
        let cseq = invite.headers.cseq().map_or(0, |it| it.number);
        Self { request, cseq }
    }

    /// The ACK of a refusal (RFC 3261 §17.1.1.3).
    fn ack(&self, refusal: &Response) -> Request {
        let mut ack = self.follow_up(Method::Ack);
        // The To of the answer, for its tag.
        if let Some(to) = refusal.headers.get(&HeaderName::To) {
            ack.headers.set(HeaderName::To, to);
        }
        ack
    }

    /// RFC 3261 §9.1.
    fn cancel(&self, reason: Option<String>) -> Request {
        let mut cancel = self.follow_up(Method::Cancel);
        if let Some(reason) = reason {
            cancel.headers.push(HeaderName::Reason, reason);
        }
        cancel
    }

    fn follow_up(&self, method: Method) -> Request {
        let mut request = self.request.clone();
        let cseq = format!("{} {method}", self.cseq);
        request.headers.push(HeaderName::CSeq, cseq);
        request.method = method;
        request
    }
}
