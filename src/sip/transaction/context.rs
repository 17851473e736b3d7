//! The hands of a transaction: while a machine handles one input it can send, set timers and speak to its user. No state of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::command::{ClientKey, Command, Failure, ServerKey, TransactionConfig};
use super::pressure::Pressure;
use super::timer::{Timer, Timers};
use crate::kernel::Mono;
use crate::sip::Flow;
use crate::sip::message::{Request, Response};

/// What all transactions of a layer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub config: TransactionConfig,
    pub timers: Timers,
    pub commands: VecDeque<Command>,
    pub pressure: Pressure,
}

/// What one transaction may touch while it handles one input.
pub(super) struct Context<'a> {
    pub shared: &'a mut Shared,
    /// T1, T2, T4.
    pub config: TransactionConfig,
    /// The present turn's time.
    pub now: Mono,
    /// Number of the transaction.
    pub id: u64,
    /// Where its messages go.
    pub flow: Flow,
    /// Whether the layer is itself the user (a CANCEL), so that nobody else need hear of it.
    pub silent: bool,
}

impl Context<'_> {
    /// Whether the transport repeats lost messages itself.
    pub fn reliable(&self) -> bool {
        self.flow.transport.is_reliable()
    }

    pub fn transmit(&mut self, bytes: &Arc<[u8]>) {
        self.shared.commands.push_back(Command::Transmit {
            flow: self.flow,
            bytes: Arc::clone(bytes),
        });
    }

    pub fn start(&mut self, timer: Timer, after: Duration) {
        self.shared.timers.start(self.id, timer, self.now + after);
    }

    pub fn stop(&mut self, timer: Timer) {
        self.shared.timers.stop(self.id, timer);
    }

    /// Passes an answer to our request up.
    pub fn deliver(&mut self, response: Response, flow: Flow) {
        let key = ClientKey(self.id);
        self.tell(Command::Response { key, response, flow });
    }

    /// Passes the ACK of a 2xx up.
    pub fn deliver_ack(&mut self, request: Request, flow: Flow) {
        self.tell(Command::Ack { request, flow });
    }

    pub fn client_failed(&mut self, error: Failure) {
        let key = ClientKey(self.id);
        self.tell(Command::ClientFailed { key, error });
    }

    pub fn server_failed(&mut self, error: Failure) {
        let key = ServerKey(self.id);
        self.tell(Command::ServerFailed { key, error });
    }

    fn tell(&mut self, command: Command) {
        if !self.silent {
            self.shared.commands.push_back(command);
        }
    }
}
