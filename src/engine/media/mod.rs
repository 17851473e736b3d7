//! Media workers: threads that own RTP sessions and their sockets. Know time and packets; what is said in a call is not theirs.
//!
//! A session lives on one worker from its opening to its closing, and so do those that it is bridged or mixed with: there are no
//! locks. Orders go in by a bounded queue, what happens comes out by a closure. A worker without sessions sleeps; with
//! sessions it wakes at the turns of its `wheel` and looks at the sockets of bridged sessions at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::call::Hearing;
use crate::kernel::{AudioParams, MediaId};
use crate::media::{MediaCommand, MediaOutput, QualityStats, SessionConfig};
use crate::net::Clock;
use crate::net::batch::{self, Backend, IoGauges, Waker};
use crate::net::ports::RtpSockets;

mod floor;
mod wheel;
mod worker;

#[cfg(test)]
mod tests;

use worker::Worker;

/// Bits of a [`MediaId`] that name its worker.
const WORKER_BITS: u32 = 8;

/// How the pool runs.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Threads, 1–256; calls are spread over them.
    pub workers: usize,
    /// How packets are moved.
    pub backend: Backend,
    /// Orders that may wait for one worker; further ones are refused, except closing and ending.
    pub orders_max: usize,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            workers: 1,
            backend: Backend::Auto,
            orders_max: 16_384,
        }
    }
}

/// Takes what happens on a session. It runs on the worker's thread and must not block.
pub type MediaEvents = Arc<dyn Fn(MediaId, MediaOutput) + Send + Sync>;

/// Takes the sound of one recording, on the worker's thread; must not block. The recording is complete when it is dropped.
pub trait FrameSink: Send {
    /// 20 ms of A-law, the channels' samples in turn.
    fn frames(&mut self, samples: &[u8]);
}

/// What is recorded of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// What its far side says, in one channel; what happens is told as of [`MediaCommand::StartRecording`].
    Message {
        /// Longest length.
        max: Duration,
        /// End when nobody has spoken for so long.
        stop_after_silence: Option<Duration>,
    },
    /// The whole call in two channels: left what its far side says, right what people say to it. Goes on through bridges, mixes
    /// and holds.
    Call {
        /// Longest length.
        max: Duration,
    },
}

impl Take {
    const fn channels(self) -> usize {
        match self {
            Self::Message { .. } => 1,
            Self::Call { .. } => 2,
        }
    }
}

/// Takes the quality of a session, on the worker's thread.
pub type QualityReply = Box<dyn FnOnce(QualityStats) + Send>;

/// Why an order was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Too many orders wait for the worker.
    #[error("the media worker has too many orders")]
    Overloaded,
    /// The worker has stopped.
    #[error("the media worker has stopped")]
    Stopped,
}

/// Counters of all workers.
#[derive(Debug, Default)]
pub struct MediaGauges {
    /// Sessions open now.
    pub sessions: AtomicU64,
    /// Turns that came 5 ms late or later, or were left out.
    pub late_ticks: AtomicU64,
    /// Sessions that could not be opened because the kernel refused their sockets.
    pub open_errors: AtomicU64,
    /// Packets.
    pub packets: Arc<IoGauges>,
}

/// The workers.
pub struct MediaPool {
    desks: Vec<Desk>,
    numbers: AtomicU64,
    gauges: Arc<MediaGauges>,
    orders_max: usize,
}

/// The way to one worker.
struct Desk {
    orders: Sender<Order>,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

/// Wakes a worker that sleeps without end. One that has sessions wakes by itself within 20 ms, sooner than an order is needed.
struct Bell {
    asleep: AtomicBool,
    waiting: AtomicUsize,
    waker: Waker,
}

/// What a worker can be told.
enum Order {
    Open(MediaId, Box<(RtpSockets, SessionConfig)>),
    Negotiate(MediaId, Box<AudioParams>),
    Command(MediaId, MediaCommand),
    Bridge(MediaId, MediaId),
    Unbridge(MediaId),
    Mix(Vec<Hearing>),
    Record(MediaId, Take, Box<dyn FrameSink>),
    Mask(MediaId, bool),
    Finish(MediaId),
    Quality(MediaId, QualityReply),
    Close(MediaId),
    Stop,
}

impl MediaPool {
    /// Starts the threads `media-0`, `media-1` …
    ///
    /// # Errors
    /// What the kernel answers: no threads, no file descriptors, no io_uring where it was asked for.
    pub fn start(config: &MediaConfig, clock: &Clock, events: &MediaEvents) -> io::Result<Self> {
        let gauges = Arc::new(MediaGauges::default());
        let mut pool = Self {
            desks: Vec::new(),
            numbers: AtomicU64::new(1),
            gauges: Arc::clone(&gauges),
            orders_max: config.orders_max,
        };
        for number in 0..config.workers.clamp(1, 1 << WORKER_BITS) {
            let (orders, received) = channel();
            let (ready, started) = channel();
            let (backend, clock, gauges) = (config.backend, Arc::clone(clock), Arc::clone(&gauges));
            let events = Arc::clone(events);
            let thread = std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || {
                    let io = match batch::open(backend, Arc::clone(&gauges.packets)) {
                        Ok(io) => io,
                        Err(error) => return drop(ready.send(Err(error))),
                    };
                    let bell = Arc::new(Bell {
                        asleep: AtomicBool::new(false),
                        waiting: AtomicUsize::new(0),
                        waker: io.waker(),
                    });
                    let _ = ready.send(Ok(Arc::clone(&bell)));
                    Worker::new(io, received, bell, clock, gauges, events).run();
                })?;
            let bell = started.recv().map_err(io::Error::other)??;
            pool.desks.push(Desk {
                orders,
                bell,
                thread: Some(thread),
            });
        }
        Ok(pool)
    }

