//! Speaking texts that nobody recorded: a program or an HTTP service makes the sound, a folder keeps it. Knows no call;
//! a text that cannot be spoken is an error for the caller of [`Speaker::speak`], never a silence that nobody notices.

mod cache;
mod engine;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use cache::Cache;
pub use engine::Engine;

use crate::media::Clip;
use crate::media::wav;

/// Longest text handed to an engine, characters: an article is read in parts.
pub const TEXT_MAX_CHARS: usize = 500;
/// Largest sound taken from an engine, bytes: ten minutes of 16-bit samples at 8 kHz.
pub const SOUND_MAX_BYTES: usize = 10 * 60 * 16_000;

/// What can go wrong between a text and its sound.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// No engine is configured.
    #[error("no speech engine is configured (prompts.engine)")]
    NoEngine,
    /// The text is longer than [`TEXT_MAX_CHARS`].
    #[error("the text has {0} characters; an engine is given {TEXT_MAX_CHARS} at most")]
    TooLong(usize),
    /// The engine did not answer in time.
    #[error("the speech engine gave no sound within {0:?}")]
    TimedOut(Duration),
    /// The engine said no, or nothing usable.
    #[error("the speech engine failed: {0}")]
    Engine(String),
    /// What it gave is no telephone WAV.
    #[error("the speech engine's sound cannot be used: {0}")]
    Sound(String),
}

/// An engine and its cache.
pub struct Speaker {
    engine: Option<Engine>,
    cache: Cache,
    timeout: Duration,
}

impl Speaker {
    /// A speaker; without an engine it speaks from its cache alone.
    pub fn new(engine: Option<Engine>, cache_dir: PathBuf, cache_max_bytes: u64, timeout: Duration) -> Self {
        Self {
            engine,
            cache: Cache::new(cache_dir, cache_max_bytes),
            timeout,
        }
    }

    /// The sound of `text` in the language with this tag (`zh`, `en`), made once and kept.
    pub async fn speak(&self, text: &str, language: &'static str) -> Result<Arc<Clip>, SpeechError> {
        let count = text.chars().count();
        if count > TEXT_MAX_CHARS {
            return Err(SpeechError::TooLong(count));
        }
        if let Some(bytes) = self.cache.get(text, language)
            && let Ok(clip) = wav::parse(&bytes)
        {
            return Ok(Arc::new(clip));
        }
        let engine = self.engine.as_ref().ok_or(SpeechError::NoEngine)?;
        let bytes = tokio::time::timeout(self.timeout, engine.make(text, language, self.timeout))
            .await
            .map_err(|_| SpeechError::TimedOut(self.timeout))??;
        let clip = wav::parse(&bytes).map_err(|e| SpeechError::Sound(e.to_string()))?;
        if let Err(error) = self.cache.put(text, language, &bytes) {
            tracing::warn!(%error, "a spoken text could not be kept");
        }
        Ok(Arc::new(clip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(engine: Option<Engine>, dir: &std::path::Path) -> Speaker {
        Speaker::new(engine, dir.to_owned(), 1 << 20, Duration::from_secs(5))
    }

    /// A WAV of 0.1 s: 800 samples of A-law silence.
    fn wav_file(dir: &std::path::Path) -> PathBuf {
        let path = dir.join("made.wav");
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0\x06\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\0\0data".to_vec();
        bytes.extend_from_slice(&800u32.to_le_bytes());
        bytes.extend_from_slice(&[0xD5; 800]);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[tokio::test]
    async fn a_text_is_made_once_and_then_kept() {
        let dir = tempfile::tempdir().unwrap();
        let source = wav_file(dir.path());
        let argv = vec!["cat".to_owned(), source.display().to_string()];
        let cache = dir.path().join("cache");
        let first = speaker(Some(Engine::Command(argv)), &cache)
            .speak("您好", "zh")
            .await
            .unwrap();
        assert_eq!(first.duration(), Duration::from_millis(100));
        let again = speaker(None, &cache).speak("您好", "zh").await.unwrap();
        assert_eq!(
            again.duration(),
            Duration::from_millis(100),
            "from the cache, without an engine"
        );
        assert!(matches!(
            speaker(None, &cache).speak("您好", "en").await,
            Err(SpeechError::NoEngine)
        ));
    }

    #[tokio::test]
    async fn an_engine_that_fails_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let argv = vec!["sh".to_owned(), "-c".to_owned(), "echo no voice >&2; exit 3".to_owned()];
        let error = speaker(Some(Engine::Command(argv)), dir.path())
            .speak("您好", "zh")
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no voice"), "{error}");
    }

    #[tokio::test]
    async fn an_engine_that_gives_noise_instead_of_a_wav_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let argv = vec!["echo".to_owned(), "hello".to_owned()];
        let error = speaker(Some(Engine::Command(argv)), dir.path())
            .speak("您好", "zh")
            .await
            .unwrap_err();
        assert!(matches!(error, SpeechError::Sound(_)), "{error}");
    }
}
