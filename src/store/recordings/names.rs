//! Names of recordings and where they lie: the name that the ledger knows, and the file that it has on the disk now.
//!
//! | on the disk | what |
//! |---|---|
//! | `NAME` | a complete WAV |
//! | `NAME.sealed` | a complete sealed recording |
//! | `….part` | either of them while it grows, or cut off |
//!
//! The ledger's name ends in `.wav` in all cases: so it is read, whatever form it is kept in.

use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::kernel::recording::day_folder;
use crate::kernel::{CallId, Wall};
use crate::store::disk::{Disk, DiskFile};

/// Behind the name of a file that is not complete.
pub(super) const UNFINISHED: &str = ".part";
/// Behind the name of a sealed file.
pub(super) const SEALED: &str = ".sealed";
/// Deepest folder below the recordings' folder: year, month, day.
pub(super) const FOLDERS_MAX: usize = 3;
const NAME_MAX_BYTES: usize = 200;

/// How a recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A WAV file.
    Plain,
    /// Encrypted.
    Sealed,
}

/// A recording's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub path: PathBuf,
    pub form: Form,
    pub complete: bool,
}

/// Whether this is a name that we would give: parts of letters, digits, `-`, `_` and inner dots, at most three folders deep.
/// So no name leads out of the recordings' folder, to a hidden file or to one that is being written.
pub fn is_safe_name(file: &str) -> bool {
    let part_is_safe = |part: &str| {
        let first = part
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        first
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    file.len() <= NAME_MAX_BYTES
        && ![UNFINISHED, SEALED].iter().any(|ending| file.ends_with(ending))
        && file.split('/').count() <= FOLDERS_MAX + 1
        && file.split('/').all(part_is_safe)
}

/// The call that a file's name tells: `…/CALL-n.wav`.
pub fn call_of(file: &str) -> Option<CallId> {
    let name = file.rsplit('/').next()?;
    CallId::parse(name.split(['-', '.']).next()?)
}

/// Whether a file's folder says that it began well after a moment: at least a day, whatever the zone.
pub fn is_later_than(file: &str, moment: Wall) -> bool {
    const DAY_MS: i64 = 86_400_000;
    let after = day_folder(
        Wall::from_millis(moment.as_millis().saturating_add(DAY_MS)),
        &TimeZone::UTC,
    );
    let folder = file.get(..10).filter(|day| {
        let shape = |(i, b): (usize, u8)| {
            if i == 4 || i == 7 {
                b == b'/'
            } else {
                b.is_ascii_digit()
            }
        };
        day.bytes().enumerate().all(shape) && file.as_bytes().get(10) == Some(&b'/')
    });
    folder
        .zip(after.as_deref())
        .is_some_and(|(folder, after)| folder > after)
}

/// Where a recording of this name may lie, the complete files first.
pub(super) fn places(dir: &Path, file: &str) -> io::Result<[Place; 4]> {
    if !is_safe_name(file) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is no name for a recording",
        ));
    }
    let place = |form, complete| Place {
        path: dir.join(format!(
            "{file}{}{}",
            if form == Form::Sealed { SEALED } else { "" },
            if complete { "" } else { UNFINISHED }
        )),
        form,
        complete,
    };
    Ok([
        place(Form::Plain, true),
        place(Form::Sealed, true),
        place(Form::Plain, false),
        place(Form::Sealed, false),
    ])
}

