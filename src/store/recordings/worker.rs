//! The recorder's thread. Every 0.7 seconds it writes what came for all recordings, and makes it durable together: from eight
//! on with one sync of the whole disk, which costs a seventh of as many syncs of single files (figures in `docs/tuning.md`).

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::media::recording::Channels;
use crate::store::disk::Disk;
use crate::store::health::StoreHealth;
use crate::store::{lock, monotonic};

use super::fingerprint::Fingerprint;
use super::growing::Growing;
use super::sealed::{KeyRing, Vault};
use super::{Done, FLUSH, Job, Outcome, Shared, StopReason, is_safe_name, reason};

/// So many files are synced by one sync of the disk.
const TOGETHER_MIN: usize = 8;
/// A sync of the disk that takes longer than this has met the data of others (a backup being written): for a while files are
/// synced one by one.
const TOGETHER_SLOW: Duration = Duration::from_millis(300);
/// That while.
const APART: Duration = Duration::from_secs(60);
/// Bytes that are fingerprinted between two looks at the clock: some milliseconds.
const FINGERPRINT_BYTES: usize = 4 << 20;

/// Folders that are remembered: a day has one.
const FOLDERS_KNOWN_MAX: usize = 16;

pub(super) struct Worker {
    pub disk: Arc<dyn Disk>,
    pub dir: PathBuf,
    pub health: Arc<StoreHealth>,
    pub vault: Arc<Vault>,
    running: Vec<Running>,
    /// Complete, and being read once more for their fingerprints.
    ending: VecDeque<Ending>,
    /// Folders that were used lately, which are therefore there.
    folders: BTreeSet<PathBuf>,
    apart_until: Option<Instant>,
    sound: Vec<u8>,
    scratch: Vec<u8>,
}

struct Running {
    growing: Option<Growing>,
    file: String,
    shared: Arc<Shared>,
    done: Done,
    ends: bool,
    /// A sync failed: what is on the disk is unknown, and must not be called complete. The next start looks.
    unknown: bool,
}

struct Ending {
    fingerprint: Fingerprint,
    file: String,
    stopped: Option<StopReason>,
    done: Done,
}

/// A recording to be begun.
struct Opening {
    file: String,
    channels: Channels,
    shared: Arc<Shared>,
    done: Done,
}

