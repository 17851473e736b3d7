//! What is done with complete recordings: checked, put under a new master key, removed. Knows no ledger: it is told what a
//! recording should be.

use std::io;
use std::path::Path;

use crate::store::disk::Disk;

use super::fingerprint::Fingerprint;
use super::names::{Form, locate, logical, places, walk};
use super::sealed::{BODY_AT, SLOT_BYTES, SlotError, Vault, newest, rewrapped};

/// What a check of one recording found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is what was recorded, and it can be opened.
    Good,
    /// It is what was recorded, but no key of ours opens it.
    Locked(SlotError),
    /// There is no file.
    Missing,
    /// The file was never completed.
    Unfinished,
    /// It is not what was recorded.
    Damaged(String),
}

/// What became of a file's envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrap {
    /// It is under the current key now.
    Done,
    /// It was already.
    Current,
    /// It is not sealed.
    Plain,
    /// It is still being written.
    Unfinished,
}

/// Compares a recording with the SHA-256 that the ledger has.
///
/// # Errors
/// The disk failed: nothing can be said.
pub fn check(disk: &dyn Disk, dir: &Path, file: &str, sha256: &str, vault: &Vault) -> io::Result<Condition> {
    let (place, handle) = match locate(disk, dir, file) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Condition::Missing),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(Condition::Missing),
        Err(error) => return Err(error),
    };
    if !place.complete {
        return Ok(Condition::Unfinished);
    }
    let opens = match place.form {
        Form::Plain => Ok(()),
        Form::Sealed => envelope(&read_head(&*handle)?).and_then(|(_, e)| e.open(&vault.ring()).map(drop)),
    };
    let found = Fingerprint::begin(file.to_owned(), handle, place.form, 0)
        .take()?
        .sha256;
    Ok(match opens {
        _ if found != sha256 => Condition::Damaged(format!("its SHA-256 is {found}")),
        Err(SlotError::Unreadable) => Condition::Damaged(SlotError::Unreadable.to_string()),
        Err(error) => Condition::Locked(error),
        Ok(()) => Condition::Good,
    })
}

/// Puts a file's key under the current master key. Its sound is not touched, and the file can be opened at each moment.
pub fn rewrap(disk: &dyn Disk, dir: &Path, file: &str, vault: &Vault) -> io::Result<Rewrap> {
    let (place, handle) = locate(disk, dir, file)?;
    match (place.form, place.complete) {
        (Form::Plain, _) => return Ok(Rewrap::Plain),
        (Form::Sealed, false) => return Ok(Rewrap::Unfinished),
        (Form::Sealed, true) => {}
    }
    let head = read_head(&*handle)?;
    let (slot, old) = envelope(&head).map_err(io::Error::other)?;
    let at = |slot: usize| (slot * SLOT_BYTES) as u64;
    let ring = vault.ring();
    let Some(new) = rewrapped(&old, &ring).map_err(io::Error::other)? else {
        // A crash may have left the envelope before this one.
        let other = &head[(1 - slot) * SLOT_BYTES..(2 - slot) * SLOT_BYTES];
        if other.iter().any(|byte| *byte != 0) {
            handle.write_all_at(&[0; SLOT_BYTES], at(1 - slot))?;
            handle.sync()?;
        }
        return Ok(Rewrap::Current);
    };
    handle.write_all_at(&new.encode(), at(1 - slot))?;
    handle.sync()?;
    // The old one goes only when the new one is seen to open.
    let (_, written) = envelope(&read_head(&*handle)?).map_err(io::Error::other)?;
    written.open(&ring).map_err(io::Error::other)?;
    handle.write_all_at(&[0; SLOT_BYTES], at(slot))?;
    handle.sync()?;
    Ok(Rewrap::Done)
}

/// Id of the master key that a sealed recording is under; `None`: it is plain.
pub fn key_of(disk: &dyn Disk, dir: &Path, file: &str) -> io::Result<Option<String>> {
    let (place, handle) = locate(disk, dir, file)?;
    match place.form {
        Form::Plain => Ok(None),
        Form::Sealed => {
            let (_, envelope) = envelope(&read_head(&*handle)?).map_err(io::Error::other)?;
            Ok(Some(envelope.key_id))
        }
    }
}

/// Removes a complete recording; true if there was one. One that is being written stays.
pub fn remove(disk: &dyn Disk, dir: &Path, file: &str) -> io::Result<bool> {
    let mut removed = false;
    for place in places(dir, file)?.iter().filter(|place| place.complete) {
        match disk.remove(&place.path) {
            Ok(()) => removed = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if removed && let Some(folder) = place.path.parent() {
            disk.sync_dir(folder)?;
        }
    }
    Ok(removed)
}

/// A file below the recordings' folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnDisk {
    /// The recording's name, as the ledger would have it.
    pub file: String,
    /// Its name on the disk.
    pub on_disk: String,
    /// False while it is being written.
    pub complete: bool,
}

/// All files below the recordings' folder, in order of the folders.
pub fn files(disk: &dyn Disk, dir: &Path, tell: &mut dyn FnMut(OnDisk)) -> io::Result<()> {
    walk(disk, dir, &mut |on_disk| {
        let (file, complete) = logical(on_disk);
        tell(OnDisk {
            file: file.to_owned(),
            on_disk: on_disk.to_owned(),
            complete,
        });
    })
}

fn read_head(handle: &dyn crate::store::disk::DiskFile) -> io::Result<Vec<u8>> {
    let mut head = vec![0; usize::try_from(BODY_AT).unwrap_or_default()];
    handle.read_at(&mut head, 0)?;
    Ok(head)
}

fn envelope(head: &[u8]) -> Result<(usize, super::sealed::Envelope), SlotError> {
    newest(head).ok_or(SlotError::Unreadable)
}
