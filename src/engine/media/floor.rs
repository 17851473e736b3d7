//! The sessions of one worker with their sockets and files: what the switch between them gives leaves here. Knows no time of its
//! own and never waits; who hears whom is the switch's.

use std::io;
use std::net::SocketAddr;

use super::wheel::Wheel;
use super::{FrameSink, MediaEvents, QualityReply, Take};
use crate::call::Hearing;
use crate::kernel::{AudioParams, MediaId, Mono};
use crate::media::{Destination, FRAME_SAMPLES, MediaCommand, MediaOutput, Outlet, Seat, SessionConfig, Switch};
use crate::net::batch::{Pace, PacketIo, SendQueue, SocketKey};
use crate::net::ports::{PortLease, RtpSockets};

pub(super) struct Floor {
    switch: Switch,
    lines: Vec<Option<Line>>,
    pub(super) queue: SendQueue,
    events: MediaEvents,
}

/// The sockets of one session, and the file that it fills.
pub(super) struct Line {
    rtp: SocketKey,
    rtcp: SocketKey,
    slot: usize,
    lease: PortLease,
    file: Option<File>,
}

struct File {
    sink: Box<dyn FrameSink>,
    /// Octets of each of its frames: a message has one channel, a call two.
    frame_bytes: usize,
}

/// Where the switch's packets, frames and news go.
struct Ways<'a> {
    lines: &'a mut [Option<Line>],
    queue: &'a mut SendQueue,
    events: &'a MediaEvents,
}

impl Outlet for Ways<'_> {
    fn send(&mut self, seat: Seat, port: Destination, to: SocketAddr, packet: &[u8]) {
        if let Some(Some(line)) = self.lines.get(seat.place as usize) {
            let key = match port {
                Destination::Rtp => line.rtp,
                Destination::Rtcp => line.rtcp,
            };
            self.queue.push(key, to, packet);
        }
    }

    fn tell(&mut self, seat: Seat, output: MediaOutput) {
        (self.events)(seat.id, output);
    }

    fn record(&mut self, seat: Seat, samples: &[u8]) {
        let line = self.lines.get_mut(seat.place as usize).and_then(Option::as_mut);
        let file = line.and_then(|line| line.file.as_mut());
        if let Some(file) = file.filter(|file| file.frame_bytes == samples.len()) {
            file.sink.frames(samples);
        }
    }
}

impl Floor {
    pub(super) fn new(events: MediaEvents) -> Self {
        Self {
            switch: Switch::default(),
            lines: Vec::new(),
            queue: SendQueue::default(),
            events,
        }
    }

    fn parts(&mut self) -> (&mut Switch, Ways<'_>) {
        let ways = Ways {
            lines: &mut self.lines,
            queue: &mut self.queue,
            events: &self.events,
        };
        (&mut self.switch, ways)
    }

    pub(super) fn open(
        &mut self,
        id: MediaId,
        sockets: RtpSockets,
        config: SessionConfig,
        io: &mut dyn PacketIo,
        wheel: &mut Wheel,
        now: Mono,
    ) -> io::Result<()> {
        let place = self.switch.open(id, config, now).ok_or(io::ErrorKind::AlreadyExists)?;
        let adopted = io.adopt(sockets.rtp, tag(place, false), Pace::Lazy).and_then(|rtp| {
            let rtcp = io.adopt(sockets.rtcp, tag(place, true), Pace::Lazy);
            rtcp.map(|rtcp| (rtp, rtcp)).inspect_err(|_| drop(io.release(rtp)))
        });
        let (rtp, rtcp) = adopted.inspect_err(|_| {
            self.switch.remove(id, now);
        })?;
        if self.lines.len() <= place as usize {
            self.lines.resize_with(place as usize + 1, || None);
        }
        self.lines[place as usize] = Some(Line {
            rtp,
            rtcp,
            slot: wheel.seat(place, now),
            lease: sockets.lease,
            file: None,
        });
        Ok(())
    }

    /// Ends a session after its good-bye. False if there was none.
    pub(super) fn close(&mut self, id: MediaId, io: &mut dyn PacketIo, wheel: &mut Wheel, now: Mono) -> bool {
        let (switch, mut ways) = self.parts();
        switch.farewell(id, now, &mut ways);
        self.set_paces(io);
        io.flush(&mut self.queue); // before the sockets go
        let Some(place) = self.switch.remove(id, now) else {
            return false;
        };
        let Some(line) = self.lines.get_mut(place as usize).and_then(Option::take) else {
            return false;
        };
        wheel.unseat(place, line.slot);
        drop(io.release(line.rtp));
        drop(io.release(line.rtcp));
        drop(line.lease); // only now: the ports rest from the moment when they are closed
        true
    }

