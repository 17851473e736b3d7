//! Master keys: read from a file that only its owner may read, named by id, never shown. Knows no recording.
//!
//! One key a line, `ID 64 hex digits`; the first seals what is new, the others only open what they sealed. So a key is changed
//! by writing a new first line, re-wrapping, and taking the old line out.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fs, io};

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

/// Length of a key, bytes.
pub const KEY_BYTES: usize = 32;
/// Longest id of a key, bytes: its place in a file's header.
pub const KEY_ID_MAX_BYTES: usize = 32;
/// Most keys in one file.
const KEYS_MAX: usize = 64;

/// Why there are no keys. Says never what a line holds.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{path}: the keys of the recordings cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{path}: others may read the keys of the recordings (mode {mode:o}); chmod 600 it")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line is no key.
    #[error("{path}:{line}: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The configuration demands encryption and names no key.
    #[error("recordings must be encrypted (recordings.encrypt), and recordings.key_file names no key")]
    Required,
}

/// One master key.
pub(crate) struct MasterKey {
    pub id: String,
    pub key: LessSafeKey,
}

/// Several, by id.
#[derive(Default)]
pub(crate) struct KeyRing {
    current: Option<Arc<MasterKey>>,
    all: BTreeMap<String, Arc<MasterKey>>,
}

impl KeyRing {
    /// The one that seals what is new; `None`: nothing is sealed.
    pub(crate) fn current(&self) -> Option<&MasterKey> {
        self.current.as_deref()
    }

    /// The one of that name.
    pub(crate) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.all.get(id).map(|key| &**key)
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open {
                path: path.to_owned(),
                mode,
            });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        Self::parse(&text).map_err(|(line, what)| KeyError::Line {
            path: path.to_owned(),
            line,
            what,
        })
    }

    /// Empty lines and those that begin with `#` are passed over.
    fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut ring = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = Arc::new(master_key(line).map_err(|what| (number, what))?);
            if ring.all.len() == KEYS_MAX {
                return Err((number, "too many keys"));
            }
            if ring.all.insert(key.id.clone(), key.clone()).is_some() {
                return Err((number, "a second key of this id"));
            }
            ring.current.get_or_insert(key);
        }
        match ring.current {
            Some(_) => Ok(ring),
            None => Err((
                1,
                "there is no key in this file; wanted are lines of: ID, a space, 64 hex digits",
            )),
        }
    }
}

fn master_key(line: &str) -> Result<MasterKey, &'static str> {
    const SHAPE: &str = "wanted is: ID, a space, 64 hex digits";
    let (id, hex) = line.split_once(char::is_whitespace).ok_or(SHAPE)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if id.len() > KEY_ID_MAX_BYTES || !id.bytes().all(plain) {
        return Err("an id has 1 to 32 letters, digits, '-', '_' or '.'");
    }
    let hex = hex.trim().as_bytes();
    if hex.len() != 2 * KEY_BYTES {
        return Err(SHAPE);
    }
    let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            return Err(SHAPE);
        };
        *byte = u8::try_from(high << 4 | low).unwrap_or_default(); // two hex digits always fit
    }
    if bytes.iter().all(|b| *b == bytes[0]) {
        return Err("this is no random key");
    }
    let key = aead_key(&bytes).ok_or(SHAPE)?;
    Ok(MasterKey { id: id.to_owned(), key })
}

/// A key as the cipher wants it.
pub(crate) fn aead_key(bytes: &[u8; KEY_BYTES]) -> Option<LessSafeKey> {
    // The length is right, so this is always a key.
    UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new)
}

/// The keys of the recordings, shared by all who write and read them. Without any, recordings are plain WAV files.
pub struct Vault {
    path: Option<PathBuf>,
    ring: RwLock<Arc<KeyRing>>,
}

impl Vault {
    /// No keys: what is new is written plain, and what is sealed stays closed.
    pub fn plain() -> Self {
        Self {
            path: None,
            ring: RwLock::default(),
        }
    }

