//! Symmetric RTP with strict latching: which source of packets is believed, and where to send. Knows addresses and packet
//! numbers, nothing of sound.
//!
//! # The rule
//! Phones behind NAT send from another address than their SDP names, so that address has to be learnt (RFC 4961, RFC 7362 §4);
//! strangers send too, to be heard ("inject") or to be sent our sound ("bleed"). Therefore:
//!
//! 1. The **negotiated** address is always believed. Its first packet ends the learning, and from then on nothing else is heard.
//! 2. While learning, a foreign address is latched on once it has sent 3 packets in order (same source identifier, sequence
//!    numbers rising by one) **while nothing came from a believed address**. From then on it alone is heard and sent to.
//! 3. All foreign addresses together are heard for at most [`RTP_FOREIGN_MAX_PACKETS`] packets in one learning phase. Beyond
//!    them, packets only count as evidence for rule 2. So a sprayer can neither be heard for longer, nor use up the chance of
//!    the phone behind NAT.
//! 4. If the address that signalling comes from is known, only a **plausible** address may be latched on: one with the IP of the
//!    signalling or of the negotiated address. (Unknown: any address.)
//! 5. Once latched, everything foreign is dropped and counted. Only the negotiated address can take the stream back, with 3
//!    packets in order of its own: a single forged datagram cannot turn our sound away.
//! 6. Each negotiation opens the learning again. If the address did not change, the latched source stays believed. If it did,
//!    the former source is foreign, and stragglers of it need 25 packets in order to be latched on again.

use std::net::{IpAddr, SocketAddr};

use super::rtp::RtpView;
use crate::kernel::limits::RTP_FOREIGN_MAX_PACKETS;

const RUN_TO_LATCH: u8 = 3;
const RUN_TO_RETURN: u8 = 25;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hear it.
    Accept,
    /// Drop it.
    Drop,
}

/// Who is believed on one RTP stream.
#[derive(Debug, Default)]
pub struct Latch {
    negotiated: Option<SocketAddr>,
    signalling: Option<IpAddr>,
    believed: Option<SocketAddr>,
    former: Option<SocketAddr>,
    learning: bool,
    foreign_heard: u8,
    candidates: [Option<Candidate>; 2],
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    seq: u16,
    run: u8,
}

impl Latch {
    /// A latch that knows the IP of the far side's signalling, or not.
    pub fn new(signalling: Option<IpAddr>) -> Self {
        Self {
            signalling,
            ..Self::default()
        }
    }

    /// Takes over an offer's or answer's address; `None` while the far side is on hold the old way (`c=0.0.0.0`).
    pub fn negotiate(&mut self, remote: Option<SocketAddr>) {
        self.learning = true;
        self.foreign_heard = 0;
        self.candidates = [None; 2];
        let remote = remote.map(canonical);
        // Hold and back again with the same address must not forget the NAT's address.
        if let Some(remote) = remote
            && self.negotiated != Some(remote)
        {
            self.negotiated = Some(remote);
            self.former = self.believed.take().filter(|b| *b != remote);
        }
    }