/// The recording of this name, opened. `NotFound`: there is none.
pub(super) fn locate(disk: &dyn Disk, dir: &Path, file: &str) -> io::Result<(Place, Box<dyn DiskFile>)> {
    let places = places(dir, file)?;
    // Twice: while we look, a file that grows may get its name.
    for place in places.iter().chain(&places) {
        match disk.open(&place.path) {
            Ok(handle) => return Ok((place.clone(), handle)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

impl Place {
    /// The same when it is complete.
    pub(super) fn completed(&self) -> PathBuf {
        let path = self.path.as_os_str().as_encoded_bytes();
        match path.strip_suffix(UNFINISHED.as_bytes()) {
            Some(_) if !self.complete => self.path.with_extension(""),
            Some(_) | None => self.path.clone(),
        }
    }
}

/// The recording's name that a file on the disk belongs to, and whether that file is complete.
pub(super) fn logical(on_disk: &str) -> (&str, bool) {
    let whole = on_disk.strip_suffix(UNFINISHED);
    let name = whole.unwrap_or(on_disk);
    (name.strip_suffix(SEALED).unwrap_or(name), whole.is_none())
}

/// Tells each file below the recordings' folder, by its name on the disk relative to that folder.
pub(super) fn walk(disk: &dyn Disk, dir: &Path, tell: &mut dyn FnMut(&str)) -> io::Result<()> {
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let here = dir.join(&folder);
        for name in disk.list(&here)? {
            tell(&join(&folder, &name));
        }
        if depth < FOLDERS_MAX {
            let below = disk.folders(&here)?;
            // The last one pushed is looked into first: in order.
            folders.extend(below.iter().rev().map(|name| (join(&folder, name), depth + 1)));
        }
    }
    Ok(())
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for bad in [
            "",
            "..",
            "../x.wav",
            "a/../x.wav",
            "/etc/x",
            "a//b",
            ".hidden",
            "a/.b",
            "x.part",
            "x.wav.sealed",
            "a\\b",
            "x\0",
            "a/b/c/d/e",
            "é.wav",
            "-rf",
            "x.wav/",
        ] {
            assert!(!is_safe_name(bad), "{bad:?}");
            assert!(places(Path::new("/r"), bad).is_err(), "{bad:?}");
        }
        for good in ["2026/05/01/01J-1.wav", "message/01J-message_1.wav", "x.wav"] {
            assert!(is_safe_name(good), "{good:?}");
        }
        assert!(!is_safe_name(&"x".repeat(201)));
    }

    #[test]
    fn names_lead_to_files_and_back() {
        let places = places(Path::new("/r"), "2026/05/a-1.wav").unwrap();
        let shown: Vec<String> = places.iter().map(|p| p.path.display().to_string()).collect();
        assert_eq!(
            shown,
            [
                "/r/2026/05/a-1.wav",
                "/r/2026/05/a-1.wav.sealed",
                "/r/2026/05/a-1.wav.part",
                "/r/2026/05/a-1.wav.sealed.part"
            ]
        );
        for place in &places {
            let on_disk = place.path.to_str().unwrap().trim_start_matches("/r/");
            assert_eq!(logical(on_disk), ("2026/05/a-1.wav", place.complete));
        }
        assert_eq!(places[2].completed(), places[0].path);
        assert_eq!(places[3].completed(), places[1].path);
        assert_eq!(places[1].completed(), places[1].path);
    }

    #[test]
    fn a_recording_lies_in_the_folder_of_its_local_day() {
        let call = CallId::parse("01M84ABGH3743RRJDCS8KC54EC").unwrap();
        let at = |text: &str| Wall::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let zone = crate::kernel::calendar::zone("Asia/Shanghai").unwrap();
        let file = crate::kernel::recording::file_name(call, 2, at("2026-11-22T16:30:00Z"), &zone);
        assert!(is_safe_name(&file) && call_of(&file) == Some(call));

        assert!(is_later_than(&file, at("2026-11-20T23:00:00Z")));
        assert!(!is_later_than(&file, at("2026-11-22T01:00:00Z")));
        assert!(!is_later_than(&file, at("2027-11-22T01:00:00Z")));
        for undated in ["message/x-1.wav", "2026/11/2x/y.wav", "2099-11-23-1.wav"] {
            assert!(!is_later_than(undated, at("2000-01-01T00:00:00Z")), "{undated}");
        }
    }

    #[test]
    fn a_name_tells_its_call() {
        let call = CallId::parse("01M84ABGH3743RRJDCS8KC54EC").unwrap();
        for file in [
            "2026/11/23/01M84ABGH3743RRJDCS8KC54EC-2.wav",
            "message/01M84ABGH3743RRJDCS8KC54EC-1.wav",
            "01M84ABGH3743RRJDCS8KC54EC.wav",
        ] {
            assert_eq!(call_of(file), Some(call), "{file}");
        }
        assert_eq!(call_of("message/notes.wav"), None);
    }
}
