//! The two ways to a voice: a program (text in, WAV out) and an HTTP service (text in a POST, WAV in the answer).

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{SOUND_MAX_BYTES, SpeechError};

/// Where sound comes from.
#[derive(Clone, Debug)]
pub enum Engine {
    /// Program and arguments; no shell. `YIHAO_LANGUAGE` says the language.
    Command(Vec<String>),
    /// `http://` address; `?lang=` is added.
    Http(String),
}

impl Engine {
    /// Makes the sound of a text.
    pub(super) async fn make(
        &self,
        text: &str,
        language: &'static str,
        timeout: Duration,
    ) -> Result<Vec<u8>, SpeechError> {
        match self {
            Self::Command(argv) => run(argv, text, language).await,
            Self::Http(url) => ask(url, text, language, timeout).await,
        }
    }
}

async fn run(argv: &[String], text: &str, language: &str) -> Result<Vec<u8>, SpeechError> {
    let failed = |e: std::io::Error| SpeechError::Engine(e.to_string());
    let (program, arguments) = argv.split_first().ok_or(SpeechError::NoEngine)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("YIHAO_LANGUAGE", language)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| SpeechError::Engine(format!("{program}: {e}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its text has closed the pipe: its exit status says more than this error.
        let _ = stdin.write_all(text.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(SpeechError::Engine(format!(
            "{program}: {}: {}",
            output.status,
            words.trim()
        )));
    }
    match output.stdout.len() {
        n if n > SOUND_MAX_BYTES => Err(SpeechError::Sound(format!("{n} bytes"))),
        _ => Ok(output.stdout),
    }
}

async fn ask(url: &str, text: &str, language: &'static str, timeout: Duration) -> Result<Vec<u8>, SpeechError> {
    let (url, text) = (format!("{url}?lang={language}"), text.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .build()
            .into();
        let mut response = agent
            .post(&url)
            .content_type("text/plain; charset=utf-8")
            .send(text.as_bytes())?;
        response
            .body_mut()
            .with_config()
            .limit(SOUND_MAX_BYTES as u64)
            .read_to_vec()
    });
    asked
        .await
        .map_err(|e| SpeechError::Engine(e.to_string()))?
        .map_err(|e| SpeechError::Engine(e.to_string()))
}
