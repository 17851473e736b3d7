//! One leg's RTP session: packets and turns of the wheel in, packets and events out. Knows one stream each way; it refuses to know
//! the other legs (a [`super::Switch`] hands frames across), sockets, and what a call is.
//!
//! - [`receive`](self): whose packets are heard, and what they carry.
//! - [`send`](self): the one place where sequence numbers and timestamps of ours are made.
//! - [`company`](self): what it gives to a mix and gets from it.
//! - [`report`](self): RTCP.

mod company;
mod forward;
mod receive;
mod report;
mod send;
mod types;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::dtmf::{EventReceiver, EventSender};
use super::ear::Ear;
use super::latch::{ControlLatch, Latch};
use super::mixer::Sound;
use super::prompt::Playlist;
use super::reception::Reception;
use super::recording::Why;
use super::watch::{Change, Watch};
use crate::kernel::{AudioParams, Digit, Direction, Mono};

pub use forward::{ForwardFrame, ForwardKind};
pub use types::{Destination, DigitSource, Idle, MediaCommand, MediaOutput, QualityStats, SessionConfig};

use company::Tail;
use report::Reports;
use send::Transmitter;

/// Events that may wait to be fetched. The engine fetches them after each call, so this is never met.
const OUTPUTS_MAX: usize = 1_024;
/// Turns that are made up for at once when the wheel was stuck (5 s).
const MISSED_MAX: u32 = 250;

/// One leg's RTP session.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    params: Option<AudioParams>,
    latch: Latch,
    control: ControlLatch,
    reception: Reception,
    events: EventReceiver,
    /// The other leg's keys, where they have to become tones.
    forwarded_events: EventReceiver,
    watch: Watch,
    transmitter: Transmitter,
    reports: Reports,
    playlist: Option<Playlist>,
    /// Keys on their way out; exists while there are any.
    keys: Option<Box<EventSender>>,
    /// Decoded listening; exists while something records or listens for tones.
    ear: Option<Box<Ear>>,
    outputs: VecDeque<MediaOutput>,
    bridged: bool,
    /// The last packet that was handed out for the other leg; exists while there is one.
    tail: Option<Box<Tail>>,
    stranger_told: bool,
    life: Life,
    received: u64,
    received_octets: u64,
    strangers: u64,
    ignored: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    /// The next turn says goodbye.
    Closing,
    Closed,
}

impl Session {
    /// A session that neither sends nor hears until it is negotiated.
    pub fn new(config: SessionConfig, now: Mono) -> Self {
        Self {
            params: None,
            latch: Latch::new(config.signalling_ip),
            control: ControlLatch::default(),
            reception: Reception::default(),
            events: EventReceiver::default(),
            forwarded_events: EventReceiver::default(),
            watch: Watch::new(config.dead_after, now),
            transmitter: Transmitter::new(&config),
            reports: Reports::default(),
            playlist: None,
            keys: None,
            ear: None,
            outputs: VecDeque::new(),
            bridged: false,
            tail: None,
            stranger_told: false,
            life: Life::Open,
            received: 0,
            received_octets: 0,
            strangers: 0,
            ignored: 0,
            config,
        }
    }

    /// Takes over what offer and answer agreed on; the first time and at each re-offer (hold, another address, another law).
    pub fn negotiate(&mut self, params: AudioParams, now: Mono) {
        self.latch.negotiate(params.remote_rtp);
        self.control.negotiate(params.remote_rtcp);
        self.stranger_told = false;
        self.reports.begin(self.config.ssrc, now);
        let expecting = params.direction == Direction::SendRecv && params.remote_rtp.is_some();
        let change = self.watch.expect(expecting, now);
        self.tell_change(change);
        let tones = self.config.inband_dtmf && params.dtmf_payload_type.is_none();
        if tones || self.ear.is_some() {
            self.ear_for(&params).listen_for_keys(tones);
        }
        self.params = Some(params);
        self.drop_idle_ear();
    }

    /// One turn of the wheel, each 20 ms. `out` gets at most the turn's sound, and now and then a report.
    ///
    /// Turns that the wheel missed may be made up for by calling in quick succession; a session that is more than 100 ms behind
    /// leaps ahead by itself, and calls too many do nothing.
    pub fn tick(&mut self, now: Mono, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        if let Some(turns) = self.begin_turn(now) {
            (0..turns).for_each(|_| self.listen(now));
            self.end_turn(now, Sound::Nothing, out);
        }
    }

    /// The first half of a turn, where several sessions take theirs together: how often [`Self::listen`] is now to be called, more
    /// than once if the wheel was stuck; then [`Self::end_turn`]. `None`: this call is one too many, there is no turn.
    pub fn begin_turn(&mut self, now: Mono) -> Option<u32> {
        let turns = self.transmitter.turn(now)?;
        match self.life {
            Life::Open => {
                let change = self.watch.tick(now);
                self.tell_change(change);
                Some(turns.min(MISSED_MAX))
            }
            Life::Closing => Some(0),
            Life::Closed => None,
        }
    }

