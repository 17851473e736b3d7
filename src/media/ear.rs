//! Where sound is decoded: jitter buffer, concealment, keys heard as tones, recording, what others are to hear in a mix. Exists
//! only while something listens; knows frames, not where packets came from.

use std::time::Duration;

use super::concealment::Concealer;
use super::dtmf::Detector;
use super::g711::{self, Frame};
use super::jitter::{JitterBuffer, Pull};
use super::mixer::Sound;
use super::recording::Why;
use super::voice::Voice;
use super::{FRAME, FRAME_SAMPLES};
use crate::kernel::{Digit, Law, Mono};

/// The seam where a frame is cut out, samples (10 ms).
const JOIN: usize = 80;

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
    /// Somebody wants the frames themselves.
    attended: bool,
    /// The last turn's frame.
    frame: Frame,
    /// Whether that frame came from a stream, or from one that has only just ended.
    streaming: bool,
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
            attended: false,
            frame: [0; FRAME_SAMPLES],
            streaming: false,
        }
    }

    /// Whether anything still listens.
    pub(super) fn is_needed(&self) -> bool {
        self.detector.is_some() || self.recorder.is_some() || self.attended
    }

    /// Whether the frames themselves are wanted, for a mix or a call's recording.
    pub(super) fn attend(&mut self, on: bool) {
        self.attended = on;
    }

    /// Sound that was heard just before this ear began to listen: a hole that follows is filled from it.
    pub(super) fn remember(&mut self, law: Law, octets: &[u8]) {
        let mut frame = [0; FRAME_SAMPLES];
        let table = g711::decoder(law);
        for (sample, octet) in frame.iter_mut().rev().zip(octets.iter().rev()) {
            *sample = table[usize::from(*octet)];
        }
        self.concealer.good(&mut frame);
        self.streaming = true;
    }

    /// What the last turn gave.
    pub(super) fn said(&self) -> Sound<'_> {
        if self.streaming {
            Sound::of(&self.frame)
        } else {
            Sound::Nothing
        }
    }

    /// Whole frames that have come and were not played yet; they stay.
    pub(super) fn unplayed(&self) -> Vec<Frame> {
        let (mut rest, table) = (self.jitter.clone(), g711::decoder(self.law));
        let octets = std::iter::from_fn(|| rest.pull_rest());
        octets.map(|frame| frame.map(|o| table[usize::from(o)])).collect()
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
    pub(super) fn tick(&mut self, now: Mono) -> Heard {
        self.next_frame(now);
        let mut heard = Heard::default();
        if let Some(detector) = &mut self.detector {
            detector.hear(&self.frame, |digit| heard.digit = Some(digit));
        }
        if let Some(recorder) = &mut self.recorder {
            heard.recorded = Some(g711::encode_frame_a(&self.frame));
            heard.stopped = recorder.tick(&self.frame);
        }
        if heard.stopped.is_some() {
            self.recorder = None;
        }
        heard
    }

    fn next_frame(&mut self, now: Mono) {
        match self.jitter.pull(now) {
            Pull::Frame(octets) => {
                let table = g711::decoder(self.law);
                let linear = |octets: [u8; FRAME_SAMPLES]| octets.map(|o| table[usize::from(o)]);
                self.frame = linear(octets);
                if let Some(next) = self.jitter.pull_excess(now) {
                    self.frame = join(&self.frame, &linear(next));
                }
                self.concealer.good(&mut self.frame);
                self.streaming = true;
            }
            // Fades into silence by itself when nothing comes for longer.
            Pull::Lost | Pull::Empty => {
                self.streaming &= !self.concealer.is_silent();
                self.frame = self.concealer.lost();
            }
        }
    }
}

/// Two frames in the time of one: the first slides into the second.
fn join(first: &Frame, second: &Frame) -> Frame {
    let blend = |i: usize| {
        let (old, new) = (i32::from(first[i]), i32::from(second[i]));
        ((old * (JOIN - i) as i32 + new * i as i32) / JOIN as i32) as i16
    };
    std::array::from_fn(|i| if i < JOIN { blend(i) } else { second[i] })
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
