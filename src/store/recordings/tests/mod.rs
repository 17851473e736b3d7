//! What recordings live through: the power goes, the disk is full, somebody changes a byte.

mod crash;
mod recorder;
mod sealed_files;

use std::path::Path;
use std::sync::Arc;

use crate::media::recording::{Channels, HEADER_BYTES, header};
use crate::store::disk::Disk;
use crate::store::disk_fake::FakeDisk;

use super::growing::Growing;
use super::sealed::Vault;

const DIR: &str = "/recordings";

/// A key file's lines; the first seals.
fn vault(ids: &[&str]) -> Arc<Vault> {
    let line = |id: &&str| {
        format!(
            "{id} {:0>64}\n",
            format!("{:x}c0ffee", id.bytes().map(u64::from).sum::<u64>())
        )
    };
    Vault::of(&ids.iter().map(line).collect::<String>())
}

/// Both forms that a recording can have.
fn both() -> [(Arc<Vault>, &'static str); 2] {
    [(Arc::new(Vault::plain()), ""), (vault(&["a"]), ".sealed")]
}

/// A recording as the recorder begins it, on the disk and by name.
fn begin(disk: &FakeDisk, file: &str, channels: Channels, vault: &Vault) -> Growing {
    let growing = Growing::create(disk, Path::new(DIR), file, channels, &vault.ring()).unwrap();
    growing.sync().unwrap();
    disk.sync_dir(Path::new(DIR)).unwrap();
    growing
}

fn bytes_of(disk: &FakeDisk, on_disk: &str) -> Vec<u8> {
    let file = disk.open(&Path::new(DIR).join(on_disk)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

fn put(disk: &FakeDisk, on_disk: &str, bytes: &[u8]) {
    let file = disk.create(&Path::new(DIR).join(on_disk), 0).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

/// The sound of a complete WAV whose header counts it.
fn sound_of(wav: &[u8], channels: Channels) -> &[u8] {
    let sound = &wav[HEADER_BYTES..];
    assert_eq!(wav[..HEADER_BYTES], header(channels, sound.len() as u64));
    sound
}
