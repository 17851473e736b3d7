//! Which passwords keep anybody out, and how one is made. Keeps none.

use std::collections::BTreeSet;

use rand::{TryRngCore, rngs::OsRng};

/// Shortest password of a telephone, characters.
pub const PASSWORD_MIN_CHARS: usize = 10;
/// Longest.
pub const PASSWORD_MAX_CHARS: usize = 128;
/// Length of one that we make, characters: 95 bits.
const MADE_CHARS: usize = 16;
/// What one that we make is made of: nothing that is taken for something else on a telephone's small screen.
const MADE_OF: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz2345678";
/// Fewest different characters.
const DIFFERENT_MIN: usize = 5;
/// What everybody tries first; also as the greater part of something longer.
const GUESSED: [&str; 14] = [
    "1234567890",
    "123456",
    "654321",
    "112233",
    "888888",
    "666666",
    "password",
    "passw0rd",
    "qwerty",
    "abc123",
    "admin",
    "yihao",
    "12345",
    "1234",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short, or longer than a telephone takes.
    #[error("密码须为 10 至 128 个字符 (10 to 128 characters)")]
    Length,
    /// Something that telephones cannot be told, or that ends a line.
    #[error("密码只能用英文字母、数字和符号，不含空格 (ASCII without spaces)")]
    Characters,
    /// Little more than the account's name.
    #[error("密码不能由账号组成 (made of the account's name)")]
    Name,
    /// The same few characters again and again.
    #[error("密码中不同的字符太少 (too few different characters)")]
    Repeats,
    /// One of those that everybody tries first.
    #[error("密码过于常见 (among the first that anybody tries)")]
    Common,
}

/// Whether a password keeps anybody out. A telephone that a stranger registers as rings in an agent's place.
///
/// # Errors
/// Why not.
pub fn check_password(account: &str, password: &str) -> Result<(), Weak> {
    let lower = password.to_lowercase();
    let chars = password.chars().count();
    // A word that is nearly all of it leaves too little to guess.
    let rest = |word: &str| lower.replace(word, "").chars().count() + 2;
    if !password.chars().all(|c| c.is_ascii_graphic()) {
        Err(Weak::Characters)
    } else if !(PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS).contains(&chars) {
        Err(Weak::Length)
    } else if rest(&account.to_lowercase()) < PASSWORD_MIN_CHARS {
        Err(Weak::Name)
    } else if lower.chars().collect::<BTreeSet<_>>().len() < DIFFERENT_MIN {
        Err(Weak::Repeats)
    } else if GUESSED.iter().any(|word| rest(word) < PASSWORD_MIN_CHARS) {
        Err(Weak::Common)
    } else {
        Ok(())
    }
}

/// A password that nobody guesses. A secret is the one thing that must not come from a seeded generator.
///
/// # Errors
/// The system has no randomness.
pub fn generate_password() -> std::io::Result<String> {
    let mut made = String::with_capacity(MADE_CHARS);
    while made.len() < MADE_CHARS {
        let mut byte = [0];
        OsRng.try_fill_bytes(&mut byte).map_err(std::io::Error::other)?;
        // Of 256 the first 224 fall evenly on 56.
        if let Some(byte) = byte.first().filter(|byte| **byte < 224) {
            made.push(char::from(MADE_OF[usize::from(byte % 56)]));
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for (password, why) in [
            ("", Weak::Length),
            ("pw", Weak::Length),
            ("1234", Weak::Length),
            ("8001", Weak::Length),
            ("80018001", Weak::Length),
            ("8001-8001-8001", Weak::Name),
            ("1234567890", Weak::Common),
            ("Password123", Weak::Common),
            ("aaaaaaaaaaaa", Weak::Repeats),
            ("with space and more", Weak::Characters),
            ("line\r\nbreak-and-more", Weak::Characters),
            ("密码密码密码密码密码", Weak::Characters),
        ] {
            assert_eq!(check_password("8001", password), Err(why), "{password:?}");
        }
        assert_eq!(check_password("8001", "kV9-pq2!xTz7"), Ok(()));
    }

    #[test]
    fn what_we_make_is_good_and_never_the_same() {
        let made: BTreeSet<String> = (0..100).map(|_| generate_password().unwrap()).collect();
        assert_eq!(made.len(), 100);
        assert!(made.iter().all(|it| check_password("8001", it).is_ok()));
    }
}
