//! Hash functions and the request digest of RFC 7616 §3.4.1. Knows no header.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// Hash functions for digests, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashKind {
    /// Broken as a hash, but all that older phones and carriers know.
    Md5,
    /// RFC 8760.
    Sha256,
    /// RFC 8760; rare.
    Sha512T256,
}

/// An `algorithm` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Algorithm {
    /// The hash function.
    pub hash: HashKind,
    /// Whether the password's hash is bound to the first nonces (`-sess`).
    pub session: bool,
}

impl HashKind {
    /// The hash of `text`, as lower-case hexadecimal.
    pub fn hex(self, text: &[u8]) -> String {
        #[cfg(test)]
        work::done();
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512T256 => hex(&Sha512_256::digest(text)),
        }
    }
}

impl Algorithm {
    /// Plain MD5, which also is what no `algorithm` means.
    pub const MD5: Self = Self::plain(HashKind::Md5);
    /// Plain SHA-256.
    pub const SHA_256: Self = Self::plain(HashKind::Sha256);

    /// A hash without `-sess`.
    pub const fn plain(hash: HashKind) -> Self {
        Self { hash, session: false }
    }

    /// Reads a token, in any case. `None` if we do not know it.
    pub fn parse(token: &str) -> Option<Self> {
        let lower = token.to_ascii_lowercase();
        let (name, session) = match lower.strip_suffix("-sess") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let hash = match name {
            "md5" => HashKind::Md5,
            "sha-256" => HashKind::Sha256,
            "sha-512-256" => HashKind::Sha512T256,
            _unknown => return None,
        };
        Some(Self { hash, session })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.hash {
            HashKind::Md5 => "MD5",
            HashKind::Sha256 => "SHA-256",
            HashKind::Sha512T256 => "SHA-512-256",
        })?;
        f.write_str(if self.session { "-sess" } else { "" })
    }
}

/// `H(username:realm:password)`: what a server keeps instead of the password.
pub(super) fn ha1(hash: HashKind, username: &str, realm: &str, password: &str) -> String {
    hash.hex(format!("{username}:{realm}:{password}").as_bytes())
}

/// What a request digest covers besides the password.
pub(super) struct Covered<'a> {
    pub algorithm: Algorithm,
    pub method: &'a str,
    pub uri: &'a str,
    pub nonce: &'a str,
    /// Absent as in RFC 2069.
    pub qop: Option<Protection<'a>>,
    /// For `auth-int` only.
    pub body: &'a [u8],
}

/// The parameters that come with a `qop`.
#[derive(Clone, Copy)]
pub(super) struct Protection<'a> {
    pub qop: &'a str,
    /// Eight hexadecimal digits, as written.
    pub nc: &'a str,
    pub cnonce: &'a str,
}

/// The request digest (RFC 7616 §3.4.1–3.4.3).
pub(super) fn request_digest(ha1: &str, covered: &Covered<'_>) -> String {
    let Covered { method, uri, nonce, .. } = covered;
    let hash = covered.algorithm.hash;
    let cnonce = covered.qop.map_or("", |it| it.cnonce);
    let secret = if covered.algorithm.session {
        hash.hex(format!("{ha1}:{nonce}:{cnonce}").as_bytes())
    } else {
        ha1.to_owned()
    };
    let whole_body = covered.qop.is_some_and(|it| it.qop.eq_ignore_ascii_case("auth-int"));
    let ha2 = if whole_body {
        let body = hash.hex(covered.body);
        hash.hex(format!("{method}:{uri}:{body}").as_bytes())
    } else {
        hash.hex(format!("{method}:{uri}").as_bytes())
    };
    let text = match covered.qop {
        Some(Protection { qop, nc, cnonce }) => {
            format!("{secret}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}")
        }
        None => format!("{secret}:{nonce}:{ha2}"),
    };
    hash.hex(text.as_bytes())
}

/// A secret, made ready for HMAC-SHA-256 (RFC 2104): what is the same for every text is computed once.
#[derive(Clone)]
pub(super) struct Key {
    inner: Sha256,
    outer: Sha256,
}

impl Key {
    /// A key of these octets.
    pub fn new(secret: &[u8; 32]) -> Self {
        const BLOCK: usize = 64;
        let pad = |with: u8| {
            let mut block = [with; BLOCK];
            for (byte, key) in block.iter_mut().zip(secret) {
                *byte ^= key;
            }
            block
        };
        Self {
            inner: Sha256::new().chain_update(pad(0x36)),
            outer: Sha256::new().chain_update(pad(0x5c)),
        }
    }

    /// The code of a text that comes in parts.
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        #[cfg(test)]
        work::done();
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        self.outer.clone().chain_update(inner.finalize()).finalize().into()
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// How much has been hashed, for tests that compare work where a clock would only guess.
#[cfg(test)]
pub(in crate::sip) mod work {
    use std::cell::Cell;

    thread_local!(static HASHES: Cell<u32> = const { Cell::new(0) });

    pub(super) fn done() {
        HASHES.set(HASHES.get() + 1);
    }

    /// Hashes that `f` computed on this thread.
    pub fn of<T>(f: impl FnOnce() -> T) -> (T, u32) {
        let before = HASHES.get();
        let result = f();
        (result, HASHES.get() - before)
    }
}
