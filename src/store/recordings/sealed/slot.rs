//! The key slot at the head of a sealed file: which file it is, and its key under a master key. Knows no sound.

use rand::TryRngCore;
use rand::rngs::OsRng;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::media::recording::Channels;

use super::chunk::{Cipher, TAG_BYTES};
use super::keys::{KEY_BYTES, KEY_ID_MAX_BYTES, KeyRing, MasterKey, aead_key};

/// Room of one slot: a sector, which a disk writes whole or not at all.
pub const SLOT_BYTES: usize = 512;
/// Where the chunks begin: behind two slots.
pub const BODY_AT: u64 = 2 * SLOT_BYTES as u64;
/// Length of a file's id.
pub const FILE_ID_BYTES: usize = 16;

const MAGIC: &[u8; 8] = b"YIHAOREC";
const VERSION: u8 = 1;

const GENERATION_AT: usize = 10;
const FILE_ID_AT: usize = 14;
const KEY_ID_LEN_AT: usize = FILE_ID_AT + FILE_ID_BYTES;
const KEY_ID_AT: usize = KEY_ID_LEN_AT + 1;
const NONCE_AT: usize = KEY_ID_AT + KEY_ID_MAX_BYTES;
const WRAPPED_AT: usize = NONCE_AT + NONCE_LEN;
/// CRC-32 of all before it: a slot that was torn while it was written counts as none, and the other one holds.
const CRC_AT: usize = WRAPPED_AT + KEY_BYTES + TAG_BYTES;
const END: usize = CRC_AT + 4;

/// Why a slot does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Neither slot is one of ours.
    #[error("the head of the file is not readable")]
    Unreadable,
    /// The key is not among those of the configuration.
    #[error("the key {0:?} is not among those of recordings.key_file")]
    NoKey(String),
    /// The key of that name is another one, or the slot is damaged.
    #[error("the key {0:?} does not open it: it is another key, or the head of the file is damaged")]
    WrongKey(String),
    /// The system has no randomness.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// What a slot says in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Channels of the sound.
    pub channels: Channels,
    /// The file's own random id.
    pub file_id: [u8; FILE_ID_BYTES],
    /// Id of the master key.
    pub key_id: String,
    /// Counts the wrappings; the higher one holds.
    pub generation: u32,
    nonce: [u8; NONCE_LEN],
    wrapped: [u8; KEY_BYTES + TAG_BYTES],
}

impl Envelope {
    /// A new file's envelope and the cipher for its chunks.
    pub fn create(master: &MasterKey, channels: Channels) -> Result<(Self, Cipher), SlotError> {
        let key = Zeroizing::new(random::<KEY_BYTES>()?);
        let mut envelope = Self {
            channels,
            file_id: random()?,
            key_id: master.id.clone(),
            generation: 1,
            nonce: random()?,
            wrapped: [0; KEY_BYTES + TAG_BYTES],
        };
        envelope.wrap(&key, master)?;
        let cipher = envelope.cipher(&key)?;
        Ok((envelope, cipher))
    }

    /// Reads one slot; `None` if it is none.
    pub fn parse(slot: &[u8]) -> Option<Self> {
        let slot = slot.get(..END)?;
        let whole = crc32fast::hash(&slot[..CRC_AT]).to_le_bytes() == slot[CRC_AT..];
        let ours = whole && slot.starts_with(MAGIC) && slot[8] == VERSION;
        let id_len = usize::from(slot[KEY_ID_LEN_AT]);
        if !ours || id_len == 0 || id_len > KEY_ID_MAX_BYTES {
            return None;
        }
        Some(Self {
            channels: Channels::from_count(u16::from(slot[9]))?,
            generation: u32::from_le_bytes(*slot[GENERATION_AT..].first_chunk()?),
            file_id: *slot[FILE_ID_AT..].first_chunk()?,
            key_id: String::from_utf8(slot[KEY_ID_AT..KEY_ID_AT + id_len].to_vec()).ok()?,
            nonce: *slot[NONCE_AT..].first_chunk()?,
            wrapped: *slot[WRAPPED_AT..].first_chunk()?,
        })
    }

