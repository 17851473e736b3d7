//! Recordings of a running server in the hands of people: encrypted, exported with an audit, checked, held, under a new key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use yihao::kernel::EventKind;
use yihao::media::wav;

use super::caller::{Caller, is};
use super::program::{Program, wait_until};

const PATIENCE: Duration = Duration::from_secs(5);
const OLD: &str = "k2025 7d1c0f7f0c2a4f6f8d9b1e3a5c7e9f1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f1a3c";
const NEW: &str = "k2026 1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f1a3c7d1c0f7f0c2a4f6f8d9b1e3a5c7e9f";

fn keys(folder: &Path, lines: &[&str]) {
    let file = folder.join("recording.keys");
    fs::write(&file, lines.join("\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn sealed() -> Program {
    Program::start_with(10, |folder| {
        keys(folder, &[OLD]);
        let file = folder.join("recording.keys");
        format!("recordings = {{ key_file = {file:?}, encrypt = \"required\", keep_message_days = 1 }}")
    })
}

/// A citizen speaks for so long and hangs up.
fn leaves_a_message(program: &Program, length: Duration) {
    let mut caller = Caller::new(program.sip(), "4000");
    assert!(caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)));
    let begun = Instant::now();
    caller.speak(|| begun.elapsed() > length);
    assert_eq!(caller.hang_up(PATIENCE), Some(200));
}

#[test]
fn an_encrypted_message_is_exported_checked_held_and_put_under_a_new_key() {
    let mut program = sealed();
    leaves_a_message(&program, Duration::from_millis(2_500));
    wait_until("on record", || {
        let ledger = program.ledger();
        ledger
            .iter()
            .any(|(record, _)| record.recordings.iter().any(|r| r.finished.is_some()))
    });
    let ledger = program.ledger();
    let (record, _) = &ledger[0];
    let (call, file) = (record.call.to_string(), record.recordings[0].file.clone());
    let on_disk = program.recordings().join(format!("{file}.sealed"));
    assert!(!fs::read(&on_disk).unwrap().windows(8).any(|eight| eight == [0x2A; 8]));
    let year = file.split('/').next().unwrap();
    assert!(year.len() == 4 && file.split('/').count() == 4, "by local day: {file}");

    let ok = |arguments: &[&str]| {
        let (done, said) = program.run(&[&["recordings"], arguments].concat());
        assert!(done, "{arguments:?}: {said}");
        said
    };
    assert!(ok(&["list"]).contains("key k2025"));
    let (a_law, linear) = (program.folder().join("a.wav"), program.folder().join("linear.wav"));
    let said = ok(&["export", &call[..20], a_law.to_str().unwrap(), "--by", "王审计"]);
    assert!(said.contains("noted in the record"), "{said}");
    ok(&["export", &file, linear.to_str().unwrap(), "--pcm", "--by", "王审计"]);
    let (a_law, linear) = (fs::read(a_law).unwrap(), fs::read(linear).unwrap());
    let clip = wav::parse(&a_law).unwrap();
    assert_eq!(
        clip.duration().as_millis(),
        u128::from(record.recordings[0].finished.as_ref().unwrap().duration_ms)
    );
    assert!(a_law.windows(8).any(|eight| eight == [0x2A; 8]), "what was said");
    assert_eq!(linear, wav::from_linear(&wav::linear(&clip)));
    let (done, said) = program.run(&["recordings", "export", &file, "/proc/nowhere.wav", "--by", "x"]);
    assert!(!done && !said.contains("noted"), "{said}");

    assert!(ok(&["verify"]).starts_with("1 whole"));
    ok(&["hold", &call, "--by", "李主任", "--note", "复议 7 号"]);
    assert!(ok(&["show", &call]).contains("on legal hold by 李主任: 复议 7 号"));
    assert!(ok(&["purge", "--dry-run"]).contains("0 would be deleted"));
    assert!(ok(&["purge", "--by", "李主任"]).starts_with("0 deleted"));

    keys(program.folder(), &[NEW, OLD]);
    assert!(ok(&["rewrap"]).contains("key k2026: 1 recordings, 1 under the new key"));
    keys(program.folder(), &[NEW]);
    assert!(ok(&["list"]).contains("key k2026"));
    assert!(ok(&["verify"]).starts_with("1 whole"));
    program.signal(Signal::HUP);
    wait_until("reloaded", || {
        program.metric("yihao_reloads_total{outcome=\"done\"}") > 0.0
    });
    leaves_a_message(&program, Duration::from_millis(1_500));
    wait_until("recorded", || {
        program
            .ledger()
            .iter()
            .all(|(r, _)| r.recordings.iter().all(|r| r.finished.is_some()))
    });
    assert!(!ok(&["list"]).contains("k2025"));

    program.stop();
    let events: Vec<EventKind> = program.ledger()[0]
        .1
        .iter()
        .map(|(_, event)| event.kind.clone())
        .collect();
    let looks = events
        .iter()
        .filter(|kind| matches!(kind, EventKind::Revealed { by, .. } if by == "王审计"));
    assert_eq!(looks.count(), 2);
    let held = |kind: &EventKind| matches!(kind, EventKind::RetentionHeld { on: true, .. });
    assert_eq!(events.iter().filter(|kind| held(kind)).count(), 1);

    let mut bytes = fs::read(&on_disk).unwrap();
    bytes[2_000] ^= 1;
    fs::write(&on_disk, bytes).unwrap();
    fs::write(program.recordings().join("somebody.wav"), "x").unwrap();
    let (done, said) = program.run(&["recordings", "verify"]);
    assert!(!done, "{said}");
    assert!(
        said.contains(&format!("damaged    {file}")) && said.contains("unknown    somebody.wav"),
        "{said}"
    );
}

#[test]
fn an_encrypted_message_that_a_kill_cuts_off_is_heard_to_the_last_second() {
    let mut program = sealed();
    let mut caller = Caller::new(program.sip(), "4000");
    assert!(caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)));
    let begun = Instant::now();
    caller.speak(|| begun.elapsed() > Duration::from_millis(3_300));
    program.kill_and_start();
    program.wait_ready();
    program.stop();
    let ledger = program.ledger();
    let recording = &ledger[0].0.recordings[0];
    let facts = recording.finished.as_ref().unwrap();
    assert!(
        facts.duration_ms >= 1_500 && facts.cut_short.as_deref() == Some("interrupted"),
        "{facts:?}"
    );
    let out = program.folder().join("out.wav");
    let (done, said) = program.run(&[
        "recordings",
        "export",
        &recording.file,
        out.to_str().unwrap(),
        "--by",
        "x",
    ]);
    assert!(done && said.contains("when the server runs"), "{said}");
    let clip = wav::parse(&fs::read(out).unwrap()).unwrap();
    assert_eq!(clip.duration().as_millis(), u128::from(facts.duration_ms));

    program.start_again();
    wait_until("noted", || {
        let looked = |kind: &EventKind| matches!(kind, EventKind::Revealed { .. });
        program.ledger()[0].1.iter().any(|(_, event)| looked(&event.kind))
    });
    assert!(program.run(&["recordings", "verify"]).0);
}
