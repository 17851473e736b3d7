//! The chunks of a sealed file in their order, found by their lengths. Opens none: what it finds is to be believed only as far as
//! the cipher says.

use std::io;

use crate::store::disk::DiskFile;

use super::sealed::{BODY_AT, Cipher, LENGTH_BYTES, TAG_BYTES, frame_bytes};

/// One chunk's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub number: u64,
    /// Where its sealed sound begins in the file.
    pub at: u64,
    /// Bytes of sound before it.
    pub sound_at: u64,
    /// Bytes of sound in it.
    pub sound_bytes: usize,
}

/// What comes next in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Chunk(Chunk),
    /// The end, its tag at this place.
    End {
        at: u64,
    },
    /// Nothing whole: the file is still growing, or was cut.
    Torn,
}

/// A way through a file.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    number: u64,
    at: u64,
    sound: u64,
    file_bytes: u64,
}

impl Frames {
    /// From the first chunk on, in a file of this length.
    pub(super) fn new(file_bytes: u64) -> Self {
        Self {
            number: 0,
            at: BODY_AT,
            sound: 0,
            file_bytes,
        }
    }

    /// What stands here; goes on behind it if it is a chunk.
    pub(super) fn step(&mut self, handle: &dyn DiskFile) -> io::Result<Step> {
        let mut length = [0; LENGTH_BYTES];
        let got = handle.read_at(&mut length, self.at)?;
        let length = u32::from_le_bytes(length);
        let whole = frame_bytes(length).filter(|bytes| got == LENGTH_BYTES && self.at + bytes <= self.file_bytes);
        let Some(bytes) = whole else {
            return Ok(Step::Torn);
        };
        let at = self.at + LENGTH_BYTES as u64;
        if length == 0 {
            return Ok(Step::End { at });
        }
        let chunk = Chunk {
            number: self.number,
            at,
            sound_at: self.sound,
            sound_bytes: usize::try_from(length).unwrap_or_default(), // at most a second of sound
        };
        self.number += 1;
        self.at += bytes;
        self.sound += u64::from(length);
        Ok(Step::Chunk(chunk))
    }

    /// Number of the chunk that would come here: how many there were.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Where the next one begins.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes of sound so far.
    pub(super) fn sound(&self) -> u64 {
        self.sound
    }

    /// Goes back to before this chunk.
    pub(super) fn back_to(&mut self, chunk: &Chunk) {
        self.number = chunk.number;
        self.at = chunk.at - LENGTH_BYTES as u64;
        self.sound = chunk.sound_at;
    }
}

/// Reads a chunk and opens it; `None`: it is not what it should be.
pub(super) fn read<'a>(
    handle: &dyn DiskFile,
    cipher: &Cipher,
    chunk: &Chunk,
    buffer: &'a mut Vec<u8>,
) -> io::Result<Option<&'a [u8]>> {
    buffer.resize(chunk.sound_bytes + TAG_BYTES, 0);
    let got = handle.read_at(buffer, chunk.at)?;
    Ok(cipher.open(chunk.number, &mut buffer[..got]).ok())
}

/// Whether the end at this place is that of a file of so many chunks.
pub(super) fn is_end(handle: &dyn DiskFile, cipher: &Cipher, chunks: u64, at: u64) -> io::Result<bool> {
    let mut tag = [0; TAG_BYTES];
    let got = handle.read_at(&mut tag, at)?;
    Ok(cipher.is_end(chunks, &tag[..got]))
}
