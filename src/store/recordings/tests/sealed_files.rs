//! Complete recordings: read in any part, checked, under a new key; and sealed ones in the hands of somebody who wants to change
//! what was said.

use std::io;

use proptest::prelude::*;

use super::*;
use crate::media::wav;
use crate::store::recordings::*;

/// A complete recording of 5 unequal chunks (or as much plain sound); gives the sound.
fn complete(disk: &FakeDisk, file: &str, channels: Channels, key: &Vault) -> Vec<u8> {
    let mut growing = begin(disk, file, channels, key);
    let mut all = Vec::new();
    for n in 1..=5_u16 {
        let sound: Vec<u8> = (0..n * 100).map(|i| (i * 7 + n) as u8).collect();
        growing.write(&sound, &mut Vec::new()).unwrap();
        all.extend(sound);
    }
    growing.end(&mut Vec::new()).unwrap();
    growing.name(disk).unwrap();
    all
}

fn open(disk: &FakeDisk, file: &str, key: &Vault) -> Result<Reader, ReadError> {
    Reader::open(disk, Path::new(DIR), file, key, Samples::ALaw)
}

fn whole(mut reader: Reader) -> Result<Vec<u8>, ReadError> {
    let mut out = Vec::new();
    reader.copy_to(&mut out).map(|()| out)
}

#[test]
fn a_recording_is_read_as_the_same_wav_in_both_forms() {
    for channels in [Channels::One, Channels::Two] {
        for (key, _) in both() {
            let disk = FakeDisk::new(1, 1 << 20);
            let sound = complete(&disk, "x.wav", channels, &key);
            let reader = open(&disk, "x.wav", &key).unwrap();
            assert!(reader.is_complete());
            assert_eq!(reader.channels(), channels.count());
            assert_eq!(reader.len(), 58 + 1_500);
            let wav = whole(reader).unwrap();
            assert_eq!(sound_of(&wav, channels), sound);
        }
    }
}

#[test]
fn any_range_is_read_and_linear_samples_are_those_of_the_clip() {
    let key = vault(&["a"]);
    let disk = FakeDisk::new(1, 1 << 20);
    complete(&disk, "x.wav", Channels::One, &key);
    for samples in [Samples::ALaw, Samples::Linear] {
        let mut reader = Reader::open(&disk, Path::new(DIR), "x.wav", &key, samples).unwrap();
        let mut all = Vec::new();
        reader.copy_to(&mut all).unwrap();
        assert_eq!(all.len() as u64, reader.len());
        for from in (0..all.len() + 3).step_by(13) {
            for wanted in [1, 2, 3, 47, 600] {
                let mut into = vec![0; wanted];
                let got = reader.read_at(&mut into, from as u64).unwrap();
                let expected = &all[from.min(all.len())..(from + wanted).min(all.len())];
                assert_eq!(into[..got], *expected, "{samples:?} from {from}");
            }
        }
    }
    let linear = whole(Reader::open(&disk, Path::new(DIR), "x.wav", &key, Samples::Linear).unwrap()).unwrap();
    let a_law = wav::parse(&whole(open(&disk, "x.wav", &key).unwrap()).unwrap()).unwrap();
    assert_eq!(linear, wav::from_linear(&wav::linear(&a_law)));
}

#[test]
fn a_recording_that_grows_is_heard_as_far_as_it_is_flushed() {
    for (key, _) in both() {
        let disk = FakeDisk::new(1, 1 << 20);
        let mut growing = begin(&disk, "x.wav", Channels::Two, &key);
        assert_eq!(whole(open(&disk, "x.wav", &key).unwrap()).unwrap().len(), 58);
        growing.write(&[5; 160], &mut Vec::new()).unwrap();
        let early = open(&disk, "x.wav", &key).unwrap();
        growing.write(&[6; 160], &mut Vec::new()).unwrap();
        let late = open(&disk, "x.wav", &key).unwrap();
        assert!(!late.is_complete());
        assert_eq!((early.duration_ms(), late.duration_ms()), (10, 20));
        assert_eq!(whole(early).unwrap()[58..], [5; 160]);
        assert_eq!(whole(late).unwrap()[58 + 160..], [6; 160]);
    }
}

#[test]
fn a_chunk_that_is_half_written_is_not_there_yet() {
    let key = vault(&["a"]);
    let disk = FakeDisk::new(1, 1 << 20);
    let mut growing = begin(&disk, "x.wav", Channels::One, &key);
    growing.write(&[5; 160], &mut Vec::new()).unwrap();
    growing.write(&[6; 160], &mut Vec::new()).unwrap();
    let bytes = bytes_of(&disk, "x.wav.sealed.part");
    let mut torn = bytes.clone();
    torn[1_300..].fill(0); // its room is there, its bytes are not
    for (n, bytes) in [&bytes[..1_300], &torn].into_iter().enumerate() {
        put(&disk, &format!("{n}.wav.sealed.part"), bytes);
        let reader = open(&disk, &format!("{n}.wav"), &key).unwrap();
        assert_eq!(whole(reader).unwrap()[58..], [5; 160]);
    }
}

