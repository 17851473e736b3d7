//! Chunks of sealed sound. Knows neither where they lie nor whose key it is.

use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::media::recording::Channels;

use super::slot::FILE_ID_BYTES;

/// Length of a chunk's tag.
pub const TAG_BYTES: usize = 16;
/// Length of a chunk's length.
pub const LENGTH_BYTES: usize = 4;
/// What a chunk takes on the disk besides its sound.
pub const FRAME_EXTRA_BYTES: usize = LENGTH_BYTES + TAG_BYTES;
/// Most sound in one chunk: one second of two channels. A flush usually brings 0.7 seconds.
pub const CHUNK_MAX_BYTES: usize = 16_000;

const AAD_BYTES: usize = FILE_ID_BYTES + 1 + 8 + 1;

/// Sound, or the end of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sound = 0,
    End = 1,
}

/// Seals and opens the chunks of one file.
pub struct Cipher {
    key: LessSafeKey,
    file_id: [u8; FILE_ID_BYTES],
    channels: Channels,
}

/// The cipher refused: a chunk was changed, is elsewhere than it was, or is torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Cipher {
    pub(super) fn new(key: LessSafeKey, file_id: [u8; FILE_ID_BYTES], channels: Channels) -> Self {
        Self { key, file_id, channels }
    }

    /// Appends chunk `number` to `out` as it stands in the file. Must not be called twice for one number with other sound.
    pub fn seal(&self, number: u64, sound: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        if sound.is_empty() || sound.len() > CHUNK_MAX_BYTES {
            return Err(Refused);
        }
        self.seal_any(number, Kind::Sound, sound, out)
    }

    /// Appends the end of a file of `chunks` chunks.
    pub fn seal_end(&self, chunks: u64, out: &mut Vec<u8>) -> Result<(), Refused> {
        self.seal_any(chunks, Kind::End, &[], out)
    }

    fn seal_any(&self, number: u64, kind: Kind, sound: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        let length = u32::try_from(sound.len()).map_err(|_| Refused)?;
        out.extend_from_slice(&length.to_le_bytes());
        let at = out.len();
        out.extend_from_slice(sound);
        let (nonce, aad) = self.bound(number, kind);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, aad, &mut out[at..])
            .map_err(|_| Refused)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens chunk `number` in place: its sound and tag, without the length before it. Gives the sound.
    pub fn open<'a>(&self, number: u64, sealed: &'a mut [u8]) -> Result<&'a [u8], Refused> {
        self.open_any(number, Kind::Sound, sealed)
    }

    /// Whether this tag is the end of a file of `chunks` chunks.
    pub fn is_end(&self, chunks: u64, tag: &[u8]) -> bool {
        let mut tag = tag.to_vec();
        self.open_any(chunks, Kind::End, &mut tag).is_ok()
    }

    fn open_any<'a>(&self, number: u64, kind: Kind, sealed: &'a mut [u8]) -> Result<&'a [u8], Refused> {
        let (nonce, aad) = self.bound(number, kind);
        self.key
            .open_in_place(nonce, aad, sealed)
            .map(|sound| &*sound)
            .map_err(|_| Refused)
    }

    /// Nonce and associated data of a chunk.
    fn bound(&self, number: u64, kind: Kind) -> (Nonce, Aad<[u8; AAD_BYTES]>) {
        let mut nonce = [0; NONCE_LEN];
        nonce[0] = kind as u8;
        nonce[4..].copy_from_slice(&number.to_le_bytes());
        let mut aad = [0; AAD_BYTES];
        aad[..FILE_ID_BYTES].copy_from_slice(&self.file_id);
        aad[FILE_ID_BYTES] = u8::try_from(self.channels.count()).unwrap_or_default(); // 1 or 2
        aad[FILE_ID_BYTES + 1..AAD_BYTES - 1].copy_from_slice(&number.to_le_bytes());
        aad[AAD_BYTES - 1] = kind as u8;
        (Nonce::assume_unique_for_key(nonce), Aad::from(aad))
    }
}

/// Length on the disk of a chunk whose length field says `sound_bytes` (0: the end); `None` if no chunk of ours is so long.
pub fn frame_bytes(sound_bytes: u32) -> Option<u64> {
    let sound = usize::try_from(sound_bytes).ok().filter(|n| *n <= CHUNK_MAX_BYTES)?;
    Some((sound + FRAME_EXTRA_BYTES) as u64)
}

#[cfg(test)]
mod tests {
    use super::super::keys::Vault;
    use super::super::slot::Envelope;
    use super::*;

    fn cipher() -> Cipher {
        let ring = Vault::of(&format!("k {}", "5a".repeat(31) + "01")).ring();
        Envelope::create(ring.current().unwrap(), Channels::Two).unwrap().1
    }

    #[test]
    fn a_chunk_opens_only_in_its_place_in_its_file() {
        let cipher = cipher();
        let mut file = Vec::new();
        cipher.seal(7, &[9; 100], &mut file).unwrap();
        assert_eq!(file.len(), 120);
        assert_eq!(file[..4], 100_u32.to_le_bytes());
        let sealed = file[4..].to_vec();
        assert_eq!(cipher.open(7, &mut sealed.clone()), Ok(&[9; 100][..]));
        assert_eq!(cipher.open(6, &mut sealed.clone()), Err(Refused));
        assert_eq!(tests::cipher().open(7, &mut sealed.clone()), Err(Refused));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert_eq!(cipher.open(7, &mut changed), Err(Refused), "byte {at}");
        }
        assert_eq!(cipher.open(7, &mut sealed[..99].to_vec()), Err(Refused));
    }

    #[test]
    fn the_end_knows_how_many_chunks_there_were() {
        let cipher = cipher();
        let mut end = Vec::new();
        cipher.seal_end(3, &mut end).unwrap();
        assert_eq!(end.len(), FRAME_EXTRA_BYTES);
        assert!(cipher.is_end(3, &end[4..]));
        assert!(!cipher.is_end(2, &end[4..]) && !cipher.is_end(3, &[0; 16]) && !cipher.is_end(3, &[]));
        assert!(cipher.open(3, &mut end[4..]).is_err(), "the end is no sound");
        assert_eq!(
            cipher.seal(0, &[], &mut Vec::new()),
            Err(Refused),
            "an empty chunk would look like an end"
        );
        assert_eq!(frame_bytes(0), Some(20));
        assert_eq!(frame_bytes(16_001), None);
    }
}
