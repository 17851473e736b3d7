//! What becomes of recordings that were cut off: all that is whole is kept, and they get their name. Knows neither the ledger nor
//! why they were cut off.

use std::io;
use std::path::Path;

use crate::media::recording::{Channels, HEADER_BYTES, channels_of, data_bytes_of, header};
use crate::store::disk::{Disk, DiskFile};

use super::fingerprint::{Fingerprint, Finished};
use super::frames::{self, Frames, Step};
use super::names::{Form, Place, locate, logical, walk};
use super::sealed::{BODY_AT, FRAME_EXTRA_BYTES, KeyRing, SLOT_BYTES, Vault, newest};

/// Completes one recording that was cut off, or looks up one that is complete: for a call whose `RecordingEnded` is missing.
///
/// # Errors
/// `NotFound`: there is none, or there was nothing in it. Others: it cannot be completed now; nothing was changed.
pub fn settle(disk: &dyn Disk, dir: &Path, file: &str, vault: &Vault) -> io::Result<Finished> {
    let (place, handle) = locate(disk, dir, file)?;
    let sound = match (place.complete, place.form) {
        (true, Form::Plain) => plain_sound(&*handle)?,
        (true, Form::Sealed) => sealed_sound(&*handle)?,
        (false, Form::Plain) => {
            let sound = complete_plain(&*handle)?;
            give_name(disk, &place, &*handle)?;
            sound
        }
        (false, Form::Sealed) => match complete_sealed(&*handle, &vault.ring())? {
            Some(sound) => {
                give_name(disk, &place, &*handle)?;
                sound
            }
            None => {
                // The power went before even its head was on the disk: there never was a sound.
                disk.remove(&place.path)?;
                return Err(io::ErrorKind::NotFound.into());
            }
        },
    };
    let duration_ms = sound.channels.duration_ms(sound.bytes);
    Fingerprint::begin(file.to_owned(), handle, place.form, duration_ms).take()
}

/// Completes all recordings that were cut off. One that cannot be completed is logged and left for the next start.
pub fn repair(disk: &dyn Disk, dir: &Path, vault: &Vault) -> io::Result<Vec<Finished>> {
    disk.create_dir(dir)?;
    let mut cut_off = Vec::new();
    walk(disk, dir, &mut |on_disk| {
        let (file, complete) = logical(on_disk);
        if !complete {
            cut_off.push(file.to_owned());
        }
    })?;
    let mut repaired = Vec::new();
    for file in cut_off {
        match settle(disk, dir, &file, vault) {
            Ok(finished) => repaired.push(finished),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(file, "an empty recording was removed")
            }
            Err(error) => tracing::error!(file, %error, "a recording cannot be repaired"),
        }
    }
    Ok(repaired)
}

/// How much sound a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sound {
    pub channels: Channels,
    pub bytes: u64,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn head<const N: usize>(handle: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let mut head = vec![0; N];
    let got = handle.read_at(&mut head, 0)?;
    head.truncate(got);
    Ok(head)
}

/// The sound of a WAV file of ours, complete or growing.
pub(super) fn plain_sound(handle: &dyn DiskFile) -> io::Result<Sound> {
    let head = head::<HEADER_BYTES>(handle)?;
    let whole_head = head.len() == HEADER_BYTES;
    let channels = channels_of(&head)
        .filter(|_| whole_head)
        .ok_or_else(|| damaged("this is no recording of ours"))?;
    let there = handle.len()?.saturating_sub(HEADER_BYTES as u64);
    let whole = there - there % u64::from(channels.count());
    let bytes = data_bytes_of(&head).map_or(whole, |counted| counted.min(whole));
    Ok(Sound { channels, bytes })
}

/// The sound of a complete sealed file, as its lengths tell it: no key is needed.
fn sealed_sound(handle: &dyn DiskFile) -> io::Result<Sound> {
    let head = head::<{ 2 * SLOT_BYTES }>(handle)?;
    let (_, envelope) = newest(&head).ok_or_else(|| damaged("the head of the file is not readable"))?;
    let mut frames = Frames::new(handle.len()?);
    loop {
        match frames.step(handle)? {
            Step::Chunk(_) => {}
            Step::End { .. } => {
                return Ok(Sound {
                    channels: envelope.channels,
                    bytes: frames.sound(),
                });
            }
            Step::Torn => return Err(damaged("the file is cut")),
        }
    }
}

fn complete_plain(handle: &dyn DiskFile) -> io::Result<Sound> {
    let length = handle.len()?;
    let sound = match plain_sound(handle) {
        // What a header counts may be less than there is: all is kept.
        Ok(sound) => Sound {
            bytes: length - HEADER_BYTES as u64,
            ..sound
        },
        // The header was durable before the first sound: without one there is no sound.
        Err(error) if error.kind() == io::ErrorKind::InvalidData && length <= HEADER_BYTES as u64 => Sound {
            channels: Channels::One,
            bytes: 0,
        },
        Err(error) => return Err(error),
    };
    handle.write_all_at(&header(sound.channels, sound.bytes), 0)?;
    Ok(sound)
}

/// Keeps all chunks that open, cuts off what is behind them, and writes the end. `None`: there is not even a head.
fn complete_sealed(handle: &dyn DiskFile, ring: &KeyRing) -> io::Result<Option<Sound>> {
    let length = handle.len()?;
    let Some((_, envelope)) = newest(&head::<{ 2 * SLOT_BYTES }>(handle)?) else {
        return match length <= BODY_AT {
            true => Ok(None),
            false => Err(damaged("the head of the file is not readable")),
        };
    };
    let cipher = envelope
        .open(ring)
        .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
    let mut frames = Frames::new(length);
    let mut buffer = Vec::new();
    let ended = loop {
        match frames.step(handle)? {
            Step::Chunk(chunk) => {
                if frames::read(handle, &cipher, &chunk, &mut buffer)?.is_none() {
                    frames.back_to(&chunk);
                    break false;
                }
            }
            Step::End { at } => break frames::is_end(handle, &cipher, frames.number(), at)?,
            Step::Torn => break false,
        }
    };
    let end_at = frames.at();
    if length > end_at + if ended { FRAME_EXTRA_BYTES as u64 } else { 0 } {
        handle.truncate(end_at)?;
    }
    // Written again if it was there: the same number and the same bytes.
    let mut end = Vec::new();
    let sealed = cipher.seal_end(frames.number(), &mut end);
    sealed.map_err(|_| io::Error::other("the end cannot be sealed"))?;
    handle.write_all_at(&end, end_at)?;
    Ok(Some(Sound {
        channels: envelope.channels,
        bytes: frames.sound(),
    }))
}

fn give_name(disk: &dyn Disk, place: &Place, handle: &dyn DiskFile) -> io::Result<()> {
    handle.sync()?;
    disk.rename(&place.path, &place.completed())?;
    place.path.parent().map_or(Ok(()), |folder| disk.sync_dir(folder))
}
