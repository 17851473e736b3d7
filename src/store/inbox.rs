//! The inbox: how a program beside the server (the command line) has something noted in the ledger or done by the server. It
//! puts a slip into a folder, durably; the server takes the slips in their order, answers, and only then throws them away. Knows
//! not what becomes of a slip.
//!
//! The journal has one writer. A slip that was put while the server is down waits until it is up; nothing that depends on slips
//! (a purge on holds) happens before they were taken.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use crate::kernel::{Event, Wall};

/// Slips that may wait.
const WAITING_MAX: usize = 10_000;
/// Longest slip, bytes.
const SLIP_MAX_BYTES: u64 = 64 << 10;
/// How long an answer that nobody fetches lies there.
const ANSWER_KEPT_MS: i64 = 3_600_000;

const ORDER: &str = ".order";
/// The server is at it: it cannot be withdrawn any more.
const TAKEN: &str = ".taken";
const ANSWER: &str = ".answer";
const PART: &str = ".part";

/// What is asked of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Note this: a look at a recording, a legal hold. The server takes no other kinds of events from here.
    Note {
        /// The event.
        event: Box<Event>,
    },
    /// Delete now the recordings whose time is over.
    Purge {
        /// Who says so.
        by: String,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was done.
    pub done: bool,
    /// What there is to say.
    pub text: String,
}

/// A slip as the server finds it.
#[derive(Debug)]
pub struct Slip {
    name: String,
    /// What it says; `Err`: it is no slip of ours.
    pub order: Result<Order, String>,
}

/// A slip that was put in.
#[derive(Debug)]
pub struct Receipt {
    dir: PathBuf,
    name: String,
}

/// The inbox of a data folder.
#[derive(Clone, Debug)]
pub struct Inbox {
    dir: PathBuf,
}

impl Inbox {
    /// The inbox of this data folder. Touches nothing yet.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("inbox"),
        }
    }

    /// Makes the folder, readable by its owner alone.
    pub fn prepare(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    /// Puts a slip in; it is durable when this returns.
    pub fn put(&self, at: Wall, order: &Order) -> io::Result<Receipt> {
        self.prepare()?;
        let mut random = [0; 8];
        OsRng.try_fill_bytes(&mut random).map_err(io::Error::other)?;
        let name = format!("{:013}-{:016x}", at.as_millis().max(0), u64::from_le_bytes(random));
        write(&self.dir, &name, ORDER, &serde_json::to_vec(order)?)?;
        Ok(Receipt {
            dir: self.dir.clone(),
            name,
        })
    }

    /// The slips that wait, the oldest first. Answers that nobody fetched within an hour go.
    pub fn waiting(&self, now: Wall) -> io::Result<Vec<Slip>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let Ok(file) = entry?.file_name().into_string() else {
                continue;
            };
            if let Some(name) = file.strip_suffix(ORDER) {
                names.push((name.to_owned(), ORDER));
            } else if let Some(name) = file.strip_suffix(TAKEN) {
                names.push((name.to_owned(), TAKEN)); // a kill came before the answer
            } else if let Some(name) = file.strip_suffix(ANSWER)
                && name
                    .get(..13)
                    .and_then(|ms| ms.parse::<i64>().ok())
                    .is_none_or(|ms| now.as_millis() - ms > ANSWER_KEPT_MS)
            {
                fs::remove_file(self.dir.join(&file))?;
            }
        }
        names.sort();
        names.truncate(WAITING_MAX);
        Ok(names
            .into_iter()
            .map(|(name, ending)| Slip {
                order: read(&self.dir.join(format!("{name}{ending}"))),
                name,
            })
            .collect())
    }

    /// Takes a slip to work on it. False: it was withdrawn.
    pub fn take(&self, slip: &Slip) -> io::Result<bool> {
        let taken = self.dir.join(format!("{}{TAKEN}", slip.name));
        match fs::rename(self.dir.join(format!("{}{ORDER}", slip.name)), &taken) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(taken.exists()),
            Err(error) => Err(error),
        }
    }

    /// Answers a slip that was taken and throws it away.
    pub fn answer(&self, slip: &Slip, answer: &Answer) -> io::Result<()> {
        write(&self.dir, &slip.name, ANSWER, &serde_json::to_vec(answer)?)?;
        fs::remove_file(self.dir.join(format!("{}{TAKEN}", slip.name)))?;
        sync(&self.dir)
    }
}

