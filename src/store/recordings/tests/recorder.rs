//! The recorder's thread with real and unwell disks.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::*;
use crate::store::disk::RealDisk;
use crate::store::health::StoreHealth;
use crate::store::monotonic;
use crate::store::recordings::*;

fn told() -> (Done, Receiver<Outcome>) {
    let (tell, told) = sync_channel(1);
    (Box::new(move |outcome| tell.send(outcome).unwrap()), told)
}

fn on(disk: &FakeDisk, vault: Arc<Vault>) -> Recorder {
    Recorder::start_on(Arc::new(disk.clone()), Path::new(DIR), Arc::default(), vault).unwrap()
}

#[test]
fn a_message_is_on_the_disk_with_a_true_header_and_its_fingerprint() {
    let dir = tempfile::tempdir().unwrap();
    let health = Arc::<StoreHealth>::default();
    let plain = Arc::new(Vault::plain());
    let recorder = Recorder::start(dir.path(), health.clone(), plain.clone()).unwrap();
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
    let sound = sound_of(&bytes, Channels::One);
    assert_eq!((sound.len(), sound[0], sound[11_999]), (12_000, 0, 74));
    assert_eq!(
        settle(&RealDisk, dir.path(), "2026-05/message-1.wav", &plain).unwrap(),
        finished
    );
    recorder.close();
    assert_eq!(health.recordings_open.get(), 0);
}

#[test]
fn a_sealed_call_of_two_channels_holds_no_sound_that_anybody_could_read() {
    let dir = tempfile::tempdir().unwrap();
    let key = vault(&["a"]);
    let recorder = Recorder::start(dir.path(), Arc::default(), key.clone()).unwrap();
    let (done, told) = told();
    let recording = recorder.handle().open("2026/11/23/call-1.wav", 2, done).unwrap();
    for _ in 0..100 {
        recording.frames(&[0x55; 320]);
    }
    recording.finish();
    let finished = told.recv().unwrap().finished.unwrap();
    assert_eq!(finished.duration_ms, 2_000);
    let bytes = std::fs::read(dir.path().join("2026/11/23/call-1.wav.sealed")).unwrap();
    assert!(!bytes.windows(8).any(|eight| eight == [0x55; 8]));
    // Its fingerprint was taken while it grew; read again it is the same, and needs no key.
    let again = settle(&RealDisk, dir.path(), "2026/11/23/call-1.wav", &Vault::plain()).unwrap();
    assert_eq!(again, finished);
    recorder.close();
}

