//! `yihao recordings list` and `show`.

use std::process::ExitCode;

use super::{find, folder};
use crate::cli::{Done, calls, say, table};
use crate::config::Config;
use crate::kernel::EventKind;
use crate::store::disk::RealDisk;
use crate::store::ledger::{Ledger, Listed};
use crate::store::recordings;

pub(super) async fn list(config: &Config, ledger: &Ledger, limit: u32) -> Done {
    let rows: Vec<Vec<String>> = ledger
        .recordings_latest(limit)
        .await?
        .iter()
        .map(|listed| row(config, listed))
        .collect();
    table::print(&["began", "length", "purpose", "kept as", "hold", "recording"], &rows);
    Ok(ExitCode::SUCCESS)
}

fn row(config: &Config, listed: &Listed) -> Vec<String> {
    vec![
        table::time(listed.started_at, &config.time_zone),
        listed.duration_ms.map_or_else(|| "(open)".to_owned(), table::seconds),
        listed.purpose.clone(),
        form(config, listed),
        if listed.held { "held".to_owned() } else { String::new() },
        listed.file.clone(),
    ]
}

/// How the file is kept, as it lies on the disk.
fn form(config: &Config, listed: &Listed) -> String {
    if let Some(at) = listed.purged_at {
        return format!("deleted {}", table::time(at, &config.time_zone));
    }
    match recordings::key_of(&RealDisk, &folder(config), &listed.file) {
        Ok(Some(key)) => format!("key {key}"),
        Ok(None) => "plain WAV".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no file".to_owned(),
        Err(error) => format!("unreadable: {error}"),
    }
}

pub(super) async fn show(config: &Config, ledger: &Ledger, call: &str) -> Done {
    let record = find(ledger, call).await?;
    let began = record.invite_at.unwrap_or(record.last_event_at);
    say(format_args!(
        "call {}\narrived {}\n",
        record.call,
        table::time(began, &config.time_zone)
    ));
    if let Some(hold) = &record.legal_hold {
        say(format_args!("on legal hold by {}: {}\n", hold.by, hold.note));
    }
    for listed in ledger.recordings_of(record.call).await? {
        say(format_args!(
            "\n{}\n  {}\n",
            listed.file,
            row(config, &listed)[..5].join("  ").trim_end()
        ));
        if let Some(sha256) = listed.sha256.filter(|sha256| !sha256.is_empty()) {
            say(format_args!("  SHA-256 {sha256}\n"));
        }
    }
    say(format_args!("\n"));
    for (_, event) in ledger.call_events(record.call).await? {
        let about_recordings = matches!(
            event.kind,
            EventKind::RecordingStarted { .. }
                | EventKind::RecordingEnded { .. }
                | EventKind::RecordingMasked { .. }
                | EventKind::RetentionHeld { .. }
                | EventKind::RecordingPurged { .. }
                | EventKind::Revealed { .. }
        );
        if about_recordings {
            say(format_args!("  {}\n", calls::line(&event, began, false)));
        }
    }
    Ok(ExitCode::SUCCESS)
}