impl Worker {
    pub(super) fn new(disk: Arc<dyn Disk>, dir: &Path, health: Arc<StoreHealth>, vault: Arc<Vault>) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            health,
            vault,
            running: Vec::new(),
            ending: VecDeque::new(),
            folders: BTreeSet::new(),
            apart_until: None,
            sound: Vec::new(),
            scratch: Vec::new(),
        }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Job>) {
        let mut closing = false;
        let mut flush_at = monotonic() + FLUSH;
        let mut openings = Vec::new();
        while !closing {
            let mut look = false;
            let mut job = self.wait(inbox, flush_at);
            // All that waits is taken at once, so that a hundred beginnings cost one sync.
            loop {
                match job {
                    Ok(Job::Open {
                        file,
                        channels,
                        shared,
                        done,
                    }) => openings.push(Opening {
                        file,
                        channels,
                        shared,
                        done,
                    }),
                    Ok(Job::Look) => look = true,
                    Err(RecvTimeoutError::Timeout) => break,
                    Ok(Job::Close) | Err(RecvTimeoutError::Disconnected) => {
                        closing = true;
                        break;
                    }
                }
                job = inbox.try_recv().map_err(|_| RecvTimeoutError::Timeout);
            }
            self.open(&mut openings);
            let now = monotonic();
            let due = now >= flush_at;
            if due || look {
                self.flush(due);
            }
            if due {
                flush_at = now + FLUSH;
            }
            self.fingerprint();
            self.health.recordings_open.set(self.running.len() as u64);
        }
        while let Ok(job) = inbox.try_recv() {
            if let Job::Open { file, done, .. } = job {
                done(Outcome::refused(file));
            }
        }
        for running in &self.running {
            lock(&running.shared.waiting).finished = true;
        }
        self.flush(false);
        while !self.ending.is_empty() {
            self.fingerprint();
        }
    }

    /// The next job. With nothing to do, whenever it comes; otherwise no later than the next flush.
    fn wait(&self, inbox: &Receiver<Job>, flush_at: Instant) -> Result<Job, RecvTimeoutError> {
        match (self.running.is_empty(), self.ending.is_empty()) {
            (true, true) => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            (false, true) => inbox.recv_timeout(flush_at.saturating_duration_since(monotonic())),
            (_, false) => inbox.recv_timeout(Duration::ZERO),
        }
    }

    /// Makes the files of all that begin. Their headers are durable before there is any sound.
    fn open(&mut self, openings: &mut Vec<Opening>) {
        let first = self.running.len();
        let ring = self.vault.ring();
        for opening in openings.drain(..) {
            let Opening {
                file,
                channels,
                shared,
                done,
            } = opening;
            let mut made = self.create(&file, channels, &ring);
            if made
                .as_ref()
                .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
            {
                self.folders.clear(); // somebody has taken the folder away
                made = self.create(&file, channels, &ring);
            }
            if let Err(error) = &made {
                lock(&shared.waiting).stopped = Some(reason(error));
            }
            self.running.push(Running {
                ends: made.is_err(),
                growing: made.ok(),
                file,
                shared,
                done,
                unknown: false,
            });
        }
        if self.running.len() > first {
            let new: Vec<usize> = (first..self.running.len()).collect();
            self.sync(&new);
            self.sync_names(&new);
            if self.running[first..].iter().any(|running| running.ends) {
                self.flush(false);
            }
        }
    }

    fn create(&mut self, file: &str, channels: Channels, ring: &KeyRing) -> io::Result<Growing> {
        self.make_folder(file)?;
        Growing::create(&*self.disk, &self.dir, file, channels, ring)
    }

    /// Makes the folder of a file, its name and those above it durable.
    fn make_folder(&mut self, file: &str) -> io::Result<()> {
        if !is_safe_name(file) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this is no name for a recording",
            ));
        }
        let path = self.dir.join(file);
        let folder = path.parent().unwrap_or(&self.dir);
        if self.folders.contains(folder) {
            return Ok(());
        }
        self.disk.create_dir(folder)?;
        let above = folder.ancestors().skip(1);
        for folder in above.take_while(|folder| folder.starts_with(&self.dir)) {
            self.disk.sync_dir(folder)?;
        }
        if self.folders.len() == FOLDERS_KNOWN_MAX {
            self.folders.clear();
        }
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    /// Writes what came (if `all`, of every recording), makes it durable, and completes those that are finished or stopped.
    fn flush(&mut self, all: bool) {
        let mut written = Vec::new();
        for i in 0..self.running.len() {
            if self.write(i, all) {
                written.push(i);
            }
        }
        self.sync(&written);
        let ends: Vec<usize> = (0..self.running.len()).filter(|i| self.running[*i].ends).collect();
        for i in &ends {
            let running = &mut self.running[*i];
            if let Some(growing) = running.growing.as_mut().filter(|_| !running.unknown)
                && let Err(error) = growing.name(&*self.disk)
            {
                running.give_up(&error);
            }
        }
        self.sync_names(&ends);
        for i in ends.iter().rev() {
            let running = self.running.swap_remove(*i);
            self.end(running);
        }
    }

    /// Writes what waits for one recording, and its end if it ends. True: there is something to sync.
    fn write(&mut self, i: usize, all: bool) -> bool {
        let running = &mut self.running[i];
        {
            let mut waiting = lock(&running.shared.waiting);
            running.ends |= waiting.finished || waiting.stopped.is_some();
            if all || running.ends {
                std::mem::swap(&mut waiting.samples, &mut self.sound);
            }
        }
        let Some(growing) = running.growing.as_mut().filter(|_| !running.unknown) else {
            self.sound.clear();
            return false;
        };
        let mut result = match self.sound.is_empty() {
            true => Ok(()),
            false => growing.write(&self.sound, &mut self.scratch),
        };
        let mut touched = !self.sound.is_empty();
        self.sound.clear();
        if let Err(error) = &result {
            lock(&running.shared.waiting).stopped.get_or_insert(reason(error));
            running.ends = true;
        }
        if running.ends {
            touched = true;
            result = growing.end(&mut self.scratch);
            if let Err(error) = &result {
                running.give_up(error);
                return false;
            }
        }
        touched
    }

    /// Makes recordings durable. A sync that fails is not tried again: the kernel would wrongly say that all is well.
    fn sync(&mut self, which: &[usize]) {
        if which.len() >= TOGETHER_MIN && self.sync_together() {
            return;
        }
        for i in which {
            let running = &mut self.running[*i];
            let synced = running.growing.as_ref().map_or(Ok(()), Growing::sync);
            if let Err(error) = synced {
                running.give_up(&error);
            }
        }
    }

    /// One sync for all that is on the disk. False: that did not do, and each file must be asked.
    fn sync_together(&mut self) -> bool {
        let begun = monotonic();
        if self.apart_until.is_some_and(|until| begun < until) {
            return false;
        }
        self.apart_until = None;
        if let Err(error) = self.disk.sync_all(&self.dir) {
            tracing::warn!(%error, "a sync of the whole disk failed; the recordings are synced one by one");
            return false;
        }
        let now = monotonic();
        if now.saturating_duration_since(begun) > TOGETHER_SLOW {
            self.apart_until = Some(now + APART);
        }
        true
    }

    /// Makes the names of recordings durable.
    fn sync_names(&mut self, which: &[usize]) {
        let mut folders: Vec<PathBuf> = which
            .iter()
            .filter_map(|i| self.running[*i].growing.as_ref())
            .map(|growing| growing.folder().to_owned())
            .collect();
        folders.sort();
        folders.dedup();
        for folder in folders {
            if let Err(error) = self.disk.sync_dir(&folder) {
                for i in which {
                    let running = &mut self.running[*i];
                    if running
                        .growing
                        .as_ref()
                        .is_some_and(|growing| growing.folder() == folder)
                    {
                        running.give_up(&error);
                    }
                }
            }
        }
    }

    /// Has left the running ones; its fingerprint is next.
    fn end(&mut self, running: Running) {
        let Running {
            growing,
            file,
            shared,
            done,
            unknown,
            ..
        } = running;
        let stopped = lock(&shared.waiting).stopped.clone();
        if let Some(why) = &stopped {
            self.health.recordings_failed.add(1);
            tracing::error!(file, %why, "a recording stopped early; the call goes on");
        }
        match growing.filter(|_| !unknown) {
            Some(growing) => self.ending.push_back(Ending {
                fingerprint: growing.fingerprint(),
                file,
                stopped,
                done,
            }),
            None => done(Outcome {
                file,
                finished: None,
                stopped,
            }),
        }
    }

    /// Goes on with the fingerprints, for some milliseconds.
    fn fingerprint(&mut self) {
        while let Some(Ending {
            fingerprint,
            file,
            stopped,
            done,
        }) = self.ending.pop_front()
        {
            let known = matches!(fingerprint, Fingerprint::Known(_));
            match fingerprint.step(FINGERPRINT_BYTES) {
                Ok(Ok(finished)) => done(Outcome {
                    file,
                    finished: Some(finished),
                    stopped,
                }),
                Ok(Err(fingerprint)) => self.ending.push_front(Ending {
                    fingerprint,
                    file,
                    stopped,
                    done,
                }),
                Err(error) => {
                    tracing::error!(file, %error, "a complete recording cannot be read");
                    done(Outcome {
                        file,
                        finished: None,
                        stopped: stopped.or(Some(reason(&error))),
                    });
                }
            }
            if !known {
                return;
            }
        }
    }
}

impl Running {
    /// It stops here, and nobody may say that it is complete.
    fn give_up(&mut self, error: &io::Error) {
        lock(&self.shared.waiting).stopped.get_or_insert(reason(error));
        self.ends = true;
        self.unknown = true;
    }
}