    /// Where to send: to the believed source, else to the negotiated address.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.believed.or(self.negotiated)
    }

    /// The source that is believed, once it has been heard.
    pub fn believed(&self) -> Option<SocketAddr> {
        self.believed
    }

    /// Judges one well-formed packet of an agreed payload type.
    pub fn judge(&mut self, packet: &RtpView<'_>, from: SocketAddr) -> Verdict {
        let from = canonical(from);
        if self.believed == Some(from) {
            self.settle(from);
            return Verdict::Accept;
        }
        if self.negotiated == Some(from) && (self.believed.is_none() || self.run(packet, from) >= RUN_TO_LATCH) {
            self.settle(from);
            return Verdict::Accept;
        }
        if !self.learning || self.negotiated == Some(from) {
            return Verdict::Drop;
        }
        let needed = if self.former == Some(from) {
            RUN_TO_RETURN
        } else {
            RUN_TO_LATCH
        };
        if self.run(packet, from) >= needed && self.plausible(from.ip()) {
            self.settle(from);
            return Verdict::Accept;
        }
        if u32::from(self.foreign_heard) < RTP_FOREIGN_MAX_PACKETS {
            self.foreign_heard += 1;
            return Verdict::Accept;
        }
        Verdict::Drop
    }

    fn settle(&mut self, from: SocketAddr) {
        self.believed = Some(from);
        self.learning = false;
        self.candidates = [None; 2];
    }

    fn plausible(&self, ip: IpAddr) -> bool {
        self.signalling.is_none_or(|s| canonical_ip(s) == ip) || self.negotiated.is_some_and(|n| n.ip() == ip)
    }

    /// Length of the run of packets in order that `from` has sent, this one included.
    fn run(&mut self, packet: &RtpView<'_>, from: SocketAddr) -> u8 {
        let fresh = Candidate {
            from,
            ssrc: packet.ssrc,
            seq: packet.seq,
            run: 1,
        };
        let known = self.candidates.iter().position(|c| c.is_some_and(|c| c.from == from));
        // A third address takes the place of the shorter run, so that a sprayer cannot push out a steady source.
        let slot = known.unwrap_or_else(|| {
            let length = |c: &Option<Candidate>| c.map_or(0, |c| c.run);
            usize::from(length(&self.candidates[1]) < length(&self.candidates[0]))
        });
        let candidate = match (known, self.candidates[slot]) {
            (Some(_), Some(c)) if c.ssrc == packet.ssrc && packet.seq == c.seq.wrapping_add(1) => Candidate {
                run: c.run.saturating_add(1),
                ..fresh
            },
            // A duplicate proves nothing and spoils nothing.
            (Some(_), Some(c)) if c.ssrc == packet.ssrc && packet.seq == c.seq => c,
            (_, Some(_) | None) => fresh,
        };
        self.candidates[slot] = Some(candidate);
        candidate.run
    }
}

/// Who is believed on the RTCP stream beside it.
///
/// RTCP carries no sequence numbers, so it follows RTP: the negotiated address, else one (the first) source with the IP that RTP
/// was latched on. It ends with the next negotiation.
#[derive(Debug, Default)]
pub struct ControlLatch {
    negotiated: Option<SocketAddr>,
    believed: Option<SocketAddr>,
}

impl ControlLatch {
    /// Takes over an offer's or answer's address.
    pub fn negotiate(&mut self, remote: Option<SocketAddr>) {
        if self.negotiated != remote && remote.is_some() {
            self.negotiated = remote;
            self.believed = None;
        }
    }

    /// Where to send reports.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.believed.or(self.negotiated)
    }

    /// Judges a control packet, given the source that RTP believes.
    pub fn judge(&mut self, from: SocketAddr, rtp: Option<SocketAddr>) -> Verdict {
        let from = canonical(from);
        if self.believed == Some(from) {
            return Verdict::Accept;
        }
        if self.negotiated == Some(from) || self.believed.is_none() && rtp.is_some_and(|r| r.ip() == from.ip()) {
            self.believed = Some(from);
            return Verdict::Accept;
        }
        Verdict::Drop
    }
}

/// IPv4 seen through an IPv6 socket is IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(canonical_ip(address.ip()), address.port())
}