#[test]
fn when_the_disk_is_full_the_recording_stops_says_so_and_keeps_what_there_was() {
    for (key, ending) in both() {
        let disk = FakeDisk::new(1, 20_000);
        let recorder = on(&disk, key.clone());
        let (done, told) = told();
        let recording = recorder.handle().open("x.wav", 1, done).unwrap();
        for _ in 0..50 {
            recording.frames(&[1; 160]);
        }
        while disk.free_bytes(Path::new(DIR)).unwrap() > 12_000 {
            thread::yield_now(); // the first flush
        }
        for _ in 0..150 {
            recording.frames(&[1; 160]);
        }
        recording.finish();
        let outcome = told.recv().unwrap();
        assert_eq!(outcome.stopped, Some(StopReason::DiskFull), "{ending}");
        assert_eq!(recorder.handle.health.recordings_failed.get(), 1);
        let finished = outcome.finished.unwrap();
        assert!(finished.duration_ms >= 1_000, "{finished:?}");
        assert_eq!(settle(&disk, Path::new(DIR), "x.wav", &key).unwrap(), finished);
    }
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
fn a_name_that_leads_elsewhere_makes_no_file() {
    let disk = FakeDisk::new(1, 1 << 20);
    let recorder = on(&disk, vault(&["a"]));
    for bad in ["../x.wav", "/etc/x.wav", "a/../../x.wav", "x.wav.sealed"] {
        let (done, told) = told();
        recorder.handle().open(bad, 1, done).unwrap().finish();
        let outcome = told.recv().unwrap();
        assert!(matches!(outcome.stopped, Some(StopReason::BadName(_))), "{bad}");
        assert!(settle(&disk, Path::new(DIR), bad, &Vault::plain()).is_err());
    }
}

#[test]
fn a_recording_never_replaces_another_in_whichever_form() {
    let disk = FakeDisk::new(1, 1 << 20);
    for (n, (key, _)) in both().into_iter().enumerate() {
        let recorder = on(&disk, key);
        let (done, told) = told();
        recorder.handle().open("x.wav", 1, done).unwrap().finish();
        assert_eq!(told.recv().unwrap().finished.is_some(), n == 0);
    }
}

#[test]
fn others_that_come_and_go_do_not_keep_a_message_from_the_disk() {
    let disk = FakeDisk::new(1, 1 << 20);
    let recorder = on(&disk, Arc::new(Vault::plain()));
    let long = recorder.handle().open("long.wav", 1, Box::new(|_| ())).unwrap();
    let begun = monotonic();
    for n in 0.. {
        long.frames(&[7; 160]);
        let (done, told) = told();
        recorder.handle().open(&format!("{n}.wav"), 1, done).unwrap().finish();
        told.recv().unwrap();
        if bytes_of(&disk, "long.wav.part").len() > HEADER_BYTES {
            break;
        }
        assert!(begun.elapsed() < FLUSH * 3, "nothing of the long one is on the disk");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_recordings_begin_and_end_at_once() {
    for (key, ending) in both() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = Recorder::start(dir.path(), Arc::default(), key.clone()).unwrap();
        let begun: Vec<_> = (0..200)
            .map(|n| {
                let (done, told) = told();
                let file = format!("2026/11/{:02}/call-{n}.wav", n % 3 + 1);
                (recorder.handle().open(&file, 2, done).unwrap(), told, file)
            })
            .collect();
        for n in 0..50 {
            begun
                .iter()
                .for_each(|(recording, ..)| assert!(recording.frames(&[n; 320])));
        }
        let told: Vec<_> = begun
            .into_iter()
            .map(|(recording, told, file)| (recording.finish(), told, file))
            .collect();
        for ((), told, file) in told {
            let finished = told.recv().unwrap().finished.unwrap();
            assert_eq!((finished.duration_ms, &finished.file), (1_000, &file));
            assert!(dir.path().join(format!("{file}{ending}")).exists());
        }
        assert_eq!(repair(&RealDisk, dir.path(), &key).unwrap(), []);
    }
}

#[test]
fn a_sync_that_fails_hurts_only_whose_data_was_lost_and_is_not_called_complete() {
    let (mut complete, mut given_up) = (0, 0);
    for seed in 0..40 {
        for (key, _) in both() {
            let disk = FakeDisk::new(seed, 1 << 24);
            let recorder = on(&disk, key.clone());
            let names: Vec<String> = (0..12).map(|n| format!("{n}.wav")).collect();
            let begun: Vec<_> = names
                .iter()
                .map(|name| {
                    let (done, told) = told();
                    (recorder.handle().open(name, 1, done).unwrap(), told)
                })
                .collect();
            while recorder.handle.health.recordings_open.get() < 12 {
                thread::yield_now();
            }
            begun
                .iter()
                .for_each(|(recording, _)| assert!(recording.frames(&[3; 1_600])));
            disk.fail_one_in(4);
            let told: Vec<_> = begun
                .into_iter()
                .map(|(recording, told)| (recording.finish(), told).1)
                .collect();
            let outcomes: Vec<Outcome> = told.iter().map(|told| told.recv().unwrap()).collect();
            disk.fail_one_in(0);
            recorder.close();
            disk.crash();
            for outcome in outcomes {
                match outcome.finished {
                    // What was called complete survives the power cut as it was described.
                    Some(finished) => {
                        complete += 1;
                        assert_eq!(settle(&disk, Path::new(DIR), &outcome.file, &key).unwrap(), finished);
                    }
                    None => {
                        given_up += 1;
                        assert!(outcome.stopped.is_some());
                    }
                }
            }
        }
    }
    assert!(complete > 100 && given_up > 100, "{complete} {given_up}");
}
