//! The receiving half: whose packets are heard, and what becomes of what they carry.

use std::net::SocketAddr;

use super::{DigitSource, ForwardFrame, ForwardKind, Life, MediaOutput, Session};
use crate::kernel::{AudioParams, Law, Mono};
use crate::media::latch::Verdict;
use crate::media::rtcp::{self, Packet};
use crate::media::rtp::{self, COMFORT_NOISE, RtpView};

impl Session {
    /// Takes a datagram from the RTP port.
    pub fn handle_rtp(&mut self, packet: &[u8], from: SocketAddr, now: Mono) {
        if self.life != Life::Open {
            return;
        }
        // Reports on this port are read even where that was not agreed on (RFC 5761): no agreed payload type looks like them.
        if rtp::is_rtcp(packet) {
            if self.latch.destination() == Some(canonical(from)) {
                self.read_reports(packet, now);
            } else {
                self.turn_away();
            }
            return;
        }
        let kind = self
            .params
            .as_ref()
            .zip(rtp::parse(packet).ok())
            .and_then(|(p, view)| Some((kind(p, view.payload_type)?, view)));
        let Some((kind, view)) = kind else {
            self.ignored += 1;
            return;
        };
        match self.latch.judge(&view, from) {
            Verdict::Accept => self.hear(kind, &view, now),
            Verdict::Drop => self.turn_away(),
        }
    }

    /// Takes a datagram from the RTCP port.
    pub fn handle_rtcp(&mut self, packet: &[u8], from: SocketAddr, now: Mono) {
        if self.life != Life::Open || self.params.is_none() {
            return;
        }
        match self.control.judge(from, self.latch.believed()) {
            Verdict::Accept => self.read_reports(packet, now),
            Verdict::Drop => self.turn_away(),
        }
    }

    fn hear(&mut self, kind: ForwardKind, view: &RtpView<'_>, now: Mono) {
        let change = self.watch.heard(now);
        self.tell_change(change);
        self.received += 1;
        self.received_octets += view.payload.len() as u64;
        if self.reception.count(view.ssrc, view.seq) {
            self.begin_new_source();
        }
        // While we do not listen (the far side is on hold by our wish) packets prove life and nothing more.
        if !self.params.as_ref().is_some_and(|p| p.direction.receives()) {
            return;
        }
        match kind {
            ForwardKind::Audio(law) => {
                self.reception.measure(view.timestamp, now);
                if let Some(ear) = &mut self.ear {
                    ear.push(law, view.timestamp, view.payload, now);
                }
            }
            ForwardKind::Event => {
                if let Some(digit) = self.events.receive(view.timestamp, view.payload) {
                    self.tell(MediaOutput::Digit {
                        digit,
                        source: DigitSource::Rfc4733,
                    });
                }
            }
            // Tolerated: what it describes is close to the silence that is heard without it.
            ForwardKind::ComfortNoise => {}
        }
        if self.bridged && !view.payload.is_empty() {
            if let ForwardKind::Audio(law) = kind {
                self.keep_tail(law, view.payload, now);
            }
            self.tell(MediaOutput::Forward(ForwardFrame::new(kind, view)));
        }
    }

    fn begin_new_source(&mut self) {
        self.events = Default::default();
        self.reports.forget_sender();
        if let Some(ear) = &mut self.ear {
            ear.restart();
        }
    }

    fn turn_away(&mut self) {
        self.strangers += 1;
        if !self.stranger_told {
            self.stranger_told = true;
            self.tell(MediaOutput::StrangerDropped);
        }
    }

    fn read_reports(&mut self, packet: &[u8], now: Mono) {
        for part in rtcp::packets(packet) {
            match part {
                Packet::Report { sender, blocks, .. } => {
                    // A far side that listens and reports is alive, however silent it is.
                    let change = self.watch.heard(now);
                    self.tell_change(change);
                    self.reports.read(self.config.ssrc, sender, blocks, now);
                }
                // The end of a call is told by signalling; a farewell here is easily forged.
                Packet::Bye { .. } | Packet::Other { .. } => {}
            }
        }
    }
}

/// What a payload type stands for on this stream. Both laws are taken by their static types, whichever was agreed on.
fn kind(params: &AudioParams, payload_type: u8) -> Option<ForwardKind> {
    match payload_type {
        t if params.dtmf_payload_type == Some(t) => Some(ForwardKind::Event),
        t if params.payload_type == t => Some(ForwardKind::Audio(params.law)),
        t if params.comfort_noise_payload_type == Some(t) => Some(ForwardKind::ComfortNoise),
        COMFORT_NOISE => Some(ForwardKind::ComfortNoise),
        8 => Some(ForwardKind::Audio(Law::A)),
        0 => Some(ForwardKind::Audio(Law::Mu)),
        _ => None,
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
