//! Puts entries into segments so that each is durable before it counts. Has no thread and no clock of its own: the
//! journal's thread (or a test) decides when to commit and when to try again.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::kernel::Event;
use crate::store::disk::{Disk, DiskFile};
use crate::store::health::StoreHealth;
use crate::store::lock;

use super::live::Publisher;
use super::segment::{FRAME_HEAD_BYTES, HEADER_BYTES, Header, PAYLOAD_MAX_BYTES, push_frame};
use super::{JournalConfig, segment_name};

/// Name of the segment that is held in reserve.
pub const SPARE: &str = "spare.seg";
/// Name of a reserve in the making.
pub const SPARE_UNFINISHED: &str = "spare.tmp";

/// What readers may read of one segment: everything before `end` is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Its header.
    pub header: Header,
    /// Sequence number behind its last durable frame.
    pub next_seq: u64,
    /// Byte behind its last durable frame.
    pub end: u64,
}

/// The list of segments with durable frames, oldest first, shared between the writer and its readers.
pub type Views = Arc<Mutex<VecDeque<View>>>;

struct Active {
    file: Box<dyn DiskFile>,
    view: View,
}

/// The writing side of a journal.
pub struct Writer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    config: JournalConfig,
    health: Arc<StoreHealth>,
    views: Views,
    live: Publisher,
    active: Option<Active>,
    has_spare: bool,
    next_number: u64,
    next_seq: u64,
    backlog: Backlog,
    frames: Vec<u8>,
}

/// Entries that are not durable yet, in order.
#[derive(Default)]
struct Backlog {
    payloads: Vec<u8>,
    lengths: VecDeque<usize>,
}

impl Backlog {
    fn drop_front(&mut self, entries: usize) {
        let bytes: usize = self.lengths.drain(..entries).sum();
        self.payloads.drain(..bytes);
    }
}

