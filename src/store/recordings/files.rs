//! One recording on the disk: `name.part` while it grows, `name` when it is complete. Knows no thread.
//!
//! The header is brought up to date with every flush, so that also what a power cut leaves is a playable file; and the other
//! name tells at the next start which files were cut off.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::store::disk::{Disk, DiskFile};

use super::wav::{self, wav_header};

/// Behind the name of a file that is not complete.
const UNFINISHED: &str = ".part";
/// Deepest folder below the recordings' folder.
const FOLDERS_MAX: usize = 3;
const NAME_MAX_BYTES: usize = 200;

/// A complete recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// File name below the recordings' folder.
    pub file: String,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

/// Whether this is a name that we would give: parts of letters, digits, `-`, `_` and inner dots, at most three folders deep.
/// So no name leads out of the recordings' folder, to a hidden file or to one that is being written.
pub fn is_safe_name(file: &str) -> bool {
    let part_is_safe = |part: &str| {
        let first = part
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        first
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    file.len() <= NAME_MAX_BYTES
        && !file.ends_with(UNFINISHED)
        && file.split('/').count() <= FOLDERS_MAX + 1
        && file.split('/').all(part_is_safe)
}

fn path(dir: &Path, file: &str) -> io::Result<PathBuf> {
    if is_safe_name(file) {
        Ok(dir.join(file))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is no name for a recording",
        ))
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// A recording that grows.
pub struct Growing {
    file: String,
    path: PathBuf,
    handle: Box<dyn DiskFile>,
    channels: u16,
    data_len: u32,
}

impl Growing {
    /// Makes the file. Fails if the name is not safe or is taken.
    pub fn create(disk: &dyn Disk, dir: &Path, file: &str, channels: u16) -> io::Result<Self> {
        let path = path(dir, file)?;
        if disk.open(&path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let folder = path.parent().unwrap_or(dir);
        disk.create_dir(folder)?;
        let handle = disk.create(&unfinished(&path), 0)?;
        handle.write_all_at(&wav_header(0, channels), 0)?;
        handle.sync()?;
        disk.sync_dir(folder)?;
        Ok(Self {
            file: file.to_owned(),
            path,
            handle,
            channels,
            data_len: 0,
        })
    }

    /// Adds samples and makes them durable, with a header that counts them.
    pub fn append(&mut self, samples: &[u8]) -> io::Result<()> {
        let more = u32::try_from(samples.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let data_len = self.data_len.checked_add(more).ok_or(io::ErrorKind::FileTooLarge)?;
        let end = wav::HEADER_BYTES as u64 + u64::from(self.data_len);
        self.handle.write_all_at(samples, end)?;
        self.handle.write_all_at(&wav_header(data_len, self.channels), 0)?;
        self.handle.sync()?;
        self.data_len = data_len;
        Ok(())
    }

    /// Gives the file its name. Sound that a failed write has left behind counts as well: the header tells all that is there.
    pub fn finish(self, disk: &dyn Disk) -> io::Result<Finished> {
        let data_len = count_samples(&*self.handle, self.channels)?;
        complete(disk, &self.path, &*self.handle)?;
        describe(self.file, &*self.handle, data_len, self.channels)
    }
}

/// Brings the header up to date with the file's length; gives the bytes of sound.
fn count_samples(handle: &dyn DiskFile, channels: u16) -> io::Result<u32> {
    let data = handle.len()?.saturating_sub(wav::HEADER_BYTES as u64);
    let whole = data - data % u64::from(channels);
    let data_len = u32::try_from(whole).map_err(|_| io::ErrorKind::FileTooLarge)?;
    handle.write_all_at(&wav_header(data_len, channels), 0)?;
    Ok(data_len)
}

fn complete(disk: &dyn Disk, path: &Path, handle: &dyn DiskFile) -> io::Result<()> {
    handle.sync()?;
    disk.rename(&unfinished(path), path)?;
    path.parent().map_or(Ok(()), |folder| disk.sync_dir(folder))
}

fn describe(file: String, handle: &dyn DiskFile, data_len: u32, channels: u16) -> io::Result<Finished> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut at = 0;
    loop {
        let got = handle.read_at(&mut buffer, at)?;
        if got == 0 {
            break;
        }
        hasher.update(&buffer[..got]);
        at += got as u64;
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Finished {
        file,
        duration_ms: wav::duration_ms(u64::from(data_len), channels),
        sha256,
    })
}

/// Completes one recording that was cut off, or looks up one that is complete: for a call whose `RecordingEnded` is missing.
pub fn settle(disk: &dyn Disk, dir: &Path, file: &str) -> io::Result<Finished> {
    let path = path(dir, file)?;
    let (handle, cut_off) = match disk.open(&unfinished(&path)) {
        Ok(handle) => (handle, true),
        Err(_) => (disk.open(&path)?, false),
    };
    let mut header = [0; wav::HEADER_BYTES];
    let got = handle.read_at(&mut header, 0)?;
    // The name can be durable before the header is: then there is no sample either.
    let channels = wav::channels(&header[..got]).unwrap_or(1);
    let mut data_len = wav::data_len(&header[..got]);
    if cut_off {
        data_len = count_samples(&*handle, channels)?;
        complete(disk, &path, &*handle)?;
    }
    describe(file.to_owned(), &*handle, data_len, channels)
}

/// Completes all recordings that were cut off. One that cannot be completed is logged and left for the next start.
pub fn repair(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<Finished>> {
    disk.create_dir(dir)?;
    let mut repaired = Vec::new();
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let here = dir.join(&folder);
        for name in disk.list(&here)? {
            let Some(name) = name.strip_suffix(UNFINISHED) else {
                continue;
            };
            let file = join(&folder, name);
            match settle(disk, dir, &file) {
                Ok(finished) => repaired.push(finished),
                Err(error) => tracing::error!(file, %error, "a recording cannot be repaired"),
            }
        }
        if depth < FOLDERS_MAX {
            folders.extend(disk.folders(&here)?.iter().map(|name| (join(&folder, name), depth + 1)));
        }
    }
    Ok(repaired)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
