//! The way into the registrar's thread: datagrams back to back in one piece of memory, everything else in a list. Whoever
//! puts something in never waits; a storm that is too much is dropped at the door, and telephones send again.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use metrics::{Counter, counter};
use tokio::sync::oneshot;

use crate::sip::Flow;
use crate::sip::message::{Malformed, Message};
use crate::sip::registrar::{Accounts, Binding};

/// Octets of datagrams that may wait.
const BYTES_MAX: usize = 4 << 20;
/// Messages of connections that may wait.
const MESSAGES_MAX: usize = 4_096;
/// Octets kept for the next batch; a storm may have needed more.
const KEPT_BYTES: usize = 256 << 10;

/// What reaches the thread besides datagrams.
pub(in crate::engine) enum Input {
    /// A REGISTER of a connection.
    Message(Box<Result<Message, Malformed>>, Flow),
    /// A connection broke.
    FlowFailed(Flow),
    /// The disk has these tickets.
    Persisted(Vec<u64>),
    /// All accounts as they are from now on.
    Accounts(Arc<Accounts>),
    /// Telephones that could only be read now.
    Restore(Vec<Binding>),
    /// Who wants to see all telephones.
    Bindings(oneshot::Sender<Vec<Binding>>),
    /// The thread may go home.
    Stop,
}

/// What has come since the last look.
#[derive(Default)]
pub(in crate::engine) struct Batch {
    bytes: Vec<u8>,
    /// Where each datagram ends, and how it came.
    ends: Vec<(usize, Flow)>,
    inputs: Vec<Input>,
    messages: usize,
}

impl Batch {
    /// The datagrams in order.
    pub(in crate::engine) fn datagrams(&self) -> impl Iterator<Item = (Flow, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |(end, flow)| {
            let bytes = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            (*flow, bytes)
        })
    }

    /// Everything else in order.
    pub(in crate::engine) fn take_inputs(&mut self) -> Vec<Input> {
        mem::take(&mut self.inputs)
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.inputs.is_empty()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.ends.clear();
        self.inputs.clear();
        self.messages = 0;
    }
}

#[derive(Default)]
struct Queue {
    batch: Batch,
    /// Who sleeps until something comes.
    sleeper: Option<Thread>,
}

/// The inbox.
pub(in crate::engine) struct Inbox {
    queue: Mutex<Queue>,
    dropped: Counter,
}

impl Inbox {
    pub(in crate::engine) fn new() -> Self {
        Self {
            queue: Mutex::default(),
            dropped: counter!("yihao_sip_dropped_total", "cause" => "registrar_full"),
        }
    }

    /// Puts a datagram in.
    pub(in crate::engine) fn datagram(&self, bytes: &[u8], flow: Flow) {
        let mut queue = self.lock();
        if queue.batch.bytes.len() + bytes.len() > BYTES_MAX {
            self.dropped.increment(1);
            return;
        }
        queue.batch.bytes.extend_from_slice(bytes);
        let end = queue.batch.bytes.len();
        queue.batch.ends.push((end, flow));
        wake(queue);
    }

    /// Puts anything else in. Only messages are ever dropped.
    pub(in crate::engine) fn put(&self, input: Input) {
        let mut queue = self.lock();
        if matches!(input, Input::Message(..)) {
            if queue.batch.messages >= MESSAGES_MAX {
                self.dropped.increment(1);
                return;
            }
            queue.batch.messages += 1;
        }
        queue.batch.inputs.push(input);
        wake(queue);
    }

    /// Waits until something is there, at most `patience`, and takes all of it.
    pub(in crate::engine) fn wait(&self, batch: &mut Batch, patience: Option<Duration>) {
        batch.clear();
        let mut queue = self.lock();
        if queue.batch.is_empty() && patience != Some(Duration::ZERO) {
            queue.sleeper = Some(thread::current());
            drop(queue);
            // Woken for nothing, it looks at its timers and comes again.
            match patience {
                Some(patience) => thread::park_timeout(patience),
                None => thread::park(),
            }
            queue = self.lock();
            queue.sleeper = None;
        }
        mem::swap(&mut queue.batch, batch);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes who sleeps, once for all that comes until it looks.
fn wake(mut queue: MutexGuard<'_, Queue>) {
    if let Some(sleeper) = queue.sleeper.take() {
        drop(queue);
        sleeper.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn flow(port: u16) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: ([127, 0, 0, 1], 5060).into(),
            remote: ([127, 0, 0, 1], port).into(),
            connection: 0,
        }
    }

    fn taken(batch: &Batch) -> Vec<(u16, Vec<u8>)> {
        let all = batch.datagrams();
        all.map(|(flow, bytes)| (flow.remote.port(), bytes.to_vec())).collect()
    }

    #[test]
    fn what_is_put_in_comes_out_once_and_in_order() {
        let (inbox, mut batch) = (Inbox::new(), Batch::default());
        inbox.datagram(b"one", flow(1));
        inbox.datagram(b"", flow(2));
        inbox.datagram(b"three", flow(3));
        inbox.put(Input::Stop);
        inbox.wait(&mut batch, None);
        assert_eq!(
            taken(&batch),
            [(1, b"one".to_vec()), (2, vec![]), (3, b"three".to_vec())]
        );
        assert_eq!(batch.take_inputs().len(), 1);
        inbox.wait(&mut batch, Some(Duration::ZERO));
        assert!(batch.is_empty());
    }

    #[test]
    fn who_sleeps_is_woken() {
        let inbox = Arc::new(Inbox::new());
        let theirs = Arc::clone(&inbox);
        let reader = thread::spawn(move || {
            let (mut batch, mut all) = (Batch::default(), Vec::new());
            while all.len() < 1_000 {
                theirs.wait(&mut batch, None);
                all.extend(taken(&batch));
            }
            all
        });
        for n in 0..1_000 {
            inbox.datagram(b"x", flow(n));
        }
        let ports: Vec<u16> = reader.join().unwrap().into_iter().map(|(port, _)| port).collect();
        assert_eq!(ports, (0..1_000).collect::<Vec<u16>>());
    }

    #[test]
    fn a_storm_is_dropped_at_the_door_and_nothing_else() {
        let (inbox, mut batch) = (Inbox::new(), Batch::default());
        for _ in 0..BYTES_MAX / 1_000 + 10 {
            inbox.datagram(&[b'x'; 1_000], flow(1));
            inbox.put(Input::Message(
                Box::new(crate::sip::message::parse_datagram(b"")),
                flow(1),
            ));
        }
        inbox.put(Input::FlowFailed(flow(2)));
        inbox.wait(&mut batch, None);
        assert_eq!(batch.datagrams().count(), BYTES_MAX / 1_000);
        let inputs = batch.take_inputs();
        assert_eq!(inputs.len(), MESSAGES_MAX.min(BYTES_MAX / 1_000 + 10) + 1);
        assert!(matches!(inputs.last(), Some(Input::FlowFailed(_))));
    }
}
