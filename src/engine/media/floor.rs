//! The sessions of one worker: who is there, who hears whom, what leaves. Knows no time of its own and never waits.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::wheel::{REVOLUTION, Wheel};
use super::{FrameSink, MediaEvents, QualityReply};
use crate::kernel::{AudioParams, MediaId, Mono};
use crate::media::{Destination, MediaCommand, MediaOutput, Session, SessionConfig};
use crate::net::batch::{Pace, PacketIo, SendQueue, SocketKey};
use crate::net::ports::{PortLease, RtpSockets};

pub(super) struct Floor {
    lines: Vec<Option<Box<Line>>>,
    vacant: Vec<u32>,
    places: HashMap<MediaId, u32>,
    pub(super) queue: SendQueue,
    events: MediaEvents,
    recorder: Arc<dyn FrameSink>,
}

/// One session with its sockets.
pub(super) struct Line {
    id: MediaId,
    session: Session,
    rtp: SocketKey,
    rtcp: SocketKey,
    slot: usize,
    peer: Option<u32>,
    lease: PortLease,
}

impl Floor {
    pub(super) fn new(events: MediaEvents, recorder: Arc<dyn FrameSink>) -> Self {
        Self {
            lines: Vec::new(),
            vacant: Vec::new(),
            places: HashMap::new(),
            queue: SendQueue::default(),
            events,
            recorder,
        }
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
        if self.places.contains_key(&id) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let place = match self.vacant.last() {
            Some(place) => *place,
            None => u32::try_from(self.lines.len()).map_err(io::Error::other)?,
        };
        let rtp = io.adopt(sockets.rtp, tag(place, false), Pace::Lazy)?;
        let rtcp = match io.adopt(sockets.rtcp, tag(place, true), Pace::Lazy) {
            Ok(rtcp) => rtcp,
            Err(error) => {
                io.release(rtp);
                return Err(error);
            }
        };
        let line = Box::new(Line {
            id,
            session: Session::new(config, now),
            rtp,
            rtcp,
            slot: wheel.seat(place, now),
            peer: None,
            lease: sockets.lease,
        });
        match self.vacant.pop() {
            Some(place) => self.lines[place as usize] = Some(line),
            None => self.lines.push(Some(line)),
        }
        self.places.insert(id, place);
        Ok(())
    }

    /// Ends a session after one last tick, in which it may say good-bye (RTCP BYE). False if there was none.
    pub(super) fn close(&mut self, id: MediaId, io: &mut dyn PacketIo, wheel: &mut Wheel, now: Mono) -> bool {
        let Some(place) = self.places.get(&id).copied() else {
            return false;
        };
        self.unbridge(id, io, now);
        if let Some(line) = self.line(place) {
            line.session.command(MediaCommand::Close, now);
        }
        // A turn of its own, whenever the last one was: a session refuses turns that come too soon.
        self.tick(place, now + REVOLUTION);
        io.flush(&mut self.queue); // before the sockets go
        self.places.remove(&id);
        let Some(line) = self.lines.get_mut(place as usize).and_then(Option::take) else {
            return false;
        };
        self.vacant.push(place);
        wheel.unseat(place, line.slot);
        drop(io.release(line.rtp));
        drop(io.release(line.rtcp));
        drop(line.lease); // only now: the ports rest from the moment when they are closed
        true
    }

    pub(super) fn negotiate(&mut self, id: MediaId, params: AudioParams, now: Mono) {
        if let Some((place, line)) = self.find(id) {
            line.session.negotiate(params, now);
            self.drain(place, now);
        }
    }

    pub(super) fn command(&mut self, id: MediaId, command: MediaCommand, now: Mono) {
        if let Some((place, line)) = self.find(id) {
            line.session.command(command, now);
            self.drain(place, now);
        }
    }

    pub(super) fn quality(&mut self, id: MediaId, reply: QualityReply) {
        if let Some((_, line)) = self.find(id) {
            reply(line.session.stats());
        }
    }

