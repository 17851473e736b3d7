//! RTP packets (RFC 3550 §5.1): reading through `rtp-rs`, writing a header into the caller's buffer. Knows no stream.

use rtp_rs::RtpReader;
use thiserror::Error;

use crate::kernel::limits::RTP_PACKET_MAX_BYTES;

/// Length of the header that we write, bytes: no contributing sources, no extension.
pub const HEADER_BYTES: usize = 12;
/// Comfort noise (RFC 3389, static type of RFC 3551 §6).
pub const COMFORT_NOISE: u8 = 13;

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RtpError {
    /// More than [`RTP_PACKET_MAX_BYTES`].
    #[error("longer than {RTP_PACKET_MAX_BYTES} bytes")]
    TooLong,
    /// Version, header, extension or padding do not fit.
    #[error("no RTP header of version 2, or cut short")]
    Malformed,
}

/// One received packet, borrowed from its datagram. Padding, extension and contributing sources are already skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpView<'a> {
    /// Payload type, 7 bits.
    pub payload_type: u8,
    /// Marker: first packet of a talkspurt, or of a telephone event.
    pub marker: bool,
    /// Sequence number.
    pub seq: u16,
    /// Timestamp, samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Reads one packet.
///
/// # Errors
/// See [`RtpError`].
pub fn parse(datagram: &[u8]) -> Result<RtpView<'_>, RtpError> {
    if datagram.len() > RTP_PACKET_MAX_BYTES {
        return Err(RtpError::TooLong);
    }
    let reader = RtpReader::new(datagram).map_err(|_| RtpError::Malformed)?;
    Ok(RtpView {
        payload_type: reader.payload_type(),
        marker: reader.mark(),
        seq: u16::from(reader.sequence_number()),
        timestamp: reader.timestamp(),
        ssrc: reader.ssrc(),
        payload: reader.payload(),
    })
}

/// Whether a datagram on a shared port is RTCP (RFC 5761 §4: packet types 192–223).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

/// The header of a packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 7 bits.
    pub payload_type: u8,
    /// Marker.
    pub marker: bool,
    /// Sequence number.
    pub seq: u16,
    /// Timestamp, samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// The header as bytes.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [s0, s1] = self.seq.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let second = (self.payload_type & 0x7F) | (u8::from(self.marker) << 7);
        [0x80, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }

    /// Writes the header at the start of `buffer` and returns where the payload goes; `None` if `buffer` is too short.
    pub fn write(self, buffer: &mut [u8]) -> Option<&mut [u8]> {
        let (head, payload) = buffer.split_at_mut_checked(HEADER_BYTES)?;
        head.copy_from_slice(&self.to_bytes());
        Some(payload)
    }
}

/// How far sequence number `a` is ahead of `b`; negative when behind. Right for distances below 32,768.
pub fn seq_ahead(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b).cast_signed()
}

/// How far timestamp `a` is ahead of `b`, samples; negative when behind.
pub fn timestamp_ahead(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: Header = Header {
        payload_type: 8,
        marker: true,
        seq: 0xFFFF,
        timestamp: 0x0102_0304,
        ssrc: 0xDEAD_BEEF,
    };

    #[test]
    fn what_is_written_is_read() {
        let mut packet = [0; HEADER_BYTES + 2];
        HEADER.write(&mut packet).unwrap().copy_from_slice(&[1, 2]);
        let view = parse(&packet).unwrap();
        assert_eq!(
            view,
            RtpView {
                payload_type: 8,
                marker: true,
                seq: 0xFFFF,
                timestamp: 0x0102_0304,
                ssrc: 0xDEAD_BEEF,
                payload: &[1, 2]
            }
        );
        assert!(HEADER.write(&mut [0; 11]).is_none());
    }

    #[test]
    fn extension_sources_and_padding_are_skipped() {
        let mut packet = HEADER.to_bytes().to_vec();
        packet[0] |= 0x20 | 0x10 | 1; // padding, extension, one contributing source
        packet.extend([9; 4]);
        packet.extend([0xBE, 0xDE, 0, 1, 7, 7, 7, 7]);
        packet.extend([42, 0, 2]);
        assert_eq!(parse(&packet).unwrap().payload, &[42]);
        packet.pop();
        packet.push(200); // padding longer than the packet
        assert_eq!(parse(&packet), Err(RtpError::Malformed));
    }

    #[test]
    fn lengths_that_cannot_be() {
        assert_eq!(parse(&[0x80; 11]), Err(RtpError::Malformed));
        assert_eq!(parse(&[0x80; RTP_PACKET_MAX_BYTES + 1]), Err(RtpError::TooLong));
        assert!(parse(&HEADER.to_bytes()).unwrap().payload.is_empty());
    }

    #[test]
    fn rtcp_on_the_same_port_is_told_apart() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(!is_rtcp(&HEADER.to_bytes()));
    }

    #[test]
    fn the_fuzzers_seeds_are_read_without_harm() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/rtp");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let _ = parse(&bytes);
            crate::media::rtcp::packets(&bytes).for_each(drop);
            seen += 1;
        }
        assert!(seen > 5);
    }

    proptest! {
        #[test]
        fn no_datagram_can_harm_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in 0x80_u8..=0xBF) {
            let mut bytes = bytes;
            if let Some(b) = bytes.first_mut() { *b = first; }
            let _ = parse(&bytes);
            let _ = is_rtcp(&bytes);
        }
    }
}
