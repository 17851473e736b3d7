//! Kills and power cuts: what was flushed is played, in both forms and with any number of channels.

use super::*;
use crate::store::recordings::{repair, settle};

#[test]
fn after_a_power_cut_at_any_moment_the_message_is_playable_up_to_the_last_flush() {
    for seed in 0..200 {
        for (key, ending) in both() {
            let disk = FakeDisk::new(seed, 1 << 20);
            let mut growing = begin(&disk, "b.wav", Channels::One, &key);
            let mut scratch = Vec::new();
            for second in 0..3 {
                growing.write(&[second; 8_000], &mut scratch).unwrap();
                growing.sync().unwrap();
            }
            disk.fail_one_in(2);
            let _ = growing.write(&[3; 8_000], &mut scratch).and_then(|()| growing.sync());
            disk.fail_one_in(0);
            disk.crash();
            let repaired = repair(&disk, Path::new(DIR), &key).unwrap();
            assert_eq!(repaired.len(), 1);
            assert!(repaired[0].duration_ms >= 3_000, "seed {seed} {ending}");
            if ending.is_empty() {
                let bytes = bytes_of(&disk, "b.wav");
                let seconds = sound_of(&bytes, Channels::One).chunks(8_000).take(3).zip(0..);
                assert!(seconds.into_iter().all(|(second, n)| second.iter().all(|b| *b == n)));
            }
            assert_eq!(repair(&disk, Path::new(DIR), &key).unwrap(), []);
            assert_eq!(settle(&disk, Path::new(DIR), "b.wav", &key).unwrap(), repaired[0]);
        }
    }
}

#[test]
fn a_plain_file_cut_at_any_byte_is_repaired() {
    let whole = [&header(Channels::Two, 0)[..], &[7; 40]].concat();
    for cut in 0..=whole.len() {
        let disk = FakeDisk::new(1, 1 << 20);
        put(&disk, "x.wav.part", &whole[..cut]);
        assert_eq!(repair(&disk, Path::new(DIR), &Vault::plain()).unwrap().len(), 1);
        let bytes = bytes_of(&disk, "x.wav");
        let channels = if cut < HEADER_BYTES {
            Channels::One
        } else {
            Channels::Two
        };
        let samples = cut.saturating_sub(HEADER_BYTES) as u64 / 2 * 2;
        assert_eq!(bytes[..HEADER_BYTES], header(channels, samples), "cut at {cut}");
    }
}

/// Three chunks of two channels, as they lie on the disk while the file grows, and where each of them ends.
fn sealed_part(key: &Vault) -> (Vec<u8>, [usize; 4]) {
    let disk = FakeDisk::new(1, 1 << 20);
    let mut growing = begin(&disk, "x.wav", Channels::Two, key);
    for n in 1..=3 {
        growing.write(&[n; 40], &mut Vec::new()).unwrap();
    }
    (bytes_of(&disk, "x.wav.sealed.part"), [1_024, 1_084, 1_144, 1_204])
}

#[test]
fn a_sealed_file_cut_at_any_byte_keeps_its_whole_chunks() {
    let key = vault(&["a"]);
    let (whole, ends) = sealed_part(&key);
    assert_eq!(whole.len(), ends[3]);
    for cut in 0..=whole.len() {
        let disk = FakeDisk::new(1, 1 << 20);
        put(&disk, "x.wav.sealed.part", &whole[..cut]);
        let repaired = repair(&disk, Path::new(DIR), &key).unwrap();
        let chunks = ends.iter().skip(1).filter(|end| **end <= cut).count() as u64;
        match repaired.first() {
            None => {
                assert!(cut < 512, "cut at {cut}");
                assert_eq!(disk.list(Path::new(DIR)).unwrap(), [""; 0], "nothing was in it");
            }
            Some(finished) => {
                // 40 bytes of two channels are 2.5 ms.
                assert_eq!(finished.duration_ms, chunks * 40 * 1_000 / 16_000, "cut at {cut}");
                assert_eq!(bytes_of(&disk, "x.wav.sealed").len() as u64, 1_024 + chunks * 60 + 20);
                assert_eq!(settle(&disk, Path::new(DIR), "x.wav", &key).unwrap(), *finished);
            }
        }
    }
}

#[test]
fn a_repair_that_is_itself_cut_off_is_done_again() {
    let key = vault(&["a"]);
    let (whole, _) = sealed_part(&key);
    let expected = {
        let disk = FakeDisk::new(1, 1 << 20);
        put(&disk, "x.wav.sealed.part", &whole[..1_190]);
        settle(&disk, Path::new(DIR), "x.wav", &key).unwrap()
    };
    for seed in 0..300 {
        let disk = FakeDisk::new(seed, 1 << 20);
        put(&disk, "x.wav.sealed.part", &whole[..1_190]);
        disk.sync_all(Path::new(DIR)).unwrap();
        disk.fail_one_in(4);
        let _ = repair(&disk, Path::new(DIR), &key);
        disk.fail_one_in(0);
        disk.crash();
        assert_eq!(
            settle(&disk, Path::new(DIR), "x.wav", &key).unwrap(),
            expected,
            "seed {seed}"
        );
    }
}

#[test]
fn without_its_key_a_sealed_file_that_was_cut_off_waits_untouched() {
    let (whole, _) = sealed_part(&vault(&["a"]));
    let disk = FakeDisk::new(1, 1 << 20);
    put(&disk, "x.wav.sealed.part", &whole[..1_190]);
    for wrong in [Vault::plain(), Arc::into_inner(vault(&["b"])).unwrap()] {
        assert_eq!(repair(&disk, Path::new(DIR), &wrong).unwrap(), []);
        let error = settle(&disk, Path::new(DIR), "x.wav", &wrong).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("\"a\""), "{error}");
        assert_eq!(bytes_of(&disk, "x.wav.sealed.part"), whole[..1_190]);
    }
    assert_eq!(repair(&disk, Path::new(DIR), &vault(&["b", "a"])).unwrap().len(), 1);
}

#[test]
fn a_head_that_was_destroyed_under_much_sound_is_left_for_people() {
    let key = vault(&["a"]);
    let (mut whole, _) = sealed_part(&key);
    whole[..1_024].fill(0);
    let disk = FakeDisk::new(1, 1 << 20);
    put(&disk, "x.wav.sealed.part", &whole);
    put(&disk, "y.wav.part", &[0; 5_000]);
    assert_eq!(repair(&disk, Path::new(DIR), &key).unwrap(), []);
    assert_eq!(bytes_of(&disk, "x.wav.sealed.part"), whole);
    assert_eq!(bytes_of(&disk, "y.wav.part"), [0; 5_000]);
}
