//! The client transaction of every request but INVITE and ACK (RFC 3261 §17.1.2). Knows nothing of what is asked.

use std::sync::Arc;
use std::time::Duration;

use super::command::Failure;
use super::context::Context;
use super::timer::Timer;
use crate::sip::Flow;
use crate::sip::message::Response;

/// RFC 3261 figure 6. The first state is entered by [`PlainClient::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// What can happen to it.
pub(super) enum Input {
    Response(Box<Response>, Flow),
    Timer(Timer),
    FlowFailed,
}

/// One non-INVITE request of ours.
#[derive(Debug)]
pub(super) struct PlainClient {
    state: State,
    /// The whole request while it may have to be sent again.
    request: Option<Arc<[u8]>>,
    /// Present value of timer E.
    interval: Duration,
}

impl PlainClient {
    /// Sends the request and enters "Trying".
    pub fn start(request: Arc<[u8]>, cx: &mut Context<'_>) -> Self {
        cx.transmit(&request);
        cx.start(Timer::F, cx.config.give_up_after());
        if !cx.reliable() {
            cx.start(Timer::E, cx.config.t1);
        }
        Self {
            state: State::Trying,
            request: Some(request),
            interval: cx.config.t1,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        self.state = match self.state {
            State::Trying => self.trying(input, cx),
            State::Proceeding => self.proceeding(input, cx),
            State::Completed => self.completed(&input),
            State::Terminated => State::Terminated,
        };
    }

    /// RFC 3261 §17.1.2.2, "Trying": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.2.2>
    fn trying(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Timer(Timer::E) => {
                let doubled = self.interval.saturating_mul(2).min(cx.config.t2);
                self.send_again(doubled, cx);
                State::Trying
            }
            Input::Timer(_) => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
            Input::Response(response, flow) => self.answered(*response, flow, cx),
        }
    }

    /// RFC 3261 §17.1.2.2, "Proceeding": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.2.2>
    fn proceeding(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Timer(Timer::E) => {
                // Somebody has it and works on it: no need to ask more often than each T2.
                self.send_again(cx.config.t2, cx);
                State::Proceeding
            }
            Input::Timer(_) => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
            Input::Response(response, flow) => self.answered(*response, flow, cx),
        }
    }

    /// RFC 3261 §17.1.2.2, "Completed": <https://www.rfc-editor.org/rfc/rfc3261#section-17.1.2.2>
    fn completed(&self, input: &Input) -> State {
        match input {
            // Repeated answers to our repeated requests are absorbed until timer K.
            Input::Response(..) => State::Completed,
            Input::Timer(_) | Input::FlowFailed => State::Terminated,
        }
    }

    fn answered(&mut self, response: Response, flow: Flow, cx: &mut Context<'_>) -> State {
        let provisional = response.status < 200;
        cx.deliver(response, flow);
        if provisional {
            return State::Proceeding;
        }
        cx.stop(Timer::E);
        cx.stop(Timer::F);
        self.request = None;
        if cx.reliable() {
            return State::Terminated;
        }
        cx.start(Timer::K, cx.config.t4);
        State::Completed
    }

    fn send_again(&mut self, interval: Duration, cx: &mut Context<'_>) {
        self.interval = interval;
        if let Some(request) = &self.request {
            cx.transmit(request);
        }
        cx.start(Timer::E, interval);
    }

    fn fail(&self, error: Failure, cx: &mut Context<'_>) -> State {
        cx.client_failed(error);
        State::Terminated
    }
}