    /// The slot's bytes.
    pub fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        slot[..NONCE_AT].copy_from_slice(&self.clear());
        slot[NONCE_AT..WRAPPED_AT].copy_from_slice(&self.nonce);
        slot[WRAPPED_AT..CRC_AT].copy_from_slice(&self.wrapped);
        let crc = crc32fast::hash(&slot[..CRC_AT]);
        slot[CRC_AT..END].copy_from_slice(&crc.to_le_bytes());
        slot
    }

    /// What is said in clear and bound to the wrapped key.
    fn clear(&self) -> [u8; NONCE_AT] {
        let mut clear = [0; NONCE_AT];
        let id = self.key_id.as_bytes();
        let id = &id[..id.len().min(KEY_ID_MAX_BYTES)];
        clear[..8].copy_from_slice(MAGIC);
        clear[8] = VERSION;
        clear[9] = u8::try_from(self.channels.count()).unwrap_or_default(); // 1 or 2
        clear[GENERATION_AT..FILE_ID_AT].copy_from_slice(&self.generation.to_le_bytes());
        clear[FILE_ID_AT..KEY_ID_LEN_AT].copy_from_slice(&self.file_id);
        clear[KEY_ID_LEN_AT] = u8::try_from(id.len()).unwrap_or_default(); // at most 32
        clear[KEY_ID_AT..KEY_ID_AT + id.len()].copy_from_slice(id);
        clear
    }

    fn wrap(&mut self, key: &[u8; KEY_BYTES], master: &MasterKey) -> Result<(), SlotError> {
        let mut sealed = Zeroizing::new(*key);
        let nonce = Nonce::assume_unique_for_key(self.nonce); // random: 2^32 files a master key (NIST SP 800-38D §8.3)
        let tag = master
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(self.clear()), sealed.as_mut_slice())
            .map_err(|_| SlotError::WrongKey(master.id.clone()))?;
        self.wrapped[..KEY_BYTES].copy_from_slice(sealed.as_slice());
        self.wrapped[KEY_BYTES..].copy_from_slice(tag.as_ref());
        Ok(())
    }

    fn unwrap_key(&self, ring: &KeyRing) -> Result<Zeroizing<[u8; KEY_BYTES]>, SlotError> {
        let master = ring
            .find(&self.key_id)
            .ok_or_else(|| SlotError::NoKey(self.key_id.clone()))?;
        let wrong = || SlotError::WrongKey(self.key_id.clone());
        let mut sealed = Zeroizing::new(self.wrapped);
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let opened = master
            .key
            .open_in_place(nonce, Aad::from(self.clear()), sealed.as_mut_slice())
            .map_err(|_| wrong())?;
        let key = opened.first_chunk::<KEY_BYTES>().ok_or_else(wrong)?;
        Ok(Zeroizing::new(*key))
    }

    /// The cipher for the file's chunks.
    pub fn open(&self, ring: &KeyRing) -> Result<Cipher, SlotError> {
        let key = self.unwrap_key(ring)?;
        self.cipher(&key)
    }

    fn cipher(&self, key: &[u8; KEY_BYTES]) -> Result<Cipher, SlotError> {
        let key: LessSafeKey = aead_key(key).ok_or(SlotError::Unreadable)?;
        Ok(Cipher::new(key, self.file_id, self.channels))
    }
}

/// The valid envelope of a file's head (both slots), and which slot it is in.
pub fn newest(head: &[u8]) -> Option<(usize, Envelope)> {
    let slots = head.chunks(SLOT_BYTES).take(2).enumerate();
    let envelopes = slots.filter_map(|(n, slot)| Some((n, Envelope::parse(slot)?)));
    envelopes.max_by_key(|(_, envelope)| envelope.generation)
}

/// The same file's key under the current master key, for the other slot.
pub fn rewrapped(old: &Envelope, ring: &KeyRing) -> Result<Option<Envelope>, SlotError> {
    let Some(master) = ring.current().filter(|master| master.id != old.key_id) else {
        return Ok(None);
    };
    let key = old.unwrap_key(ring)?;
    let mut new = Envelope {
        key_id: master.id.clone(),
        generation: old.generation.saturating_add(1),
        nonce: random()?,
        ..old.clone()
    };
    new.wrap(&key, master)?;
    Ok(Some(new))
}