    /// The keys of a file, or none.
    ///
    /// # Errors
    /// [`KeyError`], also if there is no file and encryption is `required`.
    pub fn open(key_file: Option<&Path>, required: bool) -> Result<Self, KeyError> {
        match key_file {
            None if required => Err(KeyError::Required),
            None => Ok(Self::plain()),
            Some(path) => Ok(Self {
                ring: RwLock::new(Arc::new(KeyRing::load(path)?)),
                path: Some(path.to_owned()),
            }),
        }
    }

    /// Reads the file again. After an error the old keys stay in force.
    pub fn reload(&self) -> Result<(), KeyError> {
        if let Some(path) = &self.path {
            let ring = Arc::new(KeyRing::load(path)?);
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        }
        Ok(())
    }

    /// Id of the key that seals what is new; `None`: it is written plain.
    pub fn current_key(&self) -> Option<String> {
        self.ring().current().map(|key| key.id.clone())
    }

    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For tests: these lines as a key file.
    #[cfg(test)]
    pub(crate) fn of(lines: &str) -> Arc<Self> {
        Arc::new(Self {
            path: None,
            ring: RwLock::new(Arc::new(KeyRing::parse(lines).unwrap())),
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.ring().all.keys().cloned().collect();
        f.debug_struct("Vault").field("keys", &ids).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "2026a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const B: &str = "2026b 000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1eff";

    fn wrong(text: &str) -> (usize, &'static str) {
        KeyRing::parse(text).err().unwrap()
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let ring = KeyRing::parse(&format!("# made in May\n\n{B}\n{A}\n")).unwrap();
        assert_eq!(ring.current().unwrap().id, "2026b");
        assert!(ring.find("2026a").is_some() && ring.find("2025").is_none());
    }

    #[test]
    fn a_line_that_is_no_key_is_named_and_not_shown() {
        assert_eq!(wrong("").0, 1);
        assert_eq!(wrong(&format!("{A}\nsecret")).0, 2);
        assert_eq!(wrong(&format!("{A}\n{A}")), (2, "a second key of this id"));
        assert_eq!(wrong("a 00ff").0, 1);
        assert_eq!(wrong(&format!("a/b {}", "0f".repeat(32))).0, 1);
        assert_eq!(wrong(&format!("a {}g", &"0f".repeat(32)[1..])).0, 1);
        assert_eq!(wrong(&format!("a {}", "00".repeat(32))).1, "this is no random key");
        let many: String = (0..=KEYS_MAX).map(|n| format!("k{n} {:064x}\n", n + 1)).collect();
        assert_eq!(wrong(&many), (KEYS_MAX + 1, "too many keys"));
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        fs::write(&path, A).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            Vault::open(Some(&path), false),
            Err(KeyError::Open { mode: 0o644, .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let vault = Vault::open(Some(&path), true).unwrap();
        assert_eq!(vault.current_key().as_deref(), Some("2026a"));
        assert!(!format!("{vault:?}").contains("0001"));

        fs::write(&path, format!("{B}\n{A}")).unwrap();
        vault.reload().unwrap();
        assert_eq!(vault.current_key().as_deref(), Some("2026b"));
        fs::write(&path, "damaged").unwrap();
        let error = vault.reload().unwrap_err().to_string();
        assert!(error.contains(":1:") && !error.contains("damaged"), "{error}");
        assert_eq!(vault.current_key().as_deref(), Some("2026b"), "the old ones stay");
    }

    #[test]
    fn what_must_be_encrypted_needs_a_key() {
        assert!(matches!(Vault::open(None, true), Err(KeyError::Required)));
        assert_eq!(Vault::open(None, false).unwrap().current_key(), None);
        let missing = Vault::open(Some(Path::new("no/such/file")), false);
        assert!(matches!(missing, Err(KeyError::Unreadable { .. })));
    }
}