    pub(super) fn negotiate(&mut self, id: MediaId, params: AudioParams, now: Mono) {
        let (switch, mut ways) = self.parts();
        switch.negotiate(id, params, now, &mut ways);
    }

    pub(super) fn command(&mut self, id: MediaId, command: MediaCommand, now: Mono) {
        let (switch, mut ways) = self.parts();
        switch.command(id, command, now, &mut ways);
    }

    pub(super) fn quality(&mut self, id: MediaId, reply: QualityReply) {
        if let Some(stats) = self.switch.stats(id) {
            reply(stats);
        }
    }

    pub(super) fn bridge(&mut self, a: MediaId, b: MediaId, io: &mut dyn PacketIo, now: Mono) {
        let (switch, mut ways) = self.parts();
        if !switch.bridge(a, b, now, &mut ways) {
            tracing::warn!(?a, ?b, "bridging sessions that are not both here");
        }
        self.set_paces(io);
        io.flush(&mut self.queue);
    }

    pub(super) fn unbridge(&mut self, id: MediaId, io: &mut dyn PacketIo, now: Mono) {
        self.switch.unbridge(id, now);
        self.set_paces(io);
    }

    pub(super) fn mix(&mut self, members: &[Hearing], io: &mut dyn PacketIo, now: Mono) {
        let members: Vec<(MediaId, &[MediaId])> = members.iter().map(|m| (m.id, &m.hears[..])).collect();
        let absent = self.switch.mix(&members, now);
        if absent > 0 {
            tracing::warn!(absent, "mixing sessions that are not all here");
        }
        self.set_paces(io);
    }

    /// Fills a file with a session's sound, in place of one that was being filled.
    pub(super) fn record(&mut self, id: MediaId, take: Take, sink: Box<dyn FrameSink>, now: Mono) {
        let place = self.switch.place(id);
        let Some(Some(line)) = place.and_then(|place| self.lines.get_mut(place as usize)) else {
            return; // its sink is dropped: an empty file
        };
        let frame_bytes = take.channels() * FRAME_SAMPLES;
        line.file = Some(File { sink, frame_bytes });
        match take {
            Take::Message {
                max,
                stop_after_silence,
            } => {
                self.switch.end_record(id, now);
                let command = MediaCommand::StartRecording {
                    max,
                    stop_after_silence,
                };
                self.command(id, command, now);
            }
            Take::Call { max } => self.switch.record_call(id, max, now),
        }
    }

    pub(super) fn mask(&mut self, id: MediaId, on: bool) {
        self.switch.mask(id, on);
    }

    /// Lets go of a session's file: it is complete.
    pub(super) fn finish(&mut self, id: MediaId, now: Mono) {
        self.switch.end_record(id, now);
        let place = self.switch.place(id);
        if let Some(Some(line)) = place.and_then(|place| self.lines.get_mut(place as usize)) {
            line.file = None;
        }
    }

    /// A packet has come to the socket with this tag.
    pub(super) fn receive(&mut self, tag: u64, from: SocketAddr, packet: &[u8], now: Mono) {
        let Ok(place) = u32::try_from(tag >> 1) else {
            return;
        };
        let port = if tag & 1 == 0 {
            Destination::Rtp
        } else {
            Destination::Rtcp
        };
        let (switch, mut ways) = self.parts();
        switch.receive(place, port, from, packet, now, &mut ways);
    }

    /// A session's turn.
    pub(super) fn tick(&mut self, place: u32, now: Mono) {
        let (switch, mut ways) = self.parts();
        switch.tick(place, now, &mut ways);
    }

    /// What comes for a bridge is passed on at once, everything else waits for its turn.
    fn set_paces(&mut self, io: &mut dyn PacketIo) {
        while let Some((place, bridged)) = self.switch.next_rebridged() {
            let Some(Some(line)) = self.lines.get(place as usize) else {
                continue;
            };
            let pace = if bridged { Pace::Eager } else { Pace::Lazy };
            if let Err(error) = io.set_pace(line.rtp, pace) {
                // Still heard, up to 20 ms later.
                tracing::warn!(%error, "changing the pace of an RTP socket");
            }
        }
    }
}

fn tag(place: u32, rtcp: bool) -> u64 {
    u64::from(place) << 1 | u64::from(rtcp)
}
