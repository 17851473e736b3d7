//! All sessions of one worker and who hears whom: bridges, mixes, and the recordings of whole calls. It refuses to know sockets,
//! files and why anybody is to hear anybody.
//!
//! - A **bridge** passes packets on between two sessions at once, as they come; nothing is decoded.
//! - A **mix** ([`circle`](self)) decodes its members' sound and gives each the sum of those it is to hear. Its members take
//!   their turns together, at the turn of the first of them, so that what is said in a turn is heard in the same turn: a mix
//!   delays sound by no more than its jitter buffers do.
//! - A **tape** ([`tape`](self)) records one session's call in two channels. A bridge in which somebody is recorded takes its turns
//!   together like a mix, so that both channels have the same time, while its packets pass as in any bridge.

mod circle;
mod joining;
mod tape;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::mixer::Sound;
use super::{
    DigitSource, FRAME_SAMPLES, MediaCommand, MediaOutput, QualityStats, RecordingWhy, Session, SessionConfig,
};
use crate::kernel::{AudioParams, MediaId, Mono};

use super::session::Destination;
use circle::Circle;
use tape::Tape;

/// Octets of a tape's turn: two channels, a sample of each in turn.
pub const TAPE_FRAME_BYTES: usize = 2 * FRAME_SAMPLES;

/// A session of a [`Switch`]: its number there, used again after its end, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The number.
    pub place: u32,
    /// The name.
    pub id: MediaId,
}

/// Where a switch's packets, frames and news go. Called in the middle of its work: note it down and return.
pub trait Outlet {
    /// A packet leaves one of a session's two ports.
    fn send(&mut self, seat: Seat, port: Destination, to: SocketAddr, packet: &[u8]);
    /// Something happened on a session; neither [`MediaOutput::Forward`] nor [`MediaOutput::RecordingFrame`].
    fn tell(&mut self, seat: Seat, output: MediaOutput);
    /// 20 ms for a session's recording, A-law: [`FRAME_SAMPLES`] octets, or [`TAPE_FRAME_BYTES`] of a call in two channels.
    fn record(&mut self, seat: Seat, samples: &[u8]);
}

/// All sessions of one worker.
#[derive(Debug, Default)]
pub struct Switch {
    lines: Vec<Option<Box<Line>>>,
    vacant: Vec<u32>,
    places: HashMap<MediaId, u32>,
    circles: Vec<Option<Box<Circle>>>,
    /// Places whose bridge has begun or ended since this was last asked for.
    rebridged: Vec<u32>,
}

#[derive(Debug)]
struct Line {
    id: MediaId,
    session: Session,
    /// Whom packets are passed on to.
    peer: Option<u32>,
    /// With whom turns are taken.
    circle: Option<u32>,
    tape: Option<Tape>,
}

impl Switch {
    /// Opens a session. `None`: there is one of that name, or no room for another.
    pub fn open(&mut self, id: MediaId, config: SessionConfig, now: Mono) -> Option<u32> {
        if self.places.contains_key(&id) {
            return None;
        }
        let line = Box::new(Line {
            id,
            session: Session::new(config, now),
            peer: None,
            circle: None,
            tape: None,
        });
        let place = match self.vacant.pop() {
            Some(place) => {
                self.lines[place as usize] = Some(line);
                place
            }
            None => {
                let place = u32::try_from(self.lines.len()).ok()?;
                self.lines.push(Some(line));
                place
            }
        };
        self.places.insert(id, place);
        Some(place)
    }

    /// Where a session sits.
    pub fn place(&self, id: MediaId) -> Option<u32> {
        self.places.get(&id).copied()
    }

    /// Takes a session out of all company and lets it say good-bye (RTCP BYE).
    pub fn farewell(&mut self, id: MediaId, now: Mono, outlet: &mut impl Outlet) {
        let Some(place) = self.place(id) else { return };
        self.stop_tape(place, RecordingWhy::Closed, outlet);
        self.unbridge(id, now);
        self.command(id, MediaCommand::Close, now, outlet);
        // A turn of its own, whenever the last one was: a session refuses turns that come too soon.
        self.tick(place, now + super::FRAME, outlet);
    }

    /// Forgets a session that has said good-bye; its place is free.
    pub fn remove(&mut self, id: MediaId, now: Mono) -> Option<u32> {
        self.unbridge(id, now);
        let place = self.places.remove(&id)?;
        self.rebridged.retain(|p| *p != place);
        self.lines[place as usize] = None;
        self.vacant.push(place);
        Some(place)
    }

    /// Tells a session what was agreed on.
    pub fn negotiate(&mut self, id: MediaId, params: AudioParams, now: Mono, outlet: &mut impl Outlet) {
        if let Some((place, line)) = self.find(id) {
            line.session.negotiate(params, now);
            self.drain(place, now, outlet);
        }
    }