#[test]
fn whoever_changes_swaps_cuts_or_adds_is_found_out() {
    let key = vault(&["a"]);
    let disk = FakeDisk::new(1, 1 << 24);
    complete(&disk, "x.wav", Channels::One, &key);
    complete(&disk, "y.wav", Channels::One, &key);
    let (x, y) = (bytes_of(&disk, "x.wav.sealed"), bytes_of(&disk, "y.wav.sealed"));
    let mut tries = 0;
    let mut refused = |what: &str, bytes: &[u8]| {
        tries += 1;
        let name = format!("t{tries}.wav");
        put(&disk, &format!("{name}.sealed"), bytes);
        let read = open(&disk, &name, &key).and_then(whole);
        let named = matches!(read, Err(ReadError::Damaged(_) | ReadError::Key(_)));
        assert!(named, "{what} went unnoticed");
        let sha256 = settle(&disk, Path::new(DIR), "x.wav", &key).unwrap().sha256;
        let condition = check(&disk, Path::new(DIR), &name, &sha256, &key).unwrap();
        assert_ne!(condition, Condition::Good, "{what}");
    };
    // Chunks of 100, 200, … bytes, each with 20 more, then the end of 20.
    let ends = [1_024, 1_144, 1_364, 1_684, 2_104, 2_624];
    assert_eq!(x.len(), ends[5] + 20);
    for at in (1_024..x.len()).step_by(5) {
        let mut changed = x.clone();
        changed[at] ^= 0x10;
        refused("a changed byte", &changed);
    }
    let part = |n: usize| x[ends[n]..ends[n + 1]].to_vec();
    let end = &x[ends[5]..];
    let file = |parts: &[&[u8]]| [&[&x[..1_024]], parts].concat().concat();
    refused(
        "two swapped chunks",
        &file(&[&part(1), &part(0), &part(2), &part(3), &part(4), end]),
    );
    refused(
        "a chunk left out",
        &file(&[&part(0), &part(1), &part(3), &part(4), end]),
    );
    refused(
        "a chunk said twice",
        &file(&[&part(0), &part(0), &part(2), &part(3), &part(4), end]),
    );
    refused(
        "the last chunk cut off",
        &file(&[&part(0), &part(1), &part(2), &part(3), end]),
    );
    refused("no end", &x[..ends[5]]);
    refused("bytes behind the end", &[&x[..], &[0; 7]].concat());
    refused(
        "another recording's chunk",
        &file(&[&part(0), &y[ends[1]..ends[2]], &part(2), &part(3), &part(4), end]),
    );
    refused("another recording's body", &[&x[..1_024], &y[1_024..]].concat());
    refused("no head", &[&[0; 1_024], &x[1_024..]].concat());
}

#[test]
fn a_recording_is_compared_with_what_the_ledger_has() {
    for (key, ending) in both() {
        let disk = FakeDisk::new(1, 1 << 20);
        complete(&disk, "x.wav", Channels::One, &key);
        begin(&disk, "grows.wav", Channels::One, &key);
        let sha256 = settle(&disk, Path::new(DIR), "x.wav", &key).unwrap().sha256;
        let check = |file: &str, key: &Vault| check(&disk, Path::new(DIR), file, &sha256, key).unwrap();
        assert_eq!(check("x.wav", &key), Condition::Good);
        assert_eq!(check("y.wav", &key), Condition::Missing);
        assert_eq!(check("../x.wav", &key), Condition::Missing);
        assert_eq!(check("grows.wav", &key), Condition::Unfinished);
        let locked = Condition::Locked(SlotError::NoKey("a".into()));
        let without = if ending.is_empty() { Condition::Good } else { locked };
        assert_eq!(check("x.wav", &vault(&["b"])), without);
        let file = disk.open(&Path::new(DIR).join(format!("x.wav{ending}"))).unwrap();
        file.write_all_at(b"!", 1_200).unwrap();
        assert!(matches!(check("x.wav", &key), Condition::Damaged(_)));
    }
}