impl Receipt {
    /// The answer, if there is one; it is taken away then.
    pub fn answer(&self) -> io::Result<Option<Answer>> {
        let path = self.dir.join(format!("{}{ANSWER}", self.name));
        match fs::read(&path) {
            Ok(bytes) => {
                fs::remove_file(&path)?;
                Ok(Some(serde_json::from_slice(&bytes)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the slip back. False: the server has it already.
    pub fn withdraw(&self) -> io::Result<bool> {
        match fs::remove_file(self.dir.join(format!("{}{ORDER}", self.name))) {
            Ok(()) => sync(&self.dir).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn write(dir: &Path, name: &str, ending: &str, bytes: &[u8]) -> io::Result<()> {
    let part = dir.join(format!("{name}{ending}{PART}"));
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, dir.join(format!("{name}{ending}")))?;
    sync(dir)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn read(path: &Path) -> Result<Order, String> {
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length > SLIP_MAX_BYTES {
        return Err("it is too long".to_owned());
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    serde_json::from_slice(&bytes).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Wall {
        Wall::from_millis(1_790_000_000_000 + ms)
    }

    fn purge(by: &str) -> Order {
        Order::Purge { by: by.into() }
    }

    #[test]
    fn slips_are_taken_in_order_and_answered_once() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(dir.path());
        let second = inbox.put(at(2), &purge("b")).unwrap();
        let first = inbox.put(at(1), &purge("a")).unwrap();
        let waiting = inbox.waiting(at(3)).unwrap();
        let orders: Vec<_> = waiting.iter().map(|slip| slip.order.clone().unwrap()).collect();
        assert_eq!(orders, [purge("a"), purge("b")]);
        assert_eq!(first.answer().unwrap(), None);

        let answer = Answer {
            done: true,
            text: "nothing was past its time".into(),
        };
        assert!(inbox.take(&waiting[0]).unwrap());
        assert!(!first.withdraw().unwrap(), "the server has it");
        let again = inbox.waiting(at(3)).unwrap();
        assert_eq!(again[0].order, Ok(purge("a")), "as after a kill");
        assert!(inbox.take(&again[0]).unwrap());
        inbox.answer(&again[0], &answer).unwrap();
        assert_eq!(first.answer().unwrap(), Some(answer));
        assert_eq!(first.answer().unwrap(), None);
        assert!(second.withdraw().unwrap());
        assert!(!inbox.take(&waiting[1]).unwrap(), "it was withdrawn");
        assert!(inbox.waiting(at(4)).unwrap().is_empty());
        assert_eq!(fs::read_dir(dir.path().join("inbox")).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_slip_of_ours_is_told_and_an_old_answer_goes() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(dir.path());
        inbox.prepare().unwrap();
        let put = |name: &str, text: &str| fs::write(dir.path().join("inbox").join(name), text).unwrap();
        put("a.order", "{}");
        put("b.order", &"x".repeat(100_000));
        put("c.order.part", "half a slip");
        put(&format!("{:013}-1.answer", at(0).as_millis()), "{}");
        let waiting = inbox.waiting(at(ANSWER_KEPT_MS + 1)).unwrap();
        assert_eq!(waiting.len(), 2);
        assert!(waiting.iter().all(|slip| slip.order.is_err()));
        assert_eq!(fs::read_dir(dir.path().join("inbox")).unwrap().count(), 3);
    }
}
