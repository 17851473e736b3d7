//! The bridge's half of a session: a packet of the other leg, sent on under our own header. Nothing is decoded; where the legs
//! speak different laws, octets go through a table.

use std::fmt;
use std::net::SocketAddr;

use super::{Destination, Life, Session};
use crate::kernel::{Law, Mono};
use crate::media::g711;
use crate::media::rtp::{HEADER_BYTES, Header, RtpView, seq_ahead, timestamp_ahead};

/// Payloads up to 20 ms travel without an allocation.
const INLINE: usize = 160;
/// Longest payload sent on, bytes (120 ms).
const PAYLOAD_MAX: usize = 960;
/// A sender whose time leaves ours by more than this is synchronised anew, samples (1 s).
const DRIFT_MAX: i32 = 8_000;
/// A leap in sequence numbers of more than this is a new start, not loss.
const SEQ_LEAP_MAX: i16 = 500;

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardKind {
    /// Sound.
    Audio(Law),
    /// Telephone event.
    Event,
    /// Comfort noise.
    ComfortNoise,
}

/// A received packet on its way to the other leg.
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardFrame {
    kind: ForwardKind,
    marker: bool,
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Payload,
}

#[derive(Clone, PartialEq, Eq)]
enum Payload {
    Short(u8, [u8; INLINE]),
    Long(Box<[u8]>),
}

impl ForwardFrame {
    pub(super) fn new(kind: ForwardKind, view: &RtpView<'_>) -> Self {
        let mut short = [0; INLINE];
        let payload = match (short.get_mut(..view.payload.len()), u8::try_from(view.payload.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(view.payload);
                Payload::Short(length, short)
            }
            _ => Payload::Long(view.payload.into()),
        };
        Self {
            kind,
            marker: view.marker,
            seq: view.seq,
            timestamp: view.timestamp,
            ssrc: view.ssrc,
            payload,
        }
    }

    /// What it carries.
    pub fn kind(&self) -> ForwardKind {
        self.kind
    }

    /// Its octets, as received.
    pub fn payload(&self) -> &[u8] {
        match &self.payload {
            Payload::Short(length, octets) => &octets[..usize::from(*length)],
            Payload::Long(octets) => octets,
        }
    }
}

impl fmt::Debug for ForwardFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} #{} @{} of {:08x}, {} bytes",
            self.kind,
            self.seq,
            self.timestamp,
            self.ssrc,
            self.payload().len()
        )
    }
}

/// How one source's numbers become ours. Losses and disorder stay visible: the far side conceals them better than we could.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relay {
    source: u32,
    seq_offset: u16,
    timestamp_offset: u32,
    /// Packets sent on so far, up to 100: numbers further back than these were never this source's.
    count: u8,
}

impl Session {
    /// Sends on a packet of the other leg at once. While this leg plays a prompt or sends keys, the bridge stands back.
    pub fn forward(&mut self, frame: &ForwardFrame, now: Mono, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        if self.life != Life::Open
            || frame.payload().len() > PAYLOAD_MAX
            || self.forward_as_tone(frame)
            || self.is_speaking()
        {
            return;
        }
        let Some((to, params)) = self.remote().zip(self.params.as_ref()) else {
            return;
        };
        let payload_type = match frame.kind {
            ForwardKind::Audio(_) => Some(params.payload_type),
            ForwardKind::Event => params.dtmf_payload_type,
            ForwardKind::ComfortNoise => params.comfort_noise_payload_type,
        };
        let table = match frame.kind {
            ForwardKind::Audio(law) => g711::converter(law, params.law),
            ForwardKind::Event | ForwardKind::ComfortNoise => None,
        };
        let Some(header) = payload_type.and_then(|t| self.transmitter.relay_header(frame, t, now)) else {
            return;
        };
        let mut buffer = [0; HEADER_BYTES + PAYLOAD_MAX];
        let packet = &mut buffer[..HEADER_BYTES + frame.payload().len()];
        if let Some(place) = header.write(packet) {
            place.copy_from_slice(frame.payload());
            if let Some(table) = table {
                place.iter_mut().for_each(|o| *o = table[usize::from(*o)]);
            }
        }
        self.transmitter.emit(header, packet, to, now, out);
    }
}

impl Session {
    /// A side that takes no telephone events gets the other side's keys as tones.
    fn forward_as_tone(&mut self, frame: &ForwardFrame) -> bool {
        let takes_events = self.params.as_ref().is_none_or(|p| p.dtmf_payload_type.is_some());
        if frame.kind != ForwardKind::Event || takes_events {
            return false;
        }
        if let Some(digit) = self.forwarded_events.receive(frame.timestamp, frame.payload()) {
            self.send_digits([digit]);
        }
        true
    }
}

impl super::send::Transmitter {
    /// Our header for a packet of the other leg; `None` if it is older than what we have of its source.
    fn relay_header(&mut self, frame: &ForwardFrame, payload_type: u8, now: Mono) -> Option<Header> {
        let running = self.relay.filter(|r| {
            let seq = seq_ahead(frame.seq.wrapping_add(r.seq_offset), self.next_seq);
            let drift = timestamp_ahead(frame.timestamp.wrapping_add(r.timestamp_offset), self.clock());
            // A telephone event keeps the timestamp of its start, however long ago.
            let in_time = frame.kind == ForwardKind::Event || drift.abs() <= DRIFT_MAX;
            r.source == frame.ssrc && (-SEQ_LEAP_MAX..=SEQ_LEAP_MAX).contains(&seq) && in_time
        });
        let relay = running.unwrap_or_else(|| Relay {
            source: frame.ssrc,
            seq_offset: self.next_seq.wrapping_sub(frame.seq),
            timestamp_offset: self.start_of_sound().wrapping_sub(frame.timestamp),
            count: 0,
        });
        let seq = frame.seq.wrapping_add(relay.seq_offset);
        if seq_ahead(seq, self.next_seq) < -i16::from(relay.count) {
            return None;
        }
        let timestamp = frame.timestamp.wrapping_add(relay.timestamp_offset);
        // After a mix it is the same conversation that goes on.
        let goes_on = running.is_some() || self.conversing && timestamp == self.end && self.is_fresh(now);
        self.relay = Some(Relay {
            count: relay.count.saturating_add(1).min(100),
            ..relay
        });
        if let ForwardKind::Audio(_) = frame.kind {
            let end = timestamp.wrapping_add(frame.payload().len() as u32);
            if timestamp_ahead(end, self.end) > 0 {
                self.end = end;
            }
        }
        Some(Header {
            marker: frame.marker || !goes_on,
            seq,
            ..self.header(payload_type, timestamp)
        })
    }
}
