//! Where sound is decoded: jitter buffer, concealment, keys heard as tones, recording. Exists only while something listens; knows
//! frames, not where packets came from.

use std::time::Duration;

use super::concealment::Concealer;
use super::dtmf::Detector;
use super::g711::{self, Frame};
use super::jitter::{JitterBuffer, Pull};
use super::recording::Why;
use super::voice::Voice;
use super::{FRAME, FRAME_SAMPLES};
use crate::kernel::{Digit, Law, Mono};

/// What one turn of listening gave.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) recorded: Option<[u8; FRAME_SAMPLES]>,
    pub(super) stopped: Option<Why>,
    pub(super) digit: Option<Digit>,
}

#[derive(Debug)]
pub(super) struct Ear {
    jitter: JitterBuffer,
    concealer: Concealer,
    law: Law,
    detector: Option<Detector>,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
struct Recorder {
    left: Duration,
    stop_after_silence: Option<Duration>,
    silent_for: Duration,
    voice: Voice,
}

impl Ear {
    pub(super) fn new(law: Law) -> Self {
        Self {
            jitter: JitterBuffer::default(),
            concealer: Concealer::default(),
            law,
            detector: None,
            recorder: None,
        }
    }

    /// Whether anything still listens.
    pub(super) fn is_needed(&self) -> bool {
        self.detector.is_some() || self.recorder.is_some()
    }

    pub(super) fn listen_for_keys(&mut self, on: bool) {
        self.detector = on.then(|| self.detector.take().unwrap_or_default());
    }

    pub(super) fn record(&mut self, max: Duration, stop_after_silence: Option<Duration>) {
        self.recorder = Some(Recorder {
            left: max,
            stop_after_silence,
            silent_for: Duration::ZERO,
            voice: Voice::default(),
        });
    }

    /// True if a recording was running.
    pub(super) fn stop_recording(&mut self) -> bool {
        self.recorder.take().is_some()
    }

    /// A packet of sound in `law`.
    pub(super) fn push(&mut self, law: Law, timestamp: u32, payload: &[u8], now: Mono) {
        if law != self.law {
            self.law = law;
            self.restart();
        }
        self.jitter.push(timestamp, payload, now);
    }

    /// The source changed: what follows has nothing to do with what came before.
    pub(super) fn restart(&mut self) {
        self.jitter = JitterBuffer::default();
    }

    /// One turn: always exactly one frame, so that a recording is as long as the time it took.
    pub(super) fn tick(&mut self) -> Heard {
        let frame = self.next_frame();
        let mut heard = Heard::default();
        if let Some(detector) = &mut self.detector {
            detector.hear(&frame, |digit| heard.digit = Some(digit));
        }
        if let Some(recorder) = &mut self.recorder {
            heard.recorded = Some(g711::encode_frame_a(&frame));
            heard.stopped = recorder.tick(&frame);
        }
        if heard.stopped.is_some() {
            self.recorder = None;
        }
        heard
    }

    fn next_frame(&mut self) -> Frame {
        match self.jitter.pull() {
            Pull::Frame(octets) => {
                let table = g711::decoder(self.law);
                let mut frame = octets.map(|o| table[usize::from(o)]);
                if super::voice::level(&frame) < 200 {
                    self.jitter.shorten_in_pause();
                }
                self.concealer.good(&mut frame);
                frame
            }
            // Fades into silence by itself when nothing comes for longer.
            Pull::Lost | Pull::Empty => self.concealer.lost(),
        }
    }
}

impl Recorder {
    fn tick(&mut self, frame: &Frame) -> Option<Why> {
        self.silent_for = if self.voice.hear(frame) {
            Duration::ZERO
        } else {
            self.silent_for + FRAME
        };
        self.left = self.left.saturating_sub(FRAME);
        if self.left.is_zero() {
            return Some(Why::MaxDuration);
        }
        self.stop_after_silence
            .is_some_and(|limit| self.silent_for >= limit)
            .then_some(Why::Silence)
    }
}
