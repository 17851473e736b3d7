//! A disk in memory that fails and forgets as real ones do, from a seed. Only for tests.
//!
//! It keeps for each file what the programs see (the page cache) and what has reached the platter, 512 bytes at a time. A sync
//! that fails marks the sectors clean without writing them, as Linux does. At a crash each unsynced sector survives or not.
//! Names (create, rename, remove) survive a crash in order, as far as a coin says, and surely after `sync_dir`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::disk::{Disk, DiskFile};
use super::lock;

const SECTOR: usize = 512;
type FileId = u64;

/// The disk; clones share it.
#[derive(Clone)]
pub struct FakeDisk(Arc<Mutex<State>>);

struct State {
    rng: SmallRng,
    fault_one_in: u32,
    free_bytes: u64,
    next_id: FileId,
    files: BTreeMap<FileId, Contents>,
    names: BTreeMap<PathBuf, FileId>,
    durable_names: BTreeMap<PathBuf, FileId>,
    pending_names: Vec<NameChange>,
    /// Handles opened before a crash belong to a program that is dead.
    life: u64,
    faults: u64,
}

#[derive(Clone)]
enum NameChange {
    Put(PathBuf, FileId),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Default)]
struct Contents {
    cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
    /// A sync of the whole disk failed here; the file's own next sync says so.
    failed: bool,
}

struct FakeFile {
    disk: FakeDisk,
    id: FileId,
    life: u64,
}

impl FakeDisk {
    /// An empty disk with room for `free_bytes`.
    pub fn new(seed: u64, free_bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: SmallRng::seed_from_u64(seed),
            fault_one_in: 0,
            free_bytes,
            next_id: 1,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            life: 0,
            faults: 0,
        })))
    }

    /// From now on one operation in `n` fails; 0: none does.
    pub fn fail_one_in(&self, n: u32) {
        lock(&self.0).fault_one_in = n;
    }

    /// How many operations failed so far.
    pub fn faults(&self) -> u64 {
        lock(&self.0).faults
    }

    /// Sets how much room is left.
    pub fn set_free(&self, bytes: u64) {
        lock(&self.0).free_bytes = bytes;
    }

    /// The process is killed: all that it wrote is in the page cache and stays.
    pub fn kill(&self) {
        lock(&self.0).life += 1;
    }

    /// The power goes: what was not synced survives in part.
    pub fn crash(&self) {
        let state = &mut *lock(&self.0);
        state.life += 1;
        let survive = state.rng.random_range(0..=state.pending_names.len());
        let changes: Vec<_> = state.pending_names.drain(..).take(survive).collect();
        for change in changes {
            apply(&mut state.durable_names, change);
        }
        state.names = state.durable_names.clone();
        for contents in state.files.values_mut() {
            for sector in std::mem::take(&mut contents.dirty) {
                if state.rng.random_bool(0.5) {
                    contents.persist(sector);
                }
            }
            contents.cached = contents.durable.clone();
        }
        let kept: BTreeSet<FileId> = state.names.values().copied().collect();
        state.files.retain(|id, _| kept.contains(id));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        work(&mut lock(&self.0))
    }
}

impl State {
    fn fault(&mut self, what: &str) -> io::Result<()> {
        if self.fault_one_in > 0 && self.rng.random_ratio(1, self.fault_one_in) {
            self.faults += 1;
            return Err(io::Error::other(format!("injected: {what}")));
        }
        Ok(())
    }