    pub(super) fn bridge(&mut self, a: MediaId, b: MediaId, io: &mut dyn PacketIo, now: Mono) {
        let (Some(at), Some(bt)) = (self.places.get(&a).copied(), self.places.get(&b).copied()) else {
            tracing::warn!(?a, ?b, "bridging sessions that are not both here");
            return;
        };
        if at == bt {
            return;
        }
        self.unbridge(a, io, now);
        self.unbridge(b, io, now);
        self.couple(at, Some(bt), io, now);
        self.couple(bt, Some(at), io, now);
    }

    pub(super) fn unbridge(&mut self, id: MediaId, io: &mut dyn PacketIo, now: Mono) {
        let Some((place, line)) = self.find(id) else {
            return;
        };
        let Some(peer) = line.peer else { return };
        self.couple(place, None, io, now);
        self.couple(peer, None, io, now);
    }

    fn couple(&mut self, place: u32, peer: Option<u32>, io: &mut dyn PacketIo, now: Mono) {
        let Some(line) = self.line(place) else { return };
        line.peer = peer;
        line.session.command(MediaCommand::Bridge(peer.is_some()), now);
        let pace = if peer.is_some() { Pace::Eager } else { Pace::Lazy };
        if let Err(error) = io.set_pace(line.rtp, pace) {
            // Still heard, up to 20 ms later.
            tracing::warn!(%error, "changing the pace of an RTP socket");
        }
    }

    /// A packet has come to the socket with this tag.
    pub(super) fn receive(&mut self, tag: u64, from: SocketAddr, packet: &[u8], now: Mono) {
        let Ok(place) = u32::try_from(tag >> 1) else {
            return;
        };
        let Some(line) = self.line(place) else { return };
        if tag & 1 == 0 {
            line.session.handle_rtp(packet, from, now);
        } else {
            line.session.handle_rtcp(packet, from, now);
        }
        self.drain(place, now);
    }

    /// A session's turn.
    pub(super) fn tick(&mut self, place: u32, now: Mono) {
        let Some(Some(line)) = self.lines.get_mut(place as usize) else {
            return;
        };
        let (rtp, rtcp) = (line.rtp, line.rtcp);
        line.session.tick(now, &mut into(&mut self.queue, rtp, rtcp));
        self.drain(place, now);
    }

    /// Carries away what a session has to say.
    fn drain(&mut self, place: u32, now: Mono) {
        while let Some(Some(line)) = self.lines.get_mut(place as usize) {
            let Some(output) = line.session.next_output() else {
                return;
            };
            let (id, peer) = (line.id, line.peer);
            match output {
                MediaOutput::Forward(frame) => {
                    let peer = peer.and_then(|p| self.lines.get_mut(p as usize)?.as_deref_mut());
                    if let Some(peer) = peer {
                        let (rtp, rtcp) = (peer.rtp, peer.rtcp);
                        peer.session.forward(&frame, now, &mut into(&mut self.queue, rtp, rtcp));
                    }
                }
                MediaOutput::RecordingFrame(frame) => self.recorder.frame(id, &frame),
                output @ (MediaOutput::PlayFinished(_)
                | MediaOutput::Digit { .. }
                | MediaOutput::Dead
                | MediaOutput::Alive
                | MediaOutput::RecordingStopped(_)
                | MediaOutput::StrangerDropped) => (self.events)(id, output),
            }
        }
    }

    fn find(&mut self, id: MediaId) -> Option<(u32, &mut Line)> {
        let place = *self.places.get(&id)?;
        Some((place, self.line(place)?))
    }

    fn line(&mut self, place: u32) -> Option<&mut Line> {
        self.lines.get_mut(place as usize)?.as_deref_mut()
    }
}

/// Puts a session's packets into the queue, each for the socket that it leaves by.
fn into(queue: &mut SendQueue, rtp: SocketKey, rtcp: SocketKey) -> impl FnMut(Destination, SocketAddr, &[u8]) {
    move |destination, to, packet| {
        let key = match destination {
            Destination::Rtp => rtp,
            Destination::Rtcp => rtcp,
        };
        queue.push(key, to, packet);
    }
}

fn tag(place: u32, rtcp: bool) -> u64 {
    u64::from(place) << 1 | u64::from(rtcp)
}
