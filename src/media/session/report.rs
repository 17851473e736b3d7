//! RTCP of one session: when to report, what to say, what the far side said.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Destination, Session};
use crate::kernel::Mono;
use crate::media::rtcp::{self, Blocks, Compound, ReportBlock, SenderInfo};

#[derive(Debug, Default)]
pub(super) struct Reports {
    due: Option<Mono>,
    sent: u32,
    /// Our packet count at the last two reports: who sent since then is a sender (RFC 3550 §6.4).
    packets_before: [u32; 2],
    /// The last sender report received: middle of its NTP time, and when it came.
    last_sender: Option<(u32, Mono)>,
    round_trip: Option<Duration>,
    remote_lost: u32,
    remote_jitter: u32,
}

impl Reports {
    pub(super) fn begin(&mut self, ssrc: u32, now: Mono) {
        self.due.get_or_insert(now + rtcp::interval(ssrc, 0));
    }

    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    pub(super) fn forget_sender(&mut self) {
        self.last_sender = None;
    }

    pub(super) fn read(&mut self, ssrc: u32, sender: Option<SenderInfo>, blocks: Blocks<'_>, now: Mono) {
        if let Some(info) = sender {
            self.last_sender = Some((rtcp::middle(info.ntp), now));
        }
        for block in blocks.filter(|b| b.snapshot.ssrc == ssrc) {
            self.round_trip = rtcp::round_trip(&block, now).or(self.round_trip);
            self.remote_lost = u32::try_from(block.snapshot.cumulative_lost).unwrap_or(0);
            self.remote_jitter = block.snapshot.jitter;
        }
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub(super) fn remote_lost(&self) -> u64 {
        u64::from(self.remote_lost)
    }

    pub(super) fn remote_jitter_ms(&self) -> u32 {
        self.remote_jitter / 8
    }

    fn advance(&mut self, ssrc: u32, packets: u32, now: Mono) {
        self.sent = self.sent.saturating_add(1);
        self.due = Some(now + rtcp::interval(ssrc, self.sent));
        self.packets_before = [packets, self.packets_before[0]];
    }
}

impl Session {
    /// Sends a compound report, with a farewell if this is the last.
    pub(super) fn send_report(&mut self, now: Mono, bye: bool, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        let packets = self.transmitter.packets();
        let is_sender = packets != self.reports.packets_before[1];
        let compound = Compound {
            ssrc: self.config.ssrc,
            sender: is_sender.then(|| SenderInfo {
                ntp: rtcp::ntp(now),
                rtp_timestamp: self.transmitter.clock(),
                packets,
                octets: self.transmitter.octets(),
            }),
            block: self.reception.snapshot().map(|snapshot| {
                let (last_sender_report, since) = self
                    .reports
                    .last_sender
                    .map_or((0, Duration::ZERO), |(ntp, at)| (ntp, now.since(at)));
                let delay_since = u32::try_from((since.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX);
                ReportBlock {
                    snapshot,
                    last_sender_report,
                    delay_since,
                }
            }),
            bye,
        };
        self.reports.advance(self.config.ssrc, packets, now);
        let Some(params) = &self.params else { return };
        let (port, to) = if params.rtcp_mux {
            (Destination::Rtp, self.latch.destination())
        } else {
            (Destination::Rtcp, self.control.destination())
        };
        // On hold, reports go on (RFC 3264 §8.4); with c=0.0.0.0 there is nowhere to send them.
        if let Some(to) = to.filter(|_| params.remote_rtp.is_some()) {
            let mut buffer = [0; rtcp::COMPOUND_MAX_BYTES];
            let length = rtcp::write_compound(&compound, &mut buffer);
            out(port, to, &buffer[..length]);
        }
    }
}
