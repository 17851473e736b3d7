//! What recordings live through: the power goes, the disk is full, names that want to lead elsewhere.

use super::*;
use crate::store::disk_fake::FakeDisk;

const DIR: &str = "/recordings";

fn told() -> (Done, Receiver<Outcome>) {
    let (tell, told) = sync_channel(1);
    (Box::new(move |outcome| tell.send(outcome).unwrap()), told)
}

fn read(disk: &FakeDisk, file: &str) -> Vec<u8> {
    let file = disk.open(&Path::new(DIR).join(file)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn a_message_is_on_the_disk_with_a_true_header_and_its_fingerprint() {
    let dir = tempfile::tempdir().unwrap();
    let health = Arc::<StoreHealth>::default();
    let recorder = Recorder::start(dir.path(), health.clone()).unwrap();
    let (done, told) = told();
    let recording = recorder.handle().open("2026-05/message-1.wav", 1, done).unwrap();
    for n in 0..75 {
        assert!(recording.frames(&[n; 160]));
    }
    recording.finish();
    let outcome = told.recv().unwrap();
    let finished = outcome.finished.unwrap();
    assert_eq!((finished.duration_ms, outcome.stopped), (1_500, None));
    let bytes = std::fs::read(dir.path().join("2026-05/message-1.wav")).unwrap();
    assert_eq!(bytes[..58], wav_header(12_000, 1));
    assert_eq!((bytes.len(), bytes[58], bytes[58 + 11_999]), (12_058, 0, 74));
    assert_eq!(
        settle(&RealDisk, dir.path(), "2026-05/message-1.wav").unwrap(),
        finished
    );
    recorder.close();
    assert_eq!(health.recordings_open.get(), 0);
}

#[test]
fn after_a_power_cut_at_any_moment_the_message_is_playable_up_to_the_last_flush() {
    for seed in 0..200 {
        let disk = FakeDisk::new(seed, 1 << 20);
        let mut growing = Growing::create(&disk, Path::new(DIR), "a/b.wav", 1).unwrap();
        for second in 0..3 {
            growing.append(&[second; 8_000]).unwrap();
        }
        disk.fail_one_in(2);
        let _ = growing.append(&[3; 8_000]);
        disk.fail_one_in(0);
        disk.crash();
        let repaired = repair(&disk, Path::new(DIR)).unwrap();
        assert_eq!(repaired.len(), 1);
        assert!(repaired[0].duration_ms >= 3_000, "seed {seed}");
        let bytes = read(&disk, "a/b.wav");
        assert_eq!(bytes[..58], wav_header(u32::try_from(bytes.len() - 58).unwrap(), 1));
        assert!(
            bytes[58..]
                .chunks(8_000)
                .take(3)
                .zip(0..)
                .all(|(second, n)| second.iter().all(|b| *b == n))
        );
        assert_eq!(repair(&disk, Path::new(DIR)).unwrap(), []);
        assert_eq!(settle(&disk, Path::new(DIR), "a/b.wav").unwrap(), repaired[0]);
    }
}

#[test]
fn a_file_cut_at_any_byte_is_repaired() {
    let whole = [&wav_header(0, 2)[..], &[7; 40]].concat();
    for cut in 0..=whole.len() {
        let disk = FakeDisk::new(1, 1 << 20);
        disk.create(&Path::new(DIR).join("x.wav.part"), 0)
            .unwrap()
            .write_all_at(&whole[..cut], 0)
            .unwrap();
        assert_eq!(repair(&disk, Path::new(DIR)).unwrap().len(), 1);
        let bytes = read(&disk, "x.wav");
        let samples = cut.saturating_sub(58) / 2 * 2;
        let channels = if cut < 58 { 1 } else { 2 };
        assert_eq!(
            bytes[..58],
            wav_header(u32::try_from(samples).unwrap(), channels),
            "cut at {cut}"
        );
    }
}

#[test]
fn when_the_disk_is_full_the_recording_stops_and_says_so() {
    let disk = FakeDisk::new(1, 20_000);
    let recorder = Recorder::start_on(Arc::new(disk.clone()), Path::new(DIR), Arc::default()).unwrap();
    let (done, told) = told();
    let recording = recorder.handle().open("x.wav", 1, done).unwrap();
    for _ in 0..150 {
        recording.frames(&[1; 160]);
    }
    recording.finish();
    let outcome = told.recv().unwrap();
    assert_eq!(outcome.stopped, Some(StopReason::DiskFull));
    assert_eq!(recorder.handle.health.recordings_failed.get(), 1);
}

#[test]
fn a_disk_that_is_too_slow_costs_the_recording_and_not_the_memory() {
    let (jobs, _inbox) = sync_channel(1);
    let handle = RecorderHandle {
        jobs,
        health: Arc::default(),
    };
    let recording = handle.open("x.wav", 1, Box::new(|_| ())).unwrap();
    let taken = (0..10_000).take_while(|_| recording.frames(&[1; 160])).count();
    assert_eq!(taken * 160, WAITING_MAX_BYTES);
    let refused = handle.open("y.wav", 1, Box::new(|_| ()));
    assert_eq!(refused.err(), Some(StopReason::Refused));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for bad in [
        "",
        "../x.wav",
        "a/../x.wav",
        "/etc/x",
        "a//b",
        ".hidden",
        "a/.b",
        "x.part",
        "a\\b",
        "x\0",
        "a/b/c/d/e",
        "é.wav",
        "-rf",
    ] {
        assert!(!is_safe_name(bad), "{bad:?}");
        assert!(Growing::create(&FakeDisk::new(1, 1 << 20), Path::new(DIR), bad, 1).is_err());
        assert!(settle(&FakeDisk::new(1, 1 << 20), Path::new(DIR), bad).is_err());
    }
    assert!(is_safe_name("2026/05/01J-message_1.wav"));
}

#[test]
fn a_recording_never_replaces_another() {
    let dir = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(dir.path(), Arc::default()).unwrap();
    for expected in [true, false] {
        let (done, told) = told();
        recorder.handle().open("x.wav", 1, done).unwrap().finish();
        assert_eq!(told.recv().unwrap().finished.is_some(), expected);
    }
}

#[test]
fn others_that_come_and_go_do_not_keep_a_message_from_the_disk() {
    let disk = FakeDisk::new(1, 1 << 20);
    let recorder = Recorder::start_on(Arc::new(disk.clone()), Path::new(DIR), Arc::default()).unwrap();
    let long = recorder.handle().open("long.wav", 1, Box::new(|_| ())).unwrap();
    let begun = monotonic();
    for n in 0.. {
        long.frames(&[7; 160]);
        let (done, told) = told();
        recorder.handle().open(&format!("{n}.wav"), 1, done).unwrap().finish();
        told.recv().unwrap();
        if read(&disk, "long.wav.part").len() > 58 {
            break;
        }
        assert!(begun.elapsed() < FLUSH * 3, "nothing of the long one is on the disk");
        thread::sleep(Duration::from_millis(20));
    }
}
