//! The admin token: a file that only its owner may read, made at the first start. There is no default one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand::TryRngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::http::TokenError;

/// Random bytes in a token that we make.
const RANDOM_BYTES: usize = 32;
/// Shortest token that an operator may choose, characters.
const MIN_CHARS: usize = 20;

/// The token in memory.
#[derive(Debug)]
pub struct Token(Secret);

impl Token {
    /// Reads the file, or makes it with mode 0600 if it does not exist. Refuses one that others may read.
    pub fn load_or_create(path: &Path) -> Result<Self, TokenError> {
        let failed = |cause| TokenError::File {
            path: path.to_owned(),
            cause,
        };
        match fs::metadata(path) {
            Ok(metadata) => {
                let mode = metadata.permissions().mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(TokenError::Open {
                        path: path.to_owned(),
                        mode,
                    });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let text = text.trim();
        if text.len() < MIN_CHARS {
            return Err(TokenError::Short {
                path: path.to_owned(),
                min: MIN_CHARS,
            });
        }
        Ok(Self(Secret::new(text)))
    }

    /// Compares in a time that does not tell how much was right.
    pub fn matches(&self, given: &str) -> bool {
        self.0.expose().as_bytes().ct_eq(given.as_bytes()).into()
    }
}

fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A secret is the one thing that must not come from a seeded generator.
    let mut random = [0u8; RANDOM_BYTES];
    OsRng.try_fill_bytes(&mut random).map_err(io::Error::other)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/admin-token");
        let made = Token::load_or_create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), RANDOM_BYTES * 2);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(made.matches(text.trim()) && !made.matches("") && !made.matches(&text));
        assert!(Token::load_or_create(&path).unwrap().matches(text.trim()));
        assert!(!format!("{made:?}").contains(text.trim()));
    }

    #[test]
    fn a_token_that_others_may_read_or_anyone_may_guess_refuses_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin-token");
        fs::write(&path, "0123456789012345678901234567890").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Token::load_or_create(&path),
            Err(TokenError::Open { mode: 0o640, .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Token::load_or_create(&path).is_ok());
        fs::write(&path, "admin").unwrap();
        assert!(matches!(Token::load_or_create(&path), Err(TokenError::Short { .. })));
    }
}