fn canonical_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str = "192.0.2.1:4000";
    const NAT: &str = "198.51.100.7:31000";
    const STRANGER: &str = "203.0.113.66:5000";

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn packet(ssrc: u32, seq: u16) -> RtpView<'static> {
        RtpView {
            payload_type: 8,
            marker: false,
            seq,
            timestamp: 0,
            ssrc,
            payload: &[],
        }
    }

    fn heard(latch: &mut Latch, from: &str, seqs: impl IntoIterator<Item = u16>) -> usize {
        seqs.into_iter()
            .filter(|s| latch.judge(&packet(1, *s), at(from)) == Verdict::Accept)
            .count()
    }

    fn latch() -> Latch {
        let mut latch = Latch::new(None);
        latch.negotiate(Some(at(NAMED)));
        latch
    }

    #[test]
    fn a_phone_behind_nat_is_found_and_sent_to() {
        let mut latch = latch();
        assert_eq!(latch.destination(), Some(at(NAMED)));
        assert_eq!(heard(&mut latch, NAT, 0..50), 50);
        assert_eq!(latch.destination(), Some(at(NAT)));
        assert_eq!(heard(&mut latch, STRANGER, 0..50), 0);
    }

    #[test]
    fn once_the_named_source_has_spoken_no_stranger_is_heard() {
        let mut latch = latch();
        assert_eq!(heard(&mut latch, NAMED, 0..1), 1);
        assert_eq!(heard(&mut latch, STRANGER, 0..500), 0);
        assert_eq!(latch.destination(), Some(at(NAMED)));
    }

    #[test]
    fn a_sprayer_before_the_call_is_heard_five_times_and_cannot_lock_the_phone_out() {
        let mut latch = latch();
        assert_eq!(heard(&mut latch, STRANGER, (0..100).map(|i| i * 7)), 5);
        assert_eq!(latch.destination(), Some(at(NAMED)));
        // The phone behind NAT comes late, with the sprayer in between; its third packet in order convinces.
        assert_eq!(heard(&mut latch, NAT, [10, 11]), 0);
        assert_eq!(heard(&mut latch, STRANGER, [900]), 0);
        assert_eq!(heard(&mut latch, NAT, [12, 13]), 2);
    }

    #[test]
    fn a_stranger_who_came_first_loses_the_stream_to_the_named_source() {
        let mut latch = latch();
        assert_eq!(
            heard(&mut latch, STRANGER, 0..10),
            10,
            "alone it looks just like a phone behind NAT"
        );
        assert_eq!(heard(&mut latch, NAMED, 0..10), 8, "three in order take it back");
        assert_eq!(heard(&mut latch, STRANGER, 10..60), 0);
        assert_eq!(latch.destination(), Some(at(NAMED)));
    }

    #[test]
    fn a_forged_datagram_from_the_named_address_does_not_turn_our_sound_away() {
        let mut latch = latch();
        heard(&mut latch, NAT, 0..10);
        assert_eq!(heard(&mut latch, NAMED, [7]), 0);
        assert_eq!(latch.destination(), Some(at(NAT)));
    }

    #[test]
    fn with_known_signalling_a_stranger_is_never_latched_on() {
        let mut latch = Latch::new(Some(at(NAT).ip()));
        latch.negotiate(Some(at(NAMED)));
        assert_eq!(heard(&mut latch, STRANGER, 0..500), 5);
        assert_eq!(heard(&mut latch, NAT, 0..10), 8);
        assert_eq!(heard(&mut latch, STRANGER, 500..600), 0);
    }

    #[test]
    fn hold_and_back_keeps_the_nat_but_a_new_address_is_learnt_anew() {
        let mut latch = latch();
        heard(&mut latch, NAT, 0..5);
        latch.negotiate(None);
        latch.negotiate(Some(at(NAMED)));
        assert_eq!(latch.destination(), Some(at(NAT)));
        assert_eq!(heard(&mut latch, NAT, 5..6), 1);
        assert_eq!(heard(&mut latch, STRANGER, 0..9), 0);

        latch.negotiate(Some(at("192.0.2.9:6000")));
        assert_eq!(latch.destination(), Some(at("192.0.2.9:6000")));
        assert_eq!(
            heard(&mut latch, NAT, 6..20),
            5,
            "stragglers do not win the stream back"
        );
        assert_eq!(heard(&mut latch, "198.51.100.8:7000", 0..9), 7);
    }

    #[test]
    fn control_packets_follow_the_sound() {
        let mut control = ControlLatch::default();
        control.negotiate(Some(at("192.0.2.1:4001")));
        assert_eq!(control.judge(at(STRANGER), None), Verdict::Drop);
        assert_eq!(control.judge(at("198.51.100.7:31001"), Some(at(NAT))), Verdict::Accept);
        assert_eq!(control.judge(at("198.51.100.7:9"), Some(at(NAT))), Verdict::Drop);
        assert_eq!(control.destination(), Some(at("198.51.100.7:31001")));
    }
}