impl Writer {
    /// A writer that goes on behind what was found on the disk.
    pub fn new(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: JournalConfig,
        health: Arc<StoreHealth>,
        (views, live): (Views, Publisher),
        next: Header,
    ) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            config,
            health,
            views,
            live,
            active: None,
            has_spare: false,
            next_number: next.number,
            next_seq: next.first_seq,
            backlog: Backlog::default(),
            frames: Vec::new(),
        }
    }

    /// Sequence number that the next entry gets.
    #[cfg(test)]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Entries that wait in memory.
    pub fn backlog_entries(&self) -> usize {
        self.backlog.lengths.len()
    }

    /// Takes an event into memory. False: it was given up, the bound is reached.
    pub fn push(&mut self, event: &Event) -> bool {
        let start = self.backlog.payloads.len();
        let written = serde_json::to_writer(&mut self.backlog.payloads, event).is_ok();
        let end = self.backlog.payloads.len();
        let longest = PAYLOAD_MAX_BYTES.min(self.frame_room(HEADER_BYTES as u64));
        if !written || end - start > longest || end > self.config.backlog_max_bytes {
            self.backlog.payloads.truncate(start);
            self.health.lost_entries.add(1);
            return false;
        }
        self.backlog.lengths.push_back(end - start);
        self.next_seq += 1;
        true
    }

    /// Makes everything durable that is in memory. When a segment fails it is left as it is for ever, and the entries that it
    /// never confirmed are written again to another one. An error means that no segment would take them: they stay in memory.
    pub fn commit(&mut self) -> io::Result<()> {
        let mut failed_before = false;
        while !self.backlog.lengths.is_empty() {
            if let Err(error) = self.commit_some() {
                self.health.journal_errors.add(1);
                self.active = None;
                if failed_before {
                    return Err(error);
                }
                failed_before = true;
            }
        }
        Ok(())
    }

    /// One write and one sync of as many entries as the segment has room for.
    fn commit_some(&mut self) -> io::Result<()> {
        let first_seq = self.next_seq - self.backlog.lengths.len() as u64;
        let mut active = match self.active.take() {
            Some(active) if self.fits(active.view.end) => active,
            Some(_) | None => self.activate(first_seq)?,
        };
        let entries = self.encode(&active.view, first_seq);
        let written = active.file.write_all_at(&self.frames, active.view.end);
        if let Err(error) = written.and_then(|()| active.file.sync()) {
            self.abandon(active.view);
            return Err(error);
        }
        active.view.end += self.frames.len() as u64;
        active.view.next_seq = first_seq + entries as u64;
        self.publish(active.view);
        self.live.publish(
            first_seq,
            &self.backlog.payloads,
            self.backlog.lengths.iter().take(entries),
        );
        self.backlog.drop_front(entries);
        self.active = Some(active);
        self.health.commits.add(1);
        Ok(())
    }

    /// Leaves a failed segment alone. One without a durable frame only takes room: it goes now, or when its turn comes.
    fn abandon(&self, view: View) {
        let path = self.dir.join(segment_name(view.header.number));
        if view.end == HEADER_BYTES as u64 && self.disk.remove(&path).is_err() {
            self.publish(view);
        }
    }

    fn frame_room(&self, end: u64) -> usize {
        let left = self.config.segment_bytes.saturating_sub(end);
        usize::try_from(left).map_or(0, |left| left.saturating_sub(FRAME_HEAD_BYTES))
    }

    fn fits(&self, end: u64) -> bool {
        let first = self.backlog.lengths.front().copied().unwrap_or(0);
        first <= self.frame_room(end)
    }

    /// Fills `self.frames` with the frames that fit into what the segment has left; tells how many.
    fn encode(&mut self, view: &View, first_seq: u64) -> usize {
        self.frames.clear();
        let mut entries = 0;
        let mut at = 0;
        for length in &self.backlog.lengths {
            if *length > self.frame_room(view.end + self.frames.len() as u64) {
                break;
            }
            let payload = &self.backlog.payloads[at..at + length];
            push_frame(
                &mut self.frames,
                view.header.number,
                first_seq + entries as u64,
                payload,
            );
            at += length;
            entries += 1;
        }
        entries
    }

    fn publish(&self, view: View) {
        let mut views = lock(&self.views);
        match views.back_mut() {
            Some(last) if last.header == view.header => *last = view,
            Some(_) | None => views.push_back(view),
        }
    }

    /// Turns the reserve into the active segment. Its header and its name are durable before the first frame is written:
    /// otherwise a crash could leave frames under a number that is then given out again.
    fn activate(&mut self, first_seq: u64) -> io::Result<Active> {
        self.keep_spare()?;
        let spare = self.dir.join(SPARE);
        let file = self.disk.open(&spare)?;
        let header = Header {
            number: self.next_number,
            first_seq,
        };
        self.next_number += 1;
        file.write_all_at(&header.to_bytes(), 0)?;
        file.sync()?;
        let path = self.dir.join(segment_name(header.number));
        self.disk.rename(&spare, &path)?;
        self.has_spare = false;
        if let Err(error) = self.disk.sync_dir(&self.dir) {
            let _ = self.disk.remove(&path);
            return Err(error);
        }
        let view = View {
            header,
            next_seq: first_seq,
            end: HEADER_BYTES as u64,
        };
        Ok(Active { file, view })
    }

    /// Makes sure that a reserve segment exists; raises or lowers its alarm.
    pub fn keep_spare(&mut self) -> io::Result<()> {
        if self.has_spare {
            return Ok(());
        }
        let there = self.disk.open(&self.dir.join(SPARE)).is_ok();
        let result = if there { Ok(()) } else { self.make_spare() };
        self.has_spare = result.is_ok();
        self.health.spare_missing.set(!self.has_spare);
        result
    }

    fn make_spare(&self) -> io::Result<()> {
        let unfinished = self.dir.join(SPARE_UNFINISHED);
        let _ = self.disk.remove(&unfinished); // left by a crash, if at all
        let file = self.disk.create(&unfinished, self.config.segment_bytes)?;
        file.sync()?;
        self.disk.rename(&unfinished, &self.dir.join(SPARE))
    }

    /// Lets go of segments whose entries up to `through_seq` the database holds. The newest one always stays: it carries the
    /// sequence number over a restart. A released segment becomes the reserve if there is none, so that a full disk cannot
    /// take its room away.
    pub fn release(&mut self, through_seq: u64) {
        loop {
            let oldest = {
                let views = lock(&self.views);
                let more = views.len() > 1;
                views
                    .front()
                    .filter(|v| more && v.next_seq <= through_seq.saturating_add(1))
                    .copied()
            };
            let Some(oldest) = oldest else { return };
            if self.retire(oldest.header.number).is_err() {
                self.health.journal_errors.add(1);
                return;
            }
            lock(&self.views).pop_front();
        }
    }

    fn retire(&mut self, number: u64) -> io::Result<()> {
        let path = self.dir.join(segment_name(number));
        let spare = self.dir.join(SPARE);
        let file = match self.disk.open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        if self.has_spare || file.len()? != self.config.segment_bytes {
            return self.disk.remove(&path);
        }
        self.disk.rename(&path, &spare)?;
        self.has_spare = true;
        self.health.spare_missing.set(false);
        Ok(())
    }
}