    fn find(&self, path: &Path) -> io::Result<FileId> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: NameChange) {
        apply(&mut self.names, change.clone());
        self.pending_names.push(change);
    }

    fn take_room(&mut self, bytes: u64) -> io::Result<()> {
        match self.free_bytes.checked_sub(bytes) {
            Some(left) => {
                self.free_bytes = left;
                Ok(())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn give_room_back(&mut self, path: &Path) {
        if let Some(contents) = self.names.get(path).and_then(|id| self.files.get(id)) {
            self.free_bytes += contents.cached.len() as u64;
        }
    }
}

fn apply(names: &mut BTreeMap<PathBuf, FileId>, change: NameChange) {
    match change {
        NameChange::Put(path, id) => {
            names.insert(path, id);
        }
        NameChange::Rename(from, to) => {
            if let Some(id) = names.remove(&from) {
                names.insert(to, id);
            }
        }
        NameChange::Remove(path) => {
            names.remove(&path);
        }
    }
}

impl Contents {
    /// Nothing is dirty any more; whether it arrived is another question.
    fn flush(&mut self, arrives: bool) {
        for sector in std::mem::take(&mut self.dirty) {
            if arrives {
                self.persist(sector);
            }
        }
        if arrives {
            self.durable.truncate(self.cached.len());
        }
    }

    fn persist(&mut self, sector: usize) {
        let range = sector * SECTOR..((sector + 1) * SECTOR).min(self.cached.len());
        if self.durable.len() < range.end {
            self.durable.resize(range.end, 0);
        }
        self.durable[range.clone()].copy_from_slice(&self.cached[range]);
    }
}

impl Disk for FakeDisk {
    fn create(&self, path: &Path, reserve_bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        self.with(|s| {
            s.fault("create")?;
            if s.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            s.take_room(reserve_bytes)?;
            let id = s.next_id;
            s.next_id += 1;
            let zeros = vec![0; usize::try_from(reserve_bytes).unwrap()];
            s.files.insert(
                id,
                Contents {
                    cached: zeros.clone(),
                    durable: zeros,
                    dirty: BTreeSet::new(),
                    failed: false,
                },
            );
            s.change(NameChange::Put(path.to_owned(), id));
            Ok(Box::new(FakeFile {
                disk: self.clone(),
                id,
                life: s.life,
            }) as Box<dyn DiskFile>)
        })
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.with(|s| {
            s.fault("open")?;
            let file = FakeFile {
                disk: self.clone(),
                id: s.find(path)?,
                life: s.life,
            };
            Ok(Box::new(file) as Box<dyn DiskFile>)
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|s| {
            s.fault("rename")?;
            s.find(from)?;
            s.give_room_back(to);
            s.change(NameChange::Rename(from.to_owned(), to.to_owned()));
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.with(|s| {
            s.fault("remove")?;
            s.find(path)?;
            s.give_room_back(path);
            s.change(NameChange::Remove(path.to_owned()));
            Ok(())
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.with(|s| {
            let here = s.names.keys().filter(|p| p.parent() == Some(dir));
            Ok(here.filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect())
        })
    }

    fn folders(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.with(|s| {
            let below = s.names.keys().filter_map(|p| p.parent()?.strip_prefix(dir).ok());
            let first = below.filter_map(|p| Some(p.components().next()?.as_os_str().to_str()?.to_owned()));
            Ok(first.collect::<BTreeSet<_>>().into_iter().collect())
        })
    }

    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.with(|s| {
            s.fault("sync_dir")?;
            s.pending_names.clear();
            s.durable_names = s.names.clone();
            Ok(())
        })
    }

    fn sync_all(&self, _dir: &Path) -> io::Result<()> {
        self.with(|s| {
            let failed = s.fault("sync_all");
            for contents in s.files.values_mut() {
                // Like the kernel: what fails is marked clean, and the file remembers that it failed.
                let lost = failed.is_err() && !contents.dirty.is_empty() && s.rng.random_bool(0.5);
                contents.failed |= lost;
                contents.flush(!lost);
            }
            s.pending_names.clear();
            s.durable_names = s.names.clone();
            failed
        })
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        self.with(|s| Ok(s.free_bytes))
    }
}

impl FakeFile {
    fn with<T>(&self, work: impl FnOnce(&mut State, FileId) -> io::Result<T>) -> io::Result<T> {
        self.disk.with(|s| {
            if s.life != self.life {
                return Err(io::Error::other("this process is dead"));
            }
            work(s, self.id)
        })
    }
}

impl DiskFile for FakeFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.with(|s, id| {
            let half_way = s.fault("write");
            let start = usize::try_from(offset).unwrap();
            let bytes = match half_way {
                Ok(()) => bytes,
                Err(_) => &bytes[..s.rng.random_range(0..=bytes.len())],
            };
            let end = start + bytes.len();
            let have = s.files.get(&id).map_or(0, |c| c.cached.len());
            s.take_room(end.saturating_sub(have) as u64)?;
            let Some(contents) = s.files.get_mut(&id) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            if have < end {
                contents.cached.resize(end, 0);
            }
            contents.cached[start..end].copy_from_slice(bytes);
            contents.dirty.extend(start / SECTOR..end.div_ceil(SECTOR));
            half_way
        })
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|s, id| {
            s.fault("read")?;
            let cached = s.files.get(&id).map_or(&[][..], |c| &c.cached);
            let from = cached.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            let n = from.len().min(into.len());
            into[..n].copy_from_slice(&from[..n]);
            Ok(n)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|s, id| {
            let failed = s.fault("sync");
            let Some(contents) = s.files.get_mut(&id) else {
                return failed;
            };
            let failed = match std::mem::take(&mut contents.failed) {
                true => Err(io::Error::other("injected: lost before")),
                false => failed,
            };
            contents.flush(failed.is_ok());
            failed
        })
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.with(|s, id| {
            s.fault("truncate")?;
            let Some(contents) = s.files.get_mut(&id) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let len = usize::try_from(len).unwrap();
            s.free_bytes += contents.cached.len().saturating_sub(len) as u64;
            contents.cached.resize(len, 0);
            contents.dirty.retain(|sector| sector * SECTOR < len);
            Ok(())
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|s, id| Ok(s.files.get(&id).map_or(0, |c| c.cached.len() as u64)))
    }
}
