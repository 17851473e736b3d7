//! `yihao recordings export`: a recording as a WAV file for people. Nothing leaves before it is noted, durably, who asked.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{answer, find, folder, note, person, vault};
use crate::cli::{Done, complain, say, table};
use crate::config::Config;
use crate::kernel::EventKind;
use crate::store::disk::RealDisk;
use crate::store::ledger::{Ledger, Listed};
use crate::store::recordings::{Reader, Samples};

/// What to write where.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The recording as `list` names it, or the id of a call (or its beginning) that has one recording
    #[arg(value_name = "FILE|CALL")]
    what: String,
    /// The WAV file to be made; it must not exist
    #[arg(value_name = "OUT.wav")]
    out: PathBuf,
    /// 16-bit linear samples, for programs that know no A-law
    #[arg(long)]
    pcm: bool,
    /// Who asks; it is noted in the call's record
    #[arg(long, value_name = "WHO", value_parser = person)]
    by: String,
}

pub(super) async fn run(config: &Config, ledger: &Ledger, wanted: &Arguments) -> Done {
    let listed = choose(ledger, &wanted.what).await?;
    let samples = if wanted.pcm { Samples::Linear } else { Samples::ALaw };
    let mut reader = Reader::open(&RealDisk, &folder(config), &listed.file, &vault(config)?, samples)
        .map_err(|error| format!("{}: {error}", listed.file))?;
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&wanted.out)
        .map_err(|error| format!("{}: {error}", wanted.out.display()))?;
    let looked = EventKind::Revealed {
        by: wanted.by.clone(),
        what: format!("recording: {} (exported)", listed.file),
    };
    let written = note(config, listed.call, looked).and_then(|receipt| {
        let mut buffered = BufWriter::new(&mut out);
        let copied = reader.copy_to(&mut buffered).map_err(std::io::Error::other);
        copied.and_then(|()| buffered.flush()).map(|()| receipt)
    });
    let receipt = match written {
        Ok(receipt) => receipt,
        Err(error) => {
            drop(out);
            let _ = std::fs::remove_file(&wanted.out); // half a recording is worse than none
            return Err(format!("{}: {error}", listed.file).into());
        }
    };
    out.sync_all()?;
    say(format_args!(
        "{}: {}, {} channels{}\n",
        wanted.out.display(),
        table::seconds(reader.duration_ms()),
        reader.channels(),
        if reader.is_complete() {
            ""
        } else {
            ", as far as it has come"
        }
    ));
    match answer(&receipt).await? {
        Some(answer) if answer.done => say(format_args!("noted in the record of call {}\n", listed.call)),
        Some(answer) => complain(&format!("not noted: {}", answer.text)),
        None => say(format_args!(
            "noted; it comes into the record of call {} when the server runs\n",
            listed.call
        )),
    }
    Ok(ExitCode::SUCCESS)
}

/// The recording that is meant. One that the ledger does not know is given to nobody: no record could say who heard it.
async fn choose(ledger: &Ledger, what: &str) -> Result<Listed, Box<dyn std::error::Error>> {
    if let Some(listed) = ledger.recording(what).await? {
        return Ok(listed);
    }
    if what.contains(['/', '.']) {
        return Err(format!("the ledger knows no recording {what:?}").into());
    }
    let record = find(ledger, what).await?;
    let mut all = ledger.recordings_of(record.call).await?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(format!("call {} has no recording", record.call).into()),
        (Some(last), false) => {
            all.push(last);
            let files: Vec<String> = all.into_iter().map(|listed| listed.file).collect();
            Err(format!("call {} has several recordings: {}", record.call, files.join(", ")).into())
        }
    }
}
