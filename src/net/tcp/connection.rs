//! One connection: reads messages against the clock, writes what is queued. Knows its limits and nobody else's.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::registry::Seat;
use super::{TcpConfig, TcpEvent, TcpGauges, TcpHandler};
use crate::sip::Flow;
use crate::sip::message::{Frame, StreamFramer};

/// Bytes read at a time.
const READ_BYTES: usize = 4_096;
/// How long answers may still go out when the peer has closed its side or sent what cannot be framed.
const CLOSING_GRACE: Duration = Duration::from_millis(500);
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

pub(super) struct Wiring {
    pub(super) flow: Flow,
    /// We opened it: it is told of from the start, and kept alive by us.
    pub(super) ours: bool,
    pub(super) config: TcpConfig,
    pub(super) handler: TcpHandler,
    pub(super) gauges: Arc<TcpGauges>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// How the reading side came to its end.
enum End {
    /// The peer has said all it wants to say, or something that cannot be read on: answers still go out.
    Finished,
    /// There is nothing to wait for.
    Cut,
}

/// Runs until either side, a limit or the server ends it.
pub(super) async fn run(wiring: Wiring, seat: Seat, stream: TcpStream) {
    let (outgoing, abort, place) = seat.split();
    let (read_half, write_half) = stream.into_split();
    let (pongs, pongs_due) = mpsc::channel(4);
    let mut reader = Reader {
        wiring: &wiring,
        stream: read_half,
        framer: StreamFramer::new(),
        pongs,
        told: wiring.ours,
    };
    let mut writer = Writer {
        wiring: &wiring,
        stopped: wiring.stopped.clone(),
        stream: write_half,
        outgoing,
        pongs_due,
    };
    {
        let mut writing = pin!(writer.run());
        let end = tokio::select! {
            end = reader.run() => end,
            () = &mut writing => End::Cut,
            () = abort.notified() => End::Cut,
        };
        if matches!(end, End::Finished) && reader.told {
            let _ = timeout(CLOSING_GRACE, writing).await;
        }
    }
    let told = reader.told;
    drop(place); // before the event: who hears of the end must not find the connection in the book
    if told {
        (wiring.handler)(TcpEvent::Failed { flow: wiring.flow });
    }
}

struct Reader<'a> {
    wiring: &'a Wiring,
    stream: OwnedReadHalf,
    framer: StreamFramer,
    pongs: mpsc::Sender<()>,
    /// A message was handed over, so its end is to be told as well.
    told: bool,
}

impl Reader<'_> {
    async fn run(&mut self) -> End {
        let message_timeout = Duration::from_millis(self.wiring.config.message_timeout_ms);
        let idle_timeout = Duration::from_secs(self.wiring.config.idle_timeout_s);
        // When the message that is being read must be whole. Bytes that trickle in do not move it: only whole messages do.
        let mut whole_by = (!self.wiring.ours).then(|| Instant::now() + message_timeout);
        let mut bytes = [0; READ_BYTES];
        loop {
            let idle_from = Instant::now();
            let read = tokio::select! {
                read = self.stream.read(&mut bytes) => read,
                () = until(whole_by) => {
                    self.wiring.gauges.slow.fetch_add(1, Ordering::Relaxed);
                    return End::Cut;
                }
                () = until((!idle_timeout.is_zero()).then(|| idle_from + idle_timeout)) => return End::Cut,
            };
            let length = match read {
                Ok(0) => return End::Finished,
                Ok(length) => length,
                Err(_) => return End::Cut,
            };
            self.framer.push(&bytes[..length]);
            let whole = self.take_frames();
            if self.framer.must_close() {
                return End::Finished;
            }
            whole_by = match (self.framer.pending_bytes(), whole) {
                (0, true) => None,
                (_, true) => Some(Instant::now() + message_timeout),
                (0, false) => whole_by,
                (_, false) => whole_by.or_else(|| Some(Instant::now() + message_timeout)),
            };
        }
    }

    /// Hands over what is whole; returns whether anything was.
    fn take_frames(&mut self) -> bool {
        let mut whole = false;
        for frame in self.framer.by_ref() {
            whole = true;
            let message = match frame {
                Ok(Frame::Ping) => {
                    // A peer that pings faster than it takes pongs gets fewer of them.
                    let _ = self.pongs.try_send(());
                    continue;
                }
                Ok(Frame::Pong) => continue,
                Ok(Frame::Message(message)) => Ok(message),
                Err(malformed) => Err(malformed),
            };
            self.told = true;
            self.wiring.gauges.received.fetch_add(1, Ordering::Relaxed);
            let flow = self.wiring.flow;
            (self.wiring.handler)(TcpEvent::Message { message, flow });
        }
        whole
    }
}

struct Writer<'a> {
    wiring: &'a Wiring,
    stopped: watch::Receiver<bool>,
    stream: OwnedWriteHalf,
    outgoing: mpsc::Receiver<Arc<[u8]>>,
    pongs_due: mpsc::Receiver<()>,
}

impl Writer<'_> {
    /// Returns when a write fails, or when the server stops and what was queued is written.
    async fn run(&mut self) {
        let keep_alive = Duration::from_secs(self.wiring.config.keep_alive_s);
        let pings = self.wiring.ours && !keep_alive.is_zero();
        loop {
            let quiet_since = Instant::now();
            let written = tokio::select! {
                biased; // what is queued goes before the end
                Some(bytes) = self.outgoing.recv() => self.write(&bytes).await,
                Some(()) = self.pongs_due.recv() => self.write(PONG).await,
                () = told_to_stop(&mut self.stopped) => {
                    let _ = self.stream.shutdown().await;
                    return;
                }
                () = until(pings.then(|| quiet_since + keep_alive)) => self.write(PING).await,
            };
            if written.is_err() {
                return;
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let limit = Duration::from_millis(self.wiring.config.write_timeout_ms);
        match timeout(limit, self.stream.write_all(bytes)).await {
            Ok(written) => {
                if bytes != PING && bytes != PONG {
                    self.wiring.gauges.sent.fetch_add(1, Ordering::Relaxed);
                }
                written
            }
            Err(late) => {
                self.wiring.gauges.congested.fetch_add(1, Ordering::Relaxed);
                Err(late.into())
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}