    /// Carries out a command.
    pub fn command(&mut self, id: MediaId, command: MediaCommand, now: Mono, outlet: &mut impl Outlet) {
        let Some((place, line)) = self.find(id) else {
            return;
        };
        let stop = matches!(command, MediaCommand::StopRecording);
        line.session.command(command, now);
        if stop {
            self.stop_tape(place, RecordingWhy::Asked, outlet);
            self.settle(&[place], now);
        }
        self.drain(place, now, outlet);
    }

    /// Figures of a session so far.
    pub fn stats(&self, id: MediaId) -> Option<QualityStats> {
        let line = self.lines.get(self.place(id)? as usize)?.as_ref()?;
        Some(line.session.stats())
    }

    /// A packet has come to one of a session's ports.
    pub fn receive(
        &mut self,
        place: u32,
        port: Destination,
        from: SocketAddr,
        packet: &[u8],
        now: Mono,
        outlet: &mut impl Outlet,
    ) {
        let Some(line) = self.line(place) else { return };
        match port {
            Destination::Rtp => line.session.handle_rtp(packet, from, now),
            Destination::Rtcp => line.session.handle_rtcp(packet, from, now),
        }
        self.drain(place, now, outlet);
    }

    /// A session's turn, each 20 ms. Who is in company takes it when the first of them has it.
    pub fn tick(&mut self, place: u32, now: Mono, outlet: &mut impl Outlet) {
        let Some(line) = self.line(place) else { return };
        match line.circle {
            Some(circle) => self.tick_circle(circle, place, now, outlet),
            None => self.tick_alone(place, now, outlet),
        }
    }

    /// A session whose bridge has begun (true) or ended, since this was last asked; call until `None`.
    pub fn next_rebridged(&mut self) -> Option<(u32, bool)> {
        let place = self.rebridged.pop()?;
        let bridged = self.line(place).is_some_and(|line| line.peer.is_some());
        Some((place, bridged))
    }

    fn tick_alone(&mut self, place: u32, now: Mono, outlet: &mut impl Outlet) {
        let Some(line) = self.line(place) else { return };
        let seat = line.seat(place);
        if let Some(turns) = line.session.begin_turn(now) {
            for _ in 0..turns {
                line.session.listen(now);
                line.tape_turn(place, Sound::Nothing, outlet);
            }
            line.session.end_turn(now, Sound::Nothing, &mut |port, to, packet| {
                outlet.send(seat, port, to, packet)
            });
        }
        self.after_turn(place, now, outlet);
    }

    /// Carries away what a session has to say, and lets go of a tape that is full.
    fn after_turn(&mut self, place: u32, now: Mono, outlet: &mut impl Outlet) {
        if self.line(place).is_some_and(|line| line.tape_is_full()) {
            self.stop_tape(place, RecordingWhy::MaxDuration, outlet);
            self.settle(&[place], now);
        }
        self.drain(place, now, outlet);
    }

    /// Carries away what a session has to say.
    fn drain(&mut self, place: u32, now: Mono, outlet: &mut impl Outlet) {
        while let Some(line) = self.line(place) {
            let (seat, peer) = (line.seat(place), line.peer);
            let Some(output) = line.session.next_output() else {
                return;
            };
            match output {
                MediaOutput::Forward(frame) => {
                    if let Some((place, peer)) = peer.and_then(|place| Some((place, self.line(place)?))) {
                        let seat = peer.seat(place);
                        peer.session
                            .forward(&frame, now, &mut |port, to, packet| outlet.send(seat, port, to, packet));
                    }
                }
                MediaOutput::RecordingFrame(frame) => outlet.record(seat, &frame),
                output @ (MediaOutput::PlayFinished(_)
                | MediaOutput::Digit { .. }
                | MediaOutput::Dead
                | MediaOutput::Alive
                | MediaOutput::RecordingStopped(_)
                | MediaOutput::StrangerDropped) => {
                    if let MediaOutput::Digit {
                        digit,
                        source: DigitSource::Rfc4733,
                    } = output
                    {
                        self.pass_key(place, digit, now);
                    }
                    outlet.tell(seat, output);
                }
            }
        }
    }

    fn find(&mut self, id: MediaId) -> Option<(u32, &mut Line)> {
        let place = self.place(id)?;
        Some((place, self.line(place)?))
    }

    fn line(&mut self, place: u32) -> Option<&mut Line> {
        self.lines.get_mut(place as usize)?.as_deref_mut()
    }
}

impl Line {
    fn seat(&self, place: u32) -> Seat {
        Seat { place, id: self.id }
    }
}

/// Longest tape that can be asked for.
const TAPE_MAX: Duration = Duration::from_secs(24 * 3_600);
