//! The SIP trace: the bytes of the last messages, so that one call's signalling can be shown on demand. Kept in a few files
//! that are written in turn, never synced, and dropped rather than waited for. Secrets are taken out before writing.

mod format;
mod ladder;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crate::kernel::Wall;
use crate::sip::Flow;

use super::disk::{Disk, DiskFile, RealDisk};
use super::health::StoreHealth;
use super::lock;
pub use ladder::{Numbers, ladder, transcript};

/// How long messages are gathered before they are written.
const GATHER: Duration = Duration::from_millis(250);

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To us.
    In,
    /// From us.
    Out,
}

/// One message of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedMessage {
    /// When it was seen.
    pub at: Wall,
    /// Which way it went.
    pub way: Way,
    /// Its path: transport, our address, the peer's.
    pub flow: String,
    /// Its SIP Call-ID.
    pub sip_call_id: String,
    /// Its bytes, secrets taken out.
    pub bytes: Vec<u8>,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct TraceConfig {
    /// Size of one file.
    pub segment_bytes: u64,
    /// Files kept; the oldest is removed for a new one.
    pub segments: usize,
    /// Messages' bytes that may wait to be written; what comes beyond is dropped and counted.
    pub queue_max_bytes: usize,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
            segments: 16,
            queue_max_bytes: 4 << 20,
        }
    }
}

/// The way to the trace; clones share it.
#[derive(Clone)]
pub struct TraceHandle {
    shared: Arc<Shared>,
    thread: Thread,
}

/// The trace's writer; ends when closed or dropped.
pub struct Trace {
    handle: TraceHandle,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    health: Arc<StoreHealth>,
    config: TraceConfig,
}

#[derive(Default)]
struct Queue {
    messages: Vec<format::Raw>,
    bytes: Vec<u8>,
    closing: bool,
}

impl Trace {
    /// Starts writing below a folder.
    pub fn start(dir: &Path, config: TraceConfig, health: Arc<StoreHealth>) -> io::Result<Self> {
        Self::start_on(Arc::new(RealDisk), dir, config, health)
    }

    /// The same on any disk.
    pub fn start_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: TraceConfig,
        health: Arc<StoreHealth>,
    ) -> io::Result<Self> {
        disk.create_dir(dir)?;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            health,
            config,
        });
        let segments: BTreeSet<u64> = disk.list(dir)?.iter().filter_map(|n| segment_number(n)).collect();
        let writer = Writer {
            disk,
            dir: dir.to_owned(),
            shared: shared.clone(),
            segments,
            file: None,
            end: 0,
        };
        let thread = thread::Builder::new()
            .name("trace".into())
            .spawn(move || writer.run())?;
        let handle = TraceHandle {
            shared,
            thread: thread.thread().clone(),
        };
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }

    /// A way to it.
    pub fn handle(&self) -> TraceHandle {
        self.handle.clone()
    }

    /// Writes what waits and ends the thread.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        lock(&self.handle.shared.queue).closing = true;
        self.handle.thread.unpark();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the trace's thread panicked");
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

impl TraceHandle {
    /// Notes a message. Copies it and goes on; the Call-ID is looked for and secrets are taken out later, on the trace's
    /// thread.
    pub fn message(&self, at: Wall, way: Way, flow: &Flow, bytes: &[u8]) {
        let was_empty = {
            let mut queue = lock(&self.shared.queue);
            if queue.bytes.len().saturating_add(bytes.len()) > self.shared.config.queue_max_bytes {
                self.shared.health.trace_dropped.add(1);
                return;
            }
            queue.bytes.extend_from_slice(bytes);
            queue.messages.push(format::Raw {
                at,
                way,
                flow: *flow,
                length: bytes.len(),
            });
            queue.messages.len() == 1
        };
        if was_empty {
            self.thread.unpark();
        }
    }
}

struct Writer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    shared: Arc<Shared>,
    segments: BTreeSet<u64>,
    file: Option<Box<dyn DiskFile>>,
    end: u64,
}

impl Writer {
    fn run(mut self) {
        let mut queue = Queue::default();
        loop {
            {
                let mut shared = lock(&self.shared.queue);
                std::mem::swap(&mut shared.messages, &mut queue.messages);
                std::mem::swap(&mut shared.bytes, &mut queue.bytes);
                queue.closing = shared.closing;
            }
            let wrote = !queue.messages.is_empty();
            self.write(&mut queue);
            if queue.closing {
                return;
            }
            if !wrote {
                thread::park(); // the first message wakes us
            }
            // Not parked: further messages must not wake us for each of them.
            thread::sleep(GATHER);
        }
    }

    fn write(&mut self, queue: &mut Queue) {
        let mut block = Vec::with_capacity(queue.bytes.len() + queue.messages.len() * 160);
        let mut at = 0;
        for raw in &queue.messages {
            format::push(&mut block, raw, &queue.bytes[at..at + raw.length]);
            at += raw.length;
        }
        if !block.is_empty() && self.append(&block).is_err() {
            self.shared.health.trace_dropped.add(queue.messages.len() as u64);
            self.file = None;
        }
        queue.messages.clear();
        queue.bytes.clear();
    }

    fn append(&mut self, block: &[u8]) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) if self.end < self.shared.config.segment_bytes => file,
            Some(_) | None => self.next_segment()?,
        };
        file.write_all_at(block, self.end)?;
        self.end += block.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    fn next_segment(&mut self) -> io::Result<Box<dyn DiskFile>> {
        while self.segments.len() >= self.shared.config.segments.max(1) {
            let Some(oldest) = self.segments.pop_first() else {
                break;
            };
            self.disk.remove(&self.dir.join(segment_name(oldest)))?;
        }
        let number = self.segments.last().map_or(1, |n| n + 1);
        let file = self.disk.create(&self.dir.join(segment_name(number)), 0)?;
        self.segments.insert(number);
        self.end = 0;
        Ok(file)
    }
}

/// All messages of these SIP Call-IDs that the trace still has, in order. Reads the whole trace: for people, not for machines.
pub fn read_call(dir: &Path, sip_call_ids: &[String]) -> io::Result<Vec<TracedMessage>> {
    let mut messages = Vec::new();
    for name in RealDisk.list(dir)? {
        if segment_number(&name).is_none() {
            continue;
        }
        match std::fs::read(dir.join(&name)) {
            Ok(bytes) => format::read(&bytes, |m| sip_call_ids.contains(&m.sip_call_id), &mut messages),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // removed while we looked
            Err(error) => return Err(error),
        }
    }
    messages.sort_by_key(|m| m.at);
    Ok(messages)
}

fn segment_name(number: u64) -> String {
    format!("{number:012}.sip")
}

fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".sip")?;
    (digits.len() == 12).then(|| digits.parse().ok()).flatten()
}
