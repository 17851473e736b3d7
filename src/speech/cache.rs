//! A folder of spoken texts, named by the SHA-256 of language and text. What was used longest ago goes first.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// The folder and its bound.
pub struct Cache {
    dir: PathBuf,
    max_bytes: u64,
}

impl Cache {
    /// A cache; the folder is made at the first use.
    pub fn new(dir: PathBuf, max_bytes: u64) -> Self {
        Self { dir, max_bytes }
    }

    /// The sound of a text, if it is there.
    pub fn get(&self, text: &str, language: &str) -> Option<Vec<u8>> {
        let path = self.path(text, language);
        let bytes = fs::read(&path).ok()?;
        touch(&path);
        Some(bytes)
    }

    /// Keeps a sound: written beside and renamed, so that a crash leaves no half file.
    pub fn put(&self, text: &str, language: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let path = self.path(text, language);
        let beside = path.with_extension("tmp");
        fs::write(&beside, bytes)?;
        fs::rename(&beside, &path)?;
        self.shrink()
    }

    fn path(&self, text: &str, language: &str) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(language.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        let name: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        self.dir.join(format!("{name}.wav"))
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let data = entry.metadata()?;
            files.push((
                data.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                data.len(),
                entry.path(),
            ));
        }
        files.sort();
        let mut total: u64 = files.iter().map(|f| f.1).sum();
        for (_, size, path) in files {
            if total <= self.max_bytes {
                break;
            }
            fs::remove_file(path)?;
            total -= size;
        }
        Ok(())
    }
}

/// Marks a file as used now. A cache that cannot is a cache that forgets sooner, no more.
fn touch(path: &std::path::Path) {
    let now = rustix::fs::Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = rustix::fs::Timestamps {
        last_access: now,
        last_modification: now,
    };
    let _ = rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned(), 250);
        let set_age = |text: &str, seconds: i64| {
            let at = rustix::fs::Timespec {
                tv_sec: seconds,
                tv_nsec: 0,
            };
            let times = rustix::fs::Timestamps {
                last_access: at,
                last_modification: at,
            };
            rustix::fs::utimensat(
                rustix::fs::CWD,
                cache.path(text, "zh"),
                &times,
                rustix::fs::AtFlags::empty(),
            )
            .unwrap();
        };
        cache.put("一", "zh", &[1; 100]).unwrap();
        cache.put("二", "zh", &[2; 100]).unwrap();
        set_age("一", 1_000);
        set_age("二", 2_000);
        assert!(cache.get("一", "zh").is_some(), "used: now the younger one");
        cache.put("三", "zh", &[3; 100]).unwrap();
        assert!(cache.get("一", "zh").is_some() && cache.get("三", "zh").is_some());
        assert!(cache.get("二", "zh").is_none());
    }
}
