//! The bytes of a journal segment: one header, then frames. Knows neither files' names nor what an entry means.
//!
//! ```text
//! header  "YIHAOJ01" · number u64 · first_seq u64 · 0 u32 · crc32 u32          32 bytes
//! frame   length u32 · crc32 u32 · seq u64 · payload (JSON of one event)       16 + length bytes
//! ```
//! Numbers are little-endian. A frame's checksum covers the segment's number too: a segment that is used again keeps the
//! frames of its former life behind the new ones, and they must never count (SQLite's WAL salts its frames likewise).

use std::io;

use crate::store::disk::DiskFile;

/// Length of the header.
pub const HEADER_BYTES: usize = 32;
/// Length of a frame without its payload.
pub const FRAME_HEAD_BYTES: usize = 16;
/// Longest payload. An event is a few hundred bytes; what SIP can put into one is bounded by its 64 KB.
pub const PAYLOAD_MAX_BYTES: usize = 1 << 20;
const MAGIC: &[u8; 8] = b"YIHAOJ01";
const READ_BYTES: usize = 1 << 16;

/// A segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of the segment; each is used once, also when the file is used again.
    pub number: u64,
    /// Sequence number of its first frame.
    pub first_seq: u64,
}

impl Header {
    /// The bytes at the segment's start.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` if these bytes are none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let whole = bytes.starts_with(MAGIC) && u32_at(bytes, 28)? == crc32fast::hash(&bytes[..28]);
        whole.then_some(Self {
            number: u64_at(bytes, 8)?,
            first_seq: u64_at(bytes, 16)?,
        })
    }
}

/// Appends one frame to `out`.
pub fn push_frame(out: &mut Vec<u8>, number: u64, seq: u64, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(number, length, seq, payload).to_le_bytes());
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(payload);
}

fn checksum(number: u64, length: u32, seq: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let mut head = [0; 20];
    head[..8].copy_from_slice(&number.to_le_bytes());
    head[8..12].copy_from_slice(&length.to_le_bytes());
    head[12..].copy_from_slice(&seq.to_le_bytes());
    hasher.update(&head);
    hasher.update(payload);
    hasher.finalize()
}

/// Walks the frames of one segment, in order, stopping at the first that is not whole.
pub struct FrameReader {
    file: Box<dyn DiskFile>,
    number: u64,
    next_seq: u64,
    offset: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl FrameReader {
    /// Starts behind the header.
    pub fn new(file: Box<dyn DiskFile>, header: Header) -> Self {
        Self {
            file,
            number: header.number,
            next_seq: header.first_seq,
            offset: HEADER_BYTES as u64,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// Number of the segment.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Sequence number that the next frame must have.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Goes on behind a place that cannot be read.
    pub fn skip_to(&mut self, offset: u64, next_seq: u64) {
        self.offset = offset;
        self.next_seq = next_seq;
    }

    /// The next frame that ends at or before `end`. `None`: no whole frame with the right number is there.
    pub fn next(&mut self, end: u64) -> io::Result<Option<(u64, &[u8])>> {
        if !self.fill(FRAME_HEAD_BYTES, end)? {
            return Ok(None);
        }
        let head = self.at_offset();
        let (Some(length), Some(crc), Some(seq)) = (u32_at(head, 0), u32_at(head, 4), u64_at(head, 8)) else {
            return Ok(None);
        };
        let payload_bytes = usize::try_from(length).unwrap_or(usize::MAX);
        let right = payload_bytes > 0 && payload_bytes <= PAYLOAD_MAX_BYTES && seq == self.next_seq;
        let frame_bytes = FRAME_HEAD_BYTES.saturating_add(payload_bytes);
        if !right || !self.fill(frame_bytes, end)? {
            return Ok(None);
        }
        let start = self.in_window() + FRAME_HEAD_BYTES;
        let payload = start..start + payload_bytes;
        if checksum(self.number, length, seq, &self.window[payload.clone()]) != crc {
            return Ok(None);
        }
        self.offset += frame_bytes as u64;
        self.next_seq += 1;
        Ok(Some((seq, &self.window[payload])))
    }

    fn in_window(&self) -> usize {
        usize::try_from(self.offset.saturating_sub(self.window_at)).unwrap_or(usize::MAX)
    }

    fn at_offset(&self) -> &[u8] {
        self.window.get(self.in_window()..).unwrap_or_default()
    }

    /// Makes sure that `wanted` bytes from the offset on are in the window; false if the file or `end` comes before.
    fn fill(&mut self, wanted: usize, end: u64) -> io::Result<bool> {
        let available = end.saturating_sub(self.offset);
        if available < wanted as u64 {
            return Ok(false);
        }
        if self.offset >= self.window_at && self.at_offset().len() >= wanted {
            return Ok(true);
        }
        let room = usize::try_from(available).map_or(READ_BYTES, |a| a.min(READ_BYTES));
        self.window.resize(room.max(wanted), 0);
        self.window_at = self.offset;
        let got = self.file.read_at(&mut self.window, self.offset)?;
        self.window.truncate(got);
        Ok(got >= wanted)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*eight))
}