    /// A new id. All ids made with one `group` (a number of the call) are on one worker, so that they can be bridged.
    pub fn allocate(&self, group: u64) -> MediaId {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        // Fibonacci hashing: neighbouring numbers are spread.
        let hash = group.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        MediaId((number << WORKER_BITS) | (hash % self.desks.len() as u64))
    }

    /// A new id on the worker of another.
    pub fn allocate_beside(&self, other: MediaId) -> MediaId {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        MediaId((number << WORKER_BITS) | (other.0 & ((1 << WORKER_BITS) - 1)))
    }

    /// Opens a session. `id` comes from [`Self::allocate`].
    ///
    /// # Errors
    /// [`MediaError`]; the sockets are closed then.
    pub fn open(&self, id: MediaId, sockets: RtpSockets, config: SessionConfig) -> Result<(), MediaError> {
        self.order(id, Order::Open(id, Box::new((sockets, config))))
    }

    /// Tells a session what was agreed on.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn negotiate(&self, id: MediaId, params: AudioParams) -> Result<(), MediaError> {
        self.order(id, Order::Negotiate(id, Box::new(params)))
    }

    /// Gives a session a command.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn command(&self, id: MediaId, command: MediaCommand) -> Result<(), MediaError> {
        self.order(id, Order::Command(id, command))
    }

    /// Lets two sessions hear each other, whomever they heard before. Both must be on one worker.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn bridge(&self, a: MediaId, b: MediaId) -> Result<(), MediaError> {
        self.order(a, Order::Bridge(a, b))
    }

    /// Takes a session and its peer apart.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn unbridge(&self, id: MediaId) -> Result<(), MediaError> {
        self.order(id, Order::Unbridge(id))
    }

    /// From now on these sessions, all on one worker, hear whom they are said to hear; bridges and mixes that any of them was in
    /// are over.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn mix(&self, members: Vec<Hearing>) -> Result<(), MediaError> {
        match members.first().map(|first| first.id) {
            Some(id) => self.order(id, Order::Mix(members)),
            None => Ok(()),
        }
    }

    /// Records a session into `sink`, in place of what was recorded before. If it is not taken, `sink` is dropped.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn record(&self, id: MediaId, take: Take, sink: Box<dyn FrameSink>) -> Result<(), MediaError> {
        self.order(id, Order::Record(id, take, sink))
    }

    /// Silence in the recording of a call from now on, or sound again.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn mask(&self, id: MediaId, on: bool) -> Result<(), MediaError> {
        self.order(id, Order::Mask(id, on))
    }

    /// Completes a session's recording, if it has one. Never refused for overload.
    pub fn finish_recording(&self, id: MediaId) {
        let _ = self.order(id, Order::Finish(id));
    }

    /// Asks for a session's quality. Asked before [`Self::close`], it tells of the whole session. For a session that is
    /// not there `reply` is dropped uncalled.
    ///
    /// # Errors
    /// [`MediaError`].
    pub fn quality(&self, id: MediaId, reply: QualityReply) -> Result<(), MediaError> {
        self.order(id, Order::Quality(id, reply))
    }

    /// Ends a session; its sockets close and its ports begin their rest. Never refused for overload.
    pub fn close(&self, id: MediaId) {
        let _ = self.order(id, Order::Close(id));
    }

    /// The counters.
    pub const fn gauges(&self) -> &Arc<MediaGauges> {
        &self.gauges
    }

    fn order(&self, id: MediaId, order: Order) -> Result<(), MediaError> {
        let worker = usize::try_from(id.0 & ((1 << WORKER_BITS) - 1)).unwrap_or(0);
        match self.desks.get(worker) {
            Some(desk) => desk.order(order, self.orders_max),
            None => Err(MediaError::Stopped),
        }
    }
}

impl Desk {
    fn order(&self, order: Order, orders_max: usize) -> Result<(), MediaError> {
        let must = matches!(order, Order::Close(_) | Order::Finish(_) | Order::Stop);
        if self.bell.waiting.fetch_add(1, Ordering::Relaxed) >= orders_max && !must {
            self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(MediaError::Overloaded);
        }
        self.orders.send(order).map_err(|_| MediaError::Stopped)?;
        // Either the worker sees the order when it looks for the last time before its sleep, or we see it asleep.
        fence(Ordering::SeqCst);
        if self.bell.asleep.load(Ordering::Relaxed) && self.bell.asleep.swap(false, Ordering::Relaxed) {
            self.bell.waker.wake();
        }
        Ok(())
    }
}

impl Drop for MediaPool {
    fn drop(&mut self) {
        for desk in &self.desks {
            let _ = desk.order(Order::Stop, usize::MAX);
            desk.bell.waker.wake();
        }
        for desk in &mut self.desks {
            if let Some(thread) = desk.thread.take() {
                let _ = thread.join();
            }
        }
    }
}
