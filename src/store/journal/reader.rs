//! Reads a journal back: once at the start to find out what is there, and then for the drain. Reads only what is durable.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::disk::Disk;
use crate::store::health::StoreHealth;
use crate::store::lock;

use super::segment::{FrameReader, HEADER_BYTES, Header};
use super::writer::{SPARE, SPARE_UNFINISHED, View, Views};
use super::{JournalConfig, Recovery, parse_segment_name, segment_name};

/// One entry as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence number.
    pub seq: u64,
    /// One event as JSON.
    pub payload: Vec<u8>,
}

/// What a look at the disk found.
pub struct Found {
    /// The segments that hold something.
    pub views: VecDeque<View>,
    /// Number and first sequence number for the next segment.
    pub next: Header,
    /// For the caller of `Journal::open`.
    pub recovery: Recovery,
}

/// Looks through a journal's folder. Torn tails are left out; leftovers of unfinished work are removed.
pub fn recover(disk: &dyn Disk, dir: &Path, config: &JournalConfig) -> io::Result<Found> {
    let mut headers = BTreeMap::new();
    let mut highest = 0;
    for name in disk.list(dir)? {
        if let Some(number) = parse_segment_name(&name) {
            highest = highest.max(number);
            match read_header(disk, &dir.join(&name))?.filter(|h| h.number == number) {
                Some(header) => {
                    headers.insert(number, header);
                }
                None => disk.remove(&dir.join(&name))?, // its header never became durable, so nothing in it counts
            }
        } else if name == SPARE_UNFINISHED || name == SPARE && !right_size(disk, dir, config) {
            disk.remove(&dir.join(&name))?;
        }
    }
    let mut views: VecDeque<View> = VecDeque::new();
    let mut missing = 0;
    let ordered: Vec<Header> = headers.into_values().collect();
    for (i, header) in ordered.iter().enumerate() {
        // A segment that failed was left alone and what it had not confirmed was written again to a later one.
        let stop = ordered[i + 1..].iter().map(|later| later.first_seq).min();
        let view = scan(disk, dir, *header, stop.unwrap_or(u64::MAX))?;
        if view.next_seq == header.first_seq && stop.is_some() {
            disk.remove(&dir.join(segment_name(header.number)))?; // failed before it held anything that counts
            continue;
        }
        if let Some(last) = views.back() {
            let expected = last.next_seq.max(config.floor_seq.saturating_add(1));
            missing += header.first_seq.saturating_sub(expected);
        }
        views.push_back(view);
    }
    if let Some(newest) = views.back()
        && let Err(error) = harden(disk, dir, newest)
    {
        tracing::error!(%error, "the newest journal segment cannot be made durable; what it holds is used all the same");
    }
    let journal_seq = views.back().map_or(1, |v| v.next_seq);
    let entries = views.iter().map(|v| v.next_seq - v.header.first_seq).sum();
    let next = Header {
        number: highest + 1,
        first_seq: journal_seq.max(config.floor_seq.saturating_add(1)),
    };
    let recovery = Recovery {
        last_seq: next.first_seq - 1,
        entries,
        missing,
    };
    Ok(Found { views, next, recovery })
}

fn right_size(disk: &dyn Disk, dir: &Path, config: &JournalConfig) -> bool {
    let len = disk.open(&dir.join(SPARE)).and_then(|file| file.len());
    len.is_ok_and(|len| len == config.segment_bytes)
}

fn read_header(disk: &dyn Disk, path: &Path) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER_BYTES];
    let got = disk.open(path)?.read_at(&mut bytes, 0)?;
    Ok(Header::parse(&bytes[..got]))
}

fn scan(disk: &dyn Disk, dir: &Path, header: Header, stop: u64) -> io::Result<View> {
    let file = disk.open(&dir.join(segment_name(header.number)))?;
    let len = file.len()?;
    let mut frames = FrameReader::new(file, header);
    while frames.next_seq() < stop && frames.next(len)?.is_some() {}
    Ok(View {
        header,
        next_seq: frames.next_seq(),
        end: frames.offset(),
    })
}

/// Makes durable what was found in the newest segment: after a kill -9 it may be in the page cache only. The bytes are
/// written once more, because after a sync that failed the kernel takes unwritten pages for clean.
fn harden(disk: &dyn Disk, dir: &Path, view: &View) -> io::Result<()> {
    let file = disk.open(&dir.join(segment_name(view.header.number)))?;
    let mut bytes = vec![0; 1 << 18];
    let mut at = 0;
    while at < view.end {
        let wanted = usize::try_from(view.end - at).map_or(bytes.len(), |left| left.min(bytes.len()));
        let got = file.read_at(&mut bytes[..wanted], at)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.write_all_at(&bytes[..got], at)?;
        at += got as u64;
    }
    file.sync()
}

/// Reads the durable entries in order; the drain's side of the journal.
pub struct JournalReader {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    views: Views,
    health: Arc<StoreHealth>,
    after: u64,
    frames: Option<FrameReader>,
}

impl JournalReader {
    /// A reader of what comes after `after`.
    pub fn new(disk: Arc<dyn Disk>, dir: &Path, views: Views, health: Arc<StoreHealth>, after: u64) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            views,
            health,
            after,
            frames: None,
        }
    }

    /// Sequence number of the last entry handed out.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// Whether there is something that it has not handed out.
    pub fn has_more(&self) -> bool {
        self.current_view().is_some()
    }

    /// The next entries, at most `max`; none if all that is durable has been read.
    pub fn read(&mut self, max: usize) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        while entries.len() < max {
            let Some(view) = self.current_view() else {
                break;
            };
            if let Err(error) = self.read_view(&view, max, &mut entries) {
                if entries.is_empty() {
                    return Err(error);
                }
                break; // what was read counts as handed out, so it must be; the error will show again
            }
        }
        Ok(entries)
    }

    /// The oldest segment that holds something we have not read.
    fn current_view(&self) -> Option<View> {
        let wanted = self.after.saturating_add(1);
        let views = lock(&self.views);
        views
            .iter()
            .find(|v| v.next_seq > wanted.max(v.header.first_seq))
            .copied()
    }

    fn is_kept(&self, view: &View) -> bool {
        lock(&self.views).iter().any(|kept| kept.header == view.header)
    }

    fn read_view(&mut self, view: &View, max: usize, entries: &mut Vec<Entry>) -> io::Result<()> {
        let mut frames = match self.frames.take() {
            Some(frames) if frames.number() == view.header.number => frames,
            Some(_) | None => {
                let path = self.dir.join(segment_name(view.header.number));
                FrameReader::new(self.disk.open(&path)?, view.header)
            }
        };
        while entries.len() < max && frames.next_seq() < view.next_seq {
            match frames.next(view.end)? {
                Some((seq, payload)) if seq > self.after => {
                    entries.push(Entry {
                        seq,
                        payload: payload.to_vec(),
                    });
                    self.after = seq;
                }
                Some(_) => {}
                // Released while it was read, and perhaps in use for something else already: the database has what it held.
                None if !self.is_kept(view) => return Ok(()),
                None => {
                    let lost = view.next_seq - frames.next_seq();
                    tracing::error!(segment = view.header.number, lost, "journal segment is damaged");
                    self.health.lost_entries.add(lost);
                    frames.skip_to(view.end, view.next_seq);
                    self.after = view.next_seq - 1;
                }
            }
        }
        self.frames = Some(frames);
        Ok(())
    }
}