    /// The second half of a turn: sends its sound, which is `mixed` if this leg has nothing of its own to send.
    pub fn end_turn(&mut self, now: Mono, mixed: Sound<'_>, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        if self.life == Life::Closing {
            self.life = Life::Closed;
            self.send_report(now, true, out);
            return;
        }
        self.send_sound(mixed, now, out);
        if self.reports.is_due(now) {
            self.send_report(now, false, out);
        }
    }

    /// Carries out a command.
    pub fn command(&mut self, command: MediaCommand, now: Mono) {
        match command {
            MediaCommand::Play { id, clips, repeat } => self.playlist = Some(Playlist::new(id, clips, repeat)),
            MediaCommand::StopPlaying => self.playlist = None,
            MediaCommand::StartRecording {
                max,
                stop_after_silence,
            } => {
                self.stop_recording(Why::Asked);
                if let Some(params) = self.params.take() {
                    self.ear_for(&params).record(max, stop_after_silence);
                    self.params = Some(params);
                } else {
                    self.ear
                        .get_or_insert_with(|| Box::new(Ear::new(crate::kernel::Law::A)))
                        .record(max, stop_after_silence);
                }
            }
            MediaCommand::StopRecording => self.stop_recording(Why::Asked),
            MediaCommand::SendDigits(digits) => self.send_digits(digits),
            MediaCommand::Bridge(on) => self.set_bridged(on),
            MediaCommand::WatchDead(on) => {
                let change = self.watch.arm(on, now);
                self.tell_change(change);
            }
            MediaCommand::Close => self.close(),
        }
    }

    /// The next event; fetched until `None` after each call.
    pub fn next_output(&mut self) -> Option<MediaOutput> {
        let output = self.outputs.pop_front();
        // A parked call keeps no room for events. One that records or is bridged needs it each turn.
        if output.is_none() && self.outputs.capacity() > 0 && self.ear.is_none() && !self.bridged {
            self.outputs = VecDeque::new();
        }
        output
    }

    /// Whether Close has been carried out, farewell included.
    pub fn is_closed(&self) -> bool {
        self.life == Life::Closed
    }

    /// Where sound goes, if it may go anywhere.
    pub fn remote(&self) -> Option<SocketAddr> {
        let params = self.params.as_ref()?;
        params.remote_rtp?;
        params.direction.sends().then(|| self.latch.destination())?
    }

    /// Figures so far.
    pub fn stats(&self) -> QualityStats {
        QualityStats {
            packets_sent: u64::from(self.transmitter.packets()),
            octets_sent: u64::from(self.transmitter.octets()),
            packets_received: self.received,
            octets_received: self.received_octets,
            packets_lost: u64::from(self.reception.lost()),
            jitter_ms: self.reception.jitter() / 8,
            round_trip: self.reports.round_trip(),
            remote_packets_lost: self.reports.remote_lost(),
            remote_jitter_ms: self.reports.remote_jitter_ms(),
            strangers_dropped: self.strangers,
            ignored: self.ignored,
            source: self.latch.believed(),
        }
    }

    fn send_digits(&mut self, digits: impl IntoIterator<Item = Digit>) {
        self.keys.get_or_insert_default().push(digits);
    }

    fn close(&mut self) {
        if self.life != Life::Open {
            return;
        }
        self.stop_recording(Why::Closed);
        self.ear = None;
        self.playlist = None;
        self.keys = None;
        self.life = Life::Closing;
    }

    /// One turn of decoded listening, in the middle of a turn.
    pub fn listen(&mut self, now: Mono) {
        let Some(ear) = &mut self.ear else { return };
        let heard = ear.tick(now);
        if let Some(frame) = heard.recorded {
            self.tell(MediaOutput::RecordingFrame(frame));
        }
        if let Some(digit) = heard.digit {
            self.tell(MediaOutput::Digit {
                digit,
                source: DigitSource::Inband,
            });
        }
        if let Some(why) = heard.stopped {
            self.tell(MediaOutput::RecordingStopped(why));
            self.drop_idle_ear();
        }
    }

    fn stop_recording(&mut self, why: Why) {
        if self.ear.as_mut().is_some_and(|ear| ear.stop_recording()) {
            self.tell(MediaOutput::RecordingStopped(why));
        }
        self.drop_idle_ear();
    }

    fn ear_for(&mut self, params: &AudioParams) -> &mut Ear {
        self.ear.get_or_insert_with(|| Box::new(Ear::new(params.law)))
    }

    fn drop_idle_ear(&mut self) {
        if self.ear.as_ref().is_some_and(|ear| !ear.is_needed()) {
            self.ear = None;
        }
    }

    fn tell_change(&mut self, change: Option<Change>) {
        match change {
            Some(Change::Dead) => self.tell(MediaOutput::Dead),
            Some(Change::Alive) => self.tell(MediaOutput::Alive),
            None => {}
        }
    }

    fn tell(&mut self, output: MediaOutput) {
        if self.outputs.len() < OUTPUTS_MAX {
            self.outputs.push_back(output);
        }
    }
}