#[test]
fn a_new_master_key_changes_the_head_alone_and_a_crash_locks_nothing_away() {
    let (old, both, new) = (vault(&["a"]), vault(&["b", "a"]), vault(&["b"]));
    let dir = Path::new(DIR);
    for seed in 0..200 {
        let disk = FakeDisk::new(seed, 1 << 20);
        let sound = complete(&disk, "x.wav", Channels::One, &old);
        let before = settle(&disk, dir, "x.wav", &old).unwrap();
        disk.sync_all(dir).unwrap();
        disk.fail_one_in(5);
        let _ = rewrap(&disk, dir, "x.wav", &both);
        disk.fail_one_in(0);
        disk.crash();
        let read = whole(open(&disk, "x.wav", &both).unwrap()).unwrap();
        assert_eq!(sound_of(&read, Channels::One), sound, "seed {seed}");
        rewrap(&disk, dir, "x.wav", &both).unwrap();
        assert_eq!(rewrap(&disk, dir, "x.wav", &both).unwrap(), Rewrap::Current);
        assert_eq!(key_of(&disk, dir, "x.wav").unwrap().as_deref(), Some("b"));
        assert!(whole(open(&disk, "x.wav", &new).unwrap()).is_ok());
        assert!(matches!(
            open(&disk, "x.wav", &old),
            Err(ReadError::Key(SlotError::NoKey(_)))
        ));
        // Nothing is left of the envelope under the old key, and the ledger's fingerprint is still true.
        let head = bytes_of(&disk, "x.wav.sealed")[..1_024].to_vec();
        assert_eq!(head.chunks(512).filter(|slot| slot.iter().all(|b| *b == 0)).count(), 1);
        assert_eq!(settle(&disk, dir, "x.wav", &new).unwrap(), before);
    }
}

#[test]
fn what_cannot_be_rewrapped_is_left_alone() {
    let disk = FakeDisk::new(1, 1 << 20);
    let (plain, a) = (Vault::plain(), vault(&["a"]));
    let dir = Path::new(DIR);
    complete(&disk, "plain.wav", Channels::One, &plain);
    complete(&disk, "sealed.wav", Channels::One, &a);
    begin(&disk, "grows.wav", Channels::One, &a);
    assert_eq!(rewrap(&disk, dir, "plain.wav", &a).unwrap(), Rewrap::Plain);
    assert_eq!(
        rewrap(&disk, dir, "sealed.wav", &plain).unwrap(),
        Rewrap::Current,
        "there is no new key"
    );
    assert_eq!(
        rewrap(&disk, dir, "grows.wav", &vault(&["b", "a"])).unwrap(),
        Rewrap::Unfinished
    );
    let before = bytes_of(&disk, "sealed.wav.sealed");
    assert!(
        rewrap(&disk, dir, "sealed.wav", &vault(&["b"])).is_err(),
        "the old key is gone"
    );
    assert_eq!(bytes_of(&disk, "sealed.wav.sealed"), before);
    assert_eq!(
        rewrap(&disk, dir, "none.wav", &a).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn only_complete_recordings_are_removed() {
    for (key, ending) in both() {
        let disk = FakeDisk::new(1, 1 << 20);
        let dir = Path::new(DIR);
        complete(&disk, "x.wav", Channels::One, &key);
        begin(&disk, "grows.wav", Channels::One, &key);
        assert!(remove(&disk, dir, "x.wav").unwrap());
        assert!(!remove(&disk, dir, "x.wav").unwrap());
        assert!(!remove(&disk, dir, "grows.wav").unwrap());
        assert!(remove(&disk, dir, "../journal/x").is_err());
        let mut left = Vec::new();
        files(&disk, dir, &mut |file| left.push(file)).unwrap();
        let expected = OnDisk {
            file: "grows.wav".into(),
            on_disk: format!("grows.wav{ending}.part"),
            complete: false,
        };
        assert_eq!(left, [expected]);
        disk.crash();
        assert!(open(&disk, "x.wav", &key).is_err(), "removed is removed");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever lies there, reading, repairing and checking end with a word and without a panic.
    #[test]
    fn no_file_can_harm_who_reads_it(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        cut in 0_usize..3_000,
        at in 0_usize..2_700,
        ending in 0_usize..4,
        from_ours in any::<bool>(),
    ) {
        let key = vault(&["a"]);
        let disk = FakeDisk::new(1, 1 << 24);
        complete(&disk, "ours.wav", Channels::Two, &key);
        let mut bytes = if from_ours { bytes_of(&disk, "ours.wav.sealed") } else { header(Channels::Two, 900).to_vec() };
        bytes.splice(at.min(bytes.len()).., noise.iter().copied());
        bytes.truncate(cut);
        put(&disk, ["x.wav", "x.wav.sealed", "x.wav.part", "x.wav.sealed.part"][ending], &bytes);
        if let Ok(reader) = open(&disk, "x.wav", &key) {
            let length = reader.len();
            if let Ok(wav) = whole(reader) {
                prop_assert_eq!(wav.len() as u64, length);
            }
        }
        let _ = check(&disk, Path::new(DIR), "x.wav", "", &key).unwrap();
        let _ = rewrap(&disk, Path::new(DIR), "x.wav", &vault(&["b", "a"]));
        let _ = repair(&disk, Path::new(DIR), &key).unwrap();
        let _ = settle(&disk, Path::new(DIR), "x.wav", &key);
    }
}
