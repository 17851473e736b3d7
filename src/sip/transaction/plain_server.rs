//! The server transaction of every request but INVITE and ACK (RFC 3261 §17.2.2). Knows nothing of what is asked.

use std::sync::Arc;

use super::command::Failure;
use super::context::Context;
use super::timer::Timer;

/// RFC 3261 figure 8. The first state is entered by [`PlainServer::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// What can happen to it.
pub(super) enum Input {
    /// The request came again.
    Request,
    /// Our user answers: status and the whole message.
    Response(u16, Arc<[u8]>),
    /// Unanswered or J, whichever the state has.
    Timer,
    FlowFailed,
}

/// One non-INVITE request of a peer. The request itself is not kept, only its last answer.
#[derive(Debug)]
pub(super) struct PlainServer {
    state: State,
    answer: Option<Arc<[u8]>>,
}

impl PlainServer {
    /// Enters "Trying".
    pub fn start(cx: &mut Context<'_>) -> Self {
        cx.start(Timer::Unanswered, cx.config.give_up_after());
        Self {
            state: State::Trying,
            answer: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        self.state = match self.state {
            State::Trying => self.trying(input, cx),
            State::Proceeding => self.proceeding(input, cx),
            State::Completed => self.completed(&input, cx),
            State::Terminated => State::Terminated,
        };
    }

    /// RFC 3261 §17.2.2, "Trying": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.2>
    fn trying(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            // Nothing has been said yet, so there is nothing to repeat.
            Input::Request => State::Trying,
            Input::Response(status, bytes) => self.answer(status, bytes, cx),
            Input::Timer => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
        }
    }

    /// RFC 3261 §17.2.2, "Proceeding": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.2>
    fn proceeding(&mut self, input: Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Request => {
                self.repeat(cx);
                State::Proceeding
            }
            Input::Response(status, bytes) => self.answer(status, bytes, cx),
            Input::Timer => self.fail(Failure::Timeout, cx),
            Input::FlowFailed => self.fail(Failure::Transport, cx),
        }
    }

    /// RFC 3261 §17.2.2, "Completed": <https://www.rfc-editor.org/rfc/rfc3261#section-17.2.2>
    fn completed(&mut self, input: &Input, cx: &mut Context<'_>) -> State {
        match input {
            Input::Request => {
                self.repeat(cx);
                State::Completed
            }
            // Only one final answer is given; whatever the user says later is discarded.
            Input::Response(..) => State::Completed,
            Input::Timer | Input::FlowFailed => State::Terminated,
        }
    }

    fn answer(&mut self, status: u16, bytes: Arc<[u8]>, cx: &mut Context<'_>) -> State {
        cx.transmit(&bytes);
        self.answer = Some(bytes);
        if status < 200 {
            return State::Proceeding;
        }
        cx.stop(Timer::Unanswered);
        if cx.reliable() {
            return State::Terminated;
        }
        cx.start(Timer::J, cx.config.give_up_after());
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
