//! A recording read as a WAV file, whatever form it is kept in and also while it grows: any part of it, for whoever plays it.
//! Knows not who may hear it.
//!
//! A reader shows the recording as it was when it was opened: its length and its header do not change under way. Whoever wants
//! what came since opens it again.

use std::io::{self, Write};
use std::path::Path;

use crate::kernel::Law;
use crate::media::g711;
use crate::media::recording::{header, linear_header};
use crate::store::disk::{Disk, DiskFile};

use super::frames::{self, Chunk, Frames, Step};
use super::names::{Form, Place, locate};
use super::repair::{Sound, plain_sound};
use super::sealed::{BODY_AT, Cipher, FRAME_EXTRA_BYTES, SlotError, Vault, newest};

/// Bytes that are copied at once.
const COPY_BYTES: usize = 1 << 16;

/// How samples are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Samples {
    /// A-law, as they are kept.
    #[default]
    ALaw,
    /// 16-bit linear, for programs that know no A-law.
    Linear,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none of this name.
    #[error("there is no such recording")]
    NotFound,
    /// Its key is not to be had.
    #[error("it cannot be decrypted: {0}")]
    Key(#[from] SlotError),
    /// It is not what was recorded.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The disk failed.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput => Self::NotFound,
            io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

/// An open recording.
pub struct Reader {
    handle: Box<dyn DiskFile>,
    place: Place,
    samples: Samples,
    sound: Sound,
    head: Vec<u8>,
    sealed: Option<Sealed>,
}

struct Sealed {
    cipher: Cipher,
    chunks: Vec<Chunk>,
    /// The chunk whose sound is in the buffer.
    opened: Option<usize>,
    buffer: Vec<u8>,
}

impl Reader {
    /// Opens a recording by the name that the ledger has.
    pub fn open(disk: &dyn Disk, dir: &Path, file: &str, vault: &Vault, samples: Samples) -> Result<Self, ReadError> {
        let (place, handle) = locate(disk, dir, file)?;
        let (sound, sealed) = match place.form {
            Form::Plain => (plain_sound(&*handle)?, None),
            Form::Sealed => {
                let (sound, sealed) = Sealed::open(&*handle, place.complete, vault)?;
                (sound, Some(sealed))
            }
        };
        let head = match samples {
            Samples::ALaw => header(sound.channels, sound.bytes).to_vec(),
            Samples::Linear => linear_header(sound.channels, sound.bytes).to_vec(),
        };
        Ok(Self {
            handle,
            place,
            samples,
            sound,
            head,
            sealed,
        })
    }

    /// Length of the WAV file, bytes.
    pub fn len(&self) -> u64 {
        self.head.len() as u64 + self.sound.bytes * self.bytes_per_sample() as u64
    }

    /// Never: a WAV file has a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// False while it grows.
    pub fn is_complete(&self) -> bool {
        self.place.complete
    }

    /// How it is kept.
    pub fn form(&self) -> Form {
        self.place.form
    }

    /// Number of channels.
    pub fn channels(&self) -> u16 {
        self.sound.channels.count()
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.sound.channels.duration_ms(self.sound.bytes)
    }

    /// Fills `into` from `offset` of the WAV file as far as it goes; tells how far.
    pub fn read_at(&mut self, into: &mut [u8], offset: u64) -> Result<usize, ReadError> {
        let mut done = 0;
        while done < into.len() {
            let got = self.piece(&mut into[done..], offset + done as u64)?;
            if got == 0 {
                break;
            }
            done += got;
        }
        Ok(done)
    }

    /// Writes the whole WAV file.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> Result<(), ReadError> {
        let mut buffer = vec![0; COPY_BYTES];
        let mut at = 0;
        loop {
            let got = self.read_at(&mut buffer, at)?;
            if got == 0 {
                return Ok(());
            }
            out.write_all(&buffer[..got]).map_err(ReadError::Io)?;
            at += got as u64;
        }
    }

    const fn bytes_per_sample(&self) -> usize {
        match self.samples {
            Samples::ALaw => 1,
            Samples::Linear => 2,
        }
    }

    /// Some bytes from here on: of the header, or of one chunk. 0: the end.
    fn piece(&mut self, into: &mut [u8], offset: u64) -> Result<usize, ReadError> {
        let Some(behind) = offset.checked_sub(self.head.len() as u64) else {
            let from = usize::try_from(offset).unwrap_or_default(); // inside the header
            let n = into.len().min(self.head.len() - from);
            into[..n].copy_from_slice(&self.head[from..from + n]);
            return Ok(n);
        };
        match self.samples {
            Samples::ALaw => self.sound(into, behind),
            Samples::Linear => {
                let odd = usize::from(!behind.is_multiple_of(2));
                let mut octets = [0; 4_096];
                let wanted = (into.len() + odd).div_ceil(2).min(octets.len());
                let got = self.sound(&mut octets[..wanted], behind / 2)?;
                let linear = octets[..got]
                    .iter()
                    .flat_map(|octet| g711::decode(Law::A, *octet).to_le_bytes());
                Ok(into
                    .iter_mut()
                    .zip(linear.skip(odd))
                    .map(|(to, byte)| *to = byte)
                    .count())
            }
        }
    }

    /// Some A-law from here on; 0: the end.
    fn sound(&mut self, into: &mut [u8], at: u64) -> Result<usize, ReadError> {
        let left = usize::try_from(self.sound.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = into.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let Some(sealed) = &mut self.sealed else {
            let got = self
                .handle
                .read_at(&mut into[..wanted], crate::media::recording::HEADER_BYTES as u64 + at)?;
            return match got {
                0 => Err(ReadError::Damaged("it was cut while it was read".into())),
                got => Ok(got),
            };
        };
        let (chunk, sound) = sealed.at(&*self.handle, at)?;
        let from = usize::try_from(at - chunk.sound_at).unwrap_or_default(); // inside the chunk
        let n = wanted.min(sound.len() - from);
        into[..n].copy_from_slice(&sound[from..from + n]);
        Ok(n)
    }
}

impl Sealed {
    fn open(handle: &dyn DiskFile, complete: bool, vault: &Vault) -> Result<(Sound, Self), ReadError> {
        let mut head = vec![0; usize::try_from(BODY_AT).unwrap_or_default()];
        let got = handle.read_at(&mut head, 0)?;
        let (_, envelope) = newest(&head[..got]).ok_or(SlotError::Unreadable)?;
        let mut sealed = Self {
            cipher: envelope.open(&vault.ring())?,
            chunks: Vec::new(),
            opened: None,
            buffer: Vec::new(),
        };
        let length = handle.len()?;
        let mut frames = Frames::new(length);
        loop {
            match frames.step(handle)? {
                Step::Chunk(chunk) => sealed.chunks.push(chunk),
                Step::End { at } => {
                    let last = frames.at() + FRAME_EXTRA_BYTES as u64 == length;
                    if !last || !frames::is_end(handle, &sealed.cipher, frames.number(), at)? {
                        return Err(ReadError::Damaged("its end is not its own".into()));
                    }
                    break;
                }
                Step::Torn if complete => return Err(ReadError::Damaged("it was cut".into())),
                Step::Torn => {
                    // The last chunk may be half written at this moment.
                    if let Some(last) = sealed.chunks.last().copied()
                        && sealed.read(handle, sealed.chunks.len() - 1).is_err()
                    {
                        sealed.chunks.pop();
                        frames.back_to(&last);
                    }
                    break;
                }
            }
        }
        let sound = Sound {
            channels: envelope.channels,
            bytes: frames.sound(),
        };
        Ok((sound, sealed))
    }

    /// The chunk in which this octet of sound is, and its sound.
    fn at(&mut self, handle: &dyn DiskFile, at: u64) -> Result<(Chunk, &[u8]), ReadError> {
        let index = self
            .chunks
            .partition_point(|chunk| chunk.sound_at <= at)
            .saturating_sub(1);
        if self.opened != Some(index) {
            self.read(handle, index)?;
        }
        match self.chunks.get(index) {
            Some(chunk) => Ok((*chunk, &self.buffer[..chunk.sound_bytes])),
            None => Err(ReadError::Damaged("it has no sound".into())),
        }
    }

    fn read(&mut self, handle: &dyn DiskFile, index: usize) -> Result<(), ReadError> {
        self.opened = None;
        let Some(chunk) = self.chunks.get(index) else {
            return Err(ReadError::NotFound);
        };
        match frames::read(handle, &self.cipher, chunk, &mut self.buffer)? {
            Some(_) => self.opened = Some(index),
            None => return Err(ReadError::Damaged(format!("chunk {index} is not what was recorded"))),
        }
        Ok(())
    }
}
