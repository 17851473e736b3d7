//! The server transaction of an INVITE (RFC 3261 §17.2.1, with the Accepted state of RFC 6026). Knows no dialog.

use std::sync::Arc;
use std::time::Duration;

use super::command::Failure;
use super::context::Context;
use super::timer::Timer;
use crate::sip::Flow;
use crate::sip::message::Request;

/// RFC 3261 figure 7 with RFC 6026 figure 2. The first state is entered by [`InviteServer::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

/// What can happen to it.
pub(super) enum Input {
    /// The INVITE came again.
    Invite,
    Ack(Box<Request>, Flow),
    /// Our user answers: status and the whole message.
    Response(u16, Arc<[u8]>),
    Timer(Timer),
    FlowFailed,
}

/// One INVITE of a peer. The INVITE itself is not kept, only our last answer.
#[derive(Debug)]
pub(super) struct InviteServer {
    state: State,
    answer: Option<Arc<[u8]>>,
    /// Present value of timer G.
    interval: Duration,
    /// Whether our refusal is counted among those repeated to its source.
    repeating: bool,
}

impl InviteServer {
    /// Says 100 Trying at once, so that the INVITE is not sent again, and enters "Proceeding".
    pub fn start(trying: Arc<[u8]>, cx: &mut Context<'_>) -> Self {
        cx.transmit(&trying);
        Self {
            state: State::Proceeding,
            answer: Some(trying),
            interval: cx.config.t1,
            repeating: false,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        self.state = match self.state {
            State::Proceeding => self.proceeding(input, cx),
            State::Completed => self.completed(&input, cx),
            State::Confirmed => self.confirmed(&input),
            State::Accepted => self.accepted(input, cx),
            State::Terminated => State::Terminated,
        };
        if self.repeating && self.state != State::Completed {
            self.repeating = false;
            cx.shared.pressure.release(cx.flow.remote.ip());
        }
    }

    /// RFC 3261 §17.2.1, "Proceeding": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.1>
    fn proceeding(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Invite => {
                self.repeat(cx);
                State::Proceeding
            }
            Input::Response(status, bytes) => self.answer(status, bytes, cx),
            // Nothing has been decided that it could acknowledge, and no timer runs.
            Input::Ack(..) | Input::Timer(_) => State::Proceeding,
            Input::FlowFailed => self.fail(Failure::Transport, cx),
        }
    }

    /// RFC 3261 §17.2.1, "Completed": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.1>
    fn completed(&mut self, input: &Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Invite => {
                self.repeat(cx);
                State::Completed
            }
            Input::Ack(..) => {
                cx.stop(Timer::G);
                cx.stop(Timer::H);
                self.answer = None;
                if cx.reliable() {
                    return State::Terminated;
                }
                cx.start(Timer::I, cx.config.t4);
                State::Confirmed
            }
            Input::Timer(Timer::G) => {
                self.repeating = self.repeating || cx.shared.pressure.admit(cx.flow.remote.ip());
                if self.repeating {
                    self.repeat(cx);
                    self.interval = self.interval.saturating_mul(2).min(cx.config.t2);
                    cx.start(Timer::G, self.interval);
                }
                State::Completed
            }
            // Only one final answer is given; whatever the user says later is discarded.
            Input::Response(..) => State::Completed,
            Input::Timer(_) => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
        }
    }

    /// RFC 3261 §17.2.1, "Confirmed": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.1>
    fn confirmed(&mut self, input: &Input) -> State {
        match input {
            Input::Invite | Input::Ack(..) | Input::Response(..) => State::Confirmed,
            Input::Timer(_) | Input::FlowFailed => State::Terminated,
        }
    }

    /// RFC 6026 §7.1, "Accepted": <https://www.rfc-editor.org/rfc/rfc6026#section-7.1>
    fn accepted(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            // The user repeats its 2xx by itself until the ACK comes (RFC 3261 §13.3.1.4).
            Input::Invite => State::Accepted,
            // A caller that gives the ACK of a 2xx its INVITE's branch is wrong, but understood.
            Input::Ack(ack, flow) => {
                cx.deliver_ack(*ack, flow);
                State::Accepted
            }
            Input::Response(status, bytes) => {
                if (200..300).contains(&status) {
                    cx.transmit(&bytes);
                }
                State::Accepted
            }
            Input::FlowFailed => {
                cx.server_failed(Failure::Transport);
                State::Accepted
            }
            Input::Timer(_) => State::Terminated,
        }
    }

    fn answer(&mut self, status: u16, bytes: Arc<[u8]>, cx: &mut Context<'_>) -> State {
        cx.transmit(&bytes);
        if status < 200 {
            self.answer = Some(bytes);
            return State::Proceeding;
        }
        if status < 300 {
            self.answer = None;
            cx.start(Timer::L, cx.config.give_up_after());
            return State::Accepted;
        }
        self.answer = Some(bytes);
        cx.start(Timer::H, cx.config.give_up_after());
        if !cx.reliable() {
            cx.start(Timer::G, cx.config.t1);
        }
        State::Completed
    }

    fn repeat(&self, cx: &mut Context<'_>) {
        if let Some(bytes) = &self.answer {
            cx.transmit(bytes);
        }
    }

    fn fail(&self, error: Failure, cx: &mut Context<'_>) -> State {
        cx.server_failed(error);
        State::Terminated
    }
}