fn random<const N: usize>() -> Result<[u8; N], SlotError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| SlotError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::keys::Vault;
    use super::*;

    fn ring(ids: &[&str]) -> std::sync::Arc<KeyRing> {
        let lines: String = ids
            .iter()
            .map(|id| format!("{id} {}{:056x}\n", "0a1b2c3d", id.len()))
            .collect();
        Vault::of(&lines).ring()
    }

    #[test]
    fn a_files_key_opens_under_its_master_key_and_under_no_other() {
        let ring_a = ring(&["a"]);
        let (envelope, _) = Envelope::create(ring_a.current().unwrap(), Channels::Two).unwrap();
        let read = Envelope::parse(&envelope.encode()).unwrap();
        assert_eq!(read, envelope);
        assert!(read.open(&ring_a).is_ok());
        assert_eq!(read.open(&ring(&["bb"])).err(), Some(SlotError::NoKey("a".into())));
        let other = Vault::of(&format!("a {}", "9f".repeat(31) + "00")).ring();
        assert_eq!(read.open(&other).err(), Some(SlotError::WrongKey("a".into())));
    }

    #[test]
    fn nothing_in_a_slot_can_be_changed_unnoticed() {
        let ring = ring(&["key-1"]);
        let (envelope, _) = Envelope::create(ring.current().unwrap(), Channels::One).unwrap();
        let slot = envelope.encode();
        for at in 0..END {
            let mut changed = slot;
            changed[at] ^= 1;
            assert_eq!(Envelope::parse(&changed), None, "byte {at}");
            // Nor by somebody who knows how to make the check sum fit.
            let crc = crc32fast::hash(&changed[..CRC_AT]).to_le_bytes();
            changed[CRC_AT..END].copy_from_slice(&crc);
            let opened = Envelope::parse(&changed).map(|e| e.open(&ring).is_ok());
            let not_read = (KEY_ID_AT + 5..NONCE_AT).contains(&at) || at >= CRC_AT;
            assert!(opened != Some(true) || not_read, "byte {at}");
        }
    }

    #[test]
    fn a_new_master_key_opens_the_same_file() {
        let old = ring(&["a"]);
        let (envelope, cipher) = Envelope::create(old.current().unwrap(), Channels::One).unwrap();
        let mut sealed = Vec::new();
        cipher.seal(0, b"sound", &mut sealed).unwrap();
        assert_eq!(
            rewrapped(&envelope, &old),
            Ok(None),
            "it is under the current key already"
        );

        let both = ring(&["bb", "a"]);
        let new = rewrapped(&envelope, &both).unwrap().unwrap();
        let head = [envelope.encode(), new.encode()].concat();
        assert_eq!(newest(&head), Some((1, new.clone())));
        let opened = new
            .open(&ring(&["bb"]))
            .unwrap()
            .open(0, &mut sealed[4..])
            .unwrap()
            .to_vec();
        assert_eq!(opened, b"sound");
        assert_eq!(
            newest(&[envelope.encode(), [0; SLOT_BYTES]].concat()),
            Some((0, envelope))
        );
        assert_eq!(newest(&[0; 1024]), None);
    }

    proptest! {
        #[test]
        fn no_head_can_harm_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..1_200), ours in any::<bool>()) {
            let mut bytes = bytes;
            if ours && bytes.len() > END {
                bytes[..10].copy_from_slice(b"YIHAOREC\x01\x02");
                bytes[KEY_ID_LEN_AT] = 1;
                bytes[KEY_ID_AT] = b'a';
                let crc = crc32fast::hash(&bytes[..CRC_AT]).to_le_bytes();
                bytes[CRC_AT..END].copy_from_slice(&crc);
            }
            if let Some((_, envelope)) = newest(&bytes) {
                prop_assert!(envelope.open(&ring(&["a"])).is_err());
                prop_assert!(rewrapped(&envelope, &ring(&["a"])).map_or(true, |r| r.is_none()));
            }
        }
    }
}
