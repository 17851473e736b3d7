//! One recording that grows, plain or sealed: what is written at its beginning, with each flush, and at its end. Knows no thread;
//! syncs nothing by itself, because many recordings are synced together.

use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::media::recording::{Channels, HEADER_BYTES, header, open_header};
use crate::store::disk::{Disk, DiskFile};

use super::fingerprint::{Fingerprint, Finished, hex};
use super::names::{Form, Place, places};
use super::sealed::{BODY_AT, CHUNK_MAX_BYTES, Cipher, Envelope, KeyRing, SLOT_BYTES};

/// A recording that grows.
pub(super) struct Growing {
    file: String,
    place: Place,
    handle: Box<dyn DiskFile>,
    channels: Channels,
    /// Bytes of sound.
    sound: u64,
    body: Body,
}

enum Body {
    /// The sound stands behind the header as it came.
    Plain,
    Sealed(Box<Sealing>),
}

struct Sealing {
    cipher: Cipher,
    /// Number of the next chunk, and where it goes.
    next: u64,
    at: u64,
    hasher: Sha256,
}

impl Growing {
    /// Makes the file with a header that is good until the end; sealed if there is a key. Fails if the name is not safe or is
    /// taken. The folder must be there.
    pub(super) fn create(
        disk: &dyn Disk,
        dir: &Path,
        file: &str,
        channels: Channels,
        ring: &KeyRing,
    ) -> io::Result<Self> {
        let [plain, sealed, plain_part, sealed_part] = places(dir, file)?;
        for taken in [&plain, &sealed, &plain_part, &sealed_part] {
            match disk.open(&taken.path) {
                Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let (place, head, body) = match ring.current() {
            None => (plain_part, open_header(channels).to_vec(), Body::Plain),
            Some(master) => {
                let (envelope, cipher) = Envelope::create(master, channels).map_err(io::Error::other)?;
                let mut head = envelope.encode().to_vec();
                head.resize(2 * SLOT_BYTES, 0);
                let sealing = Sealing {
                    cipher,
                    next: 0,
                    at: BODY_AT,
                    hasher: Sha256::new(),
                };
                (sealed_part, head, Body::Sealed(Box::new(sealing)))
            }
        };
        let handle = disk.create(&place.path, 0)?;
        handle.write_all_at(&head, 0)?;
        Ok(Self {
            file: file.to_owned(),
            place,
            handle,
            channels,
            sound: 0,
            body,
        })
    }

    /// Adds sound. After an error nothing more must be added, but the recording can be ended. `scratch` is for the sealing.
    pub(super) fn write(&mut self, sound: &[u8], scratch: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.body {
            Body::Plain => self.handle.write_all_at(sound, HEADER_BYTES as u64 + self.sound)?,
            Body::Sealed(sealing) => {
                scratch.clear();
                let mut next = sealing.next;
                for chunk in sound.chunks(CHUNK_MAX_BYTES) {
                    let sealed = sealing.cipher.seal(next, chunk, scratch);
                    sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
                    next += 1;
                }
                self.handle.write_all_at(scratch, sealing.at)?;
                sealing.next = next;
                sealing.took(scratch);
            }
        }
        self.sound += sound.len() as u64;
        Ok(())
    }

    /// Makes durable what was written. Must not be tried again after an error.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync()
    }

    /// Writes what a complete file has: sizes, or the end. Whole frames that a failed write has left behind count as well.
    pub(super) fn end(&mut self, scratch: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.body {
            Body::Plain => {
                self.sound = self.handle.len()?.saturating_sub(HEADER_BYTES as u64);
                self.handle.write_all_at(&header(self.channels, self.sound), 0)
            }
            Body::Sealed(sealing) => {
                if self.handle.len()? > sealing.at {
                    self.handle.truncate(sealing.at)?; // what a failed write has left: half a chunk opens nowhere
                }
                scratch.clear();
                let sealed = sealing.cipher.seal_end(sealing.next, scratch);
                sealed.map_err(|_| io::Error::other("the end cannot be sealed"))?;
                self.handle.write_all_at(scratch, sealing.at)?;
                sealing.took(scratch);
                Ok(())
            }
        }
    }

    /// Gives the file its name. The folder is not synced.
    pub(super) fn name(&mut self, disk: &dyn Disk) -> io::Result<()> {
        let complete = self.place.completed();
        disk.rename(&self.place.path, &complete)?;
        self.place.path = complete;
        self.place.complete = true;
        Ok(())
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> &Path {
        self.place.path.parent().unwrap_or(Path::new(""))
    }

    /// Its fingerprint, to be worked out piece by piece; a sealed file's is there already.
    pub(super) fn fingerprint(self) -> Fingerprint {
        let duration_ms = self.channels.duration_ms(self.sound);
        match self.body {
            Body::Plain => Fingerprint::begin(self.file, self.handle, Form::Plain, duration_ms),
            Body::Sealed(sealing) => Fingerprint::Known(Finished {
                file: self.file,
                duration_ms,
                sha256: hex(sealing.hasher),
            }),
        }
    }
}

impl Sealing {
    fn took(&mut self, written: &[u8]) {
        self.at += written.len() as u64;
        self.hasher.update(written);
    }
}
