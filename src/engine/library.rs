//! The prompts as they are played: recorded pieces loaded once, texts spoken on demand. An operator's file of the same
//! name wins over ours.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::ivr::Language;
use crate::ivr::spoken::Piece;
use crate::media::{Clip, wav};
use crate::speech::{Speaker, SpeechError};

/// Longest pause played, milliseconds.
const PAUSE_MAX_MS: u32 = 10_000;
/// Largest prompt file read, bytes: 20 minutes of A-law.
const FILE_MAX_BYTES: u64 = 10 << 20;

/// A prompt file that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct BadPrompt {
    path: String,
    why: String,
}

/// What a row of pieces comes to.
pub enum Found {
    /// Everything is there.
    Ready(Vec<Arc<Clip>>),
    /// A text has to be spoken first: call [`Library::speak`].
    NeedsVoice,
}

/// All prompts.
pub struct Library {
    folders: Vec<PathBuf>,
    clips: ArcSwap<HashMap<String, Arc<Clip>>>,
    speaker: Speaker,
}

impl Library {
    /// Loads every WAV below the folders; the later folder wins. A file that is no telephone WAV is reported, the rest
    /// is used.
    pub fn load(folders: Vec<PathBuf>, speaker: Speaker) -> (Self, Vec<BadPrompt>) {
        let (clips, bad) = read_all(&folders);
        (
            Self {
                folders,
                clips: ArcSwap::from_pointee(clips),
                speaker,
            },
            bad,
        )
    }

    /// Reads the files again; calls that play keep what they have.
    pub fn reload(&self) -> Vec<BadPrompt> {
        let (clips, bad) = read_all(&self.folders);
        self.clips.store(Arc::new(clips));
        bad
    }

    /// How many prompts there are.
    pub fn len(&self) -> usize {
        self.clips.load().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a prompt or file is there, by its path below the prompts' folder without `.wav`.
    pub fn has(&self, name: &str) -> bool {
        self.clips.load().contains_key(name.trim_end_matches(".wav"))
    }

    /// The clips of a row of pieces, if none of them has to be spoken first. A missing prompt is skipped and logged:
    /// a citizen hears the rest.
    pub fn find(&self, pieces: &[Piece], language: Language) -> Found {
        let clips = self.clips.load();
        let mut row = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(_) => return Found::NeedsVoice,
                Piece::Prompt(_) | Piece::File(_) | Piece::Pause(_) => row.extend(recorded(&clips, piece, language)),
            }
        }
        Found::Ready(row)
    }

    /// The clips of a row of pieces, texts spoken by the engine. A text that cannot be spoken is left out and logged.
    pub async fn speak(&self, pieces: &[Piece], language: Language) -> Vec<Arc<Clip>> {
        let clips = self.clips.load_full();
        let mut row = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => match self.speaker.speak(text, language.code()).await {
                    Ok(clip) => row.push(clip),
                    Err(error) => unspoken(&error),
                },
                Piece::Prompt(_) | Piece::File(_) | Piece::Pause(_) => row.extend(recorded(&clips, piece, language)),
            }
        }
        row
    }
}

fn unspoken(error: &SpeechError) {
    metrics::counter!("yihao_prompts_missing_total").increment(1);
    tracing::error!(%error, "a text could not be spoken: the caller hears the rest");
}

fn recorded(clips: &HashMap<String, Arc<Clip>>, piece: &Piece, language: Language) -> Option<Arc<Clip>> {
    let found = match piece {
        Piece::Prompt(id) => clips
            .get(&format!("{}/{id}", language.code()))
            .or_else(|| clips.get(id)),
        Piece::File(path) => clips.get(path.trim_end_matches(".wav")),
        Piece::Pause(ms) => {
            return Some(Arc::new(Clip::silence(Duration::from_millis(u64::from(
                (*ms).min(PAUSE_MAX_MS),
            )))));
        }
        Piece::Text(_) => None,
    };
    if found.is_none() {
        metrics::counter!("yihao_prompts_missing_total").increment(1);
        tracing::error!(?piece, %language, "a prompt is missing: the caller hears the rest");
    }
    found.cloned()
}

fn read_all(folders: &[PathBuf]) -> (HashMap<String, Arc<Clip>>, Vec<BadPrompt>) {
    let mut clips = HashMap::new();
    let mut bad = Vec::new();
    for folder in folders {
        if let Err(error) = read_folder(folder, folder, &mut clips, &mut bad) {
            bad.push(BadPrompt {
                path: folder.display().to_string(),
                why: error.to_string(),
            });
        }
    }
    clips
        .entry("tone/ringback".to_owned())
        .or_insert_with(|| Arc::new(ringback()));
    clips
        .entry("tone/hold".to_owned())
        .or_insert_with(|| Arc::new(hold_music()));
    (clips, bad)
}

fn read_folder(
    root: &Path,
    folder: &Path,
    clips: &mut HashMap<String, Arc<Clip>>,
    bad: &mut Vec<BadPrompt>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(root, &path, clips, bad)?;
        } else if path.extension().is_some_and(|e| e == "wav") {
            match read_clip(&path) {
                Ok(clip) => {
                    let name = path.with_extension("");
                    let name = name
                        .strip_prefix(root)
                        .unwrap_or(&name)
                        .to_string_lossy()
                        .replace('\\', "/");
                    clips.insert(name, Arc::new(clip));
                }
                Err(why) => bad.push(BadPrompt {
                    path: path.display().to_string(),
                    why,
                }),
            }
        }
    }
    Ok(())
}

fn read_clip(path: &Path) -> Result<Clip, String> {
    let size = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_MAX_BYTES {
        return Err(format!("{size} bytes; a prompt may have {FILE_MAX_BYTES}"));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    wav::parse(&bytes).map_err(|e| e.to_string())
}

/// Ring-back as in China (GB/T 3380): 450 Hz, one second on, four seconds off.
fn ringback() -> Clip {
    let samples = (0..40_000).map(|n| match n < 8_000 {
        true => (f64::sin(std::f64::consts::TAU * 450.0 * f64::from(n) / 8_000.0) * 6_000.0) as i16,
        false => 0,
    });
    Clip::from_linear(samples)
}

/// Something to hear on hold until an operator puts `tone/hold.wav` in its place: four soft chimes of a pentatonic scale, then a
/// pause, so that nobody takes it for a signal tone or for a dead line.
fn hold_music() -> Clip {
    const NOTES_HZ: [f64; 4] = [523.25, 659.26, 783.99, 659.26];
    const NOTE: u32 = 4_800;
    const LENGTH: u32 = 32_000;
    let samples = (0..LENGTH).map(|n| {
        let note = NOTES_HZ.get((n / NOTE) as usize);
        let t = f64::from(n % NOTE) / 8_000.0;
        let attack = (t * 100.0).min(1.0);
        let chime = |hz: &f64| (std::f64::consts::TAU * hz * t).sin() * attack * (-4.0 * t).exp() * 4_000.0;
        note.map_or(0, |hz| chime(hz) as i16)
    });
    Clip::from_linear(samples)
}
