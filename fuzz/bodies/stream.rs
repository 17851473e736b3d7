//! A TCP stream: however the network tears it, the same messages come out, and little is held.

use yihao::kernel::limits::{SIP_BODY_MAX_BYTES, SIP_HEAD_MAX_BYTES};
use yihao::sip::message::{Frame, Malformed, StreamFramer};

/// Longest stream that is fed octet by octet, bytes.
const CRUMBLED_MAX_BYTES: usize = 256;

type Frames = Vec<Result<Frame, Malformed>>;

/// See [`super::stream`].
pub fn run(data: &[u8]) {
    let whole = frames(data, |_| data.len().max(1));
    let torn = frames(data, |rest| {
        1 + usize::from(rest[0] % 48) + 7 * usize::from(rest[rest.len() - 1] % 8)
    });
    assert_eq!(whole, torn, "torn by its own octets");
    // Octet by octet is slow, and short streams have every kind of seam already.
    if data.len() <= CRUMBLED_MAX_BYTES {
        let crumbs = frames(data, |_| 1);
        assert_eq!(whole, crumbs, "torn into octets");
    }
}

/// The frames of `data`, fed in pieces of the size that `size` gives for what is left. Pongs are left out: half a ping may
/// arrive alone.
fn frames(data: &[u8], size: impl Fn(&[u8]) -> usize) -> Frames {
    let mut framer = StreamFramer::new();
    let mut frames = Frames::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(size(rest).min(rest.len()));
        rest = after;
        framer.push(piece);
        for frame in framer.by_ref() {
            assert!(frames.len() <= data.len(), "frames without end");
            frames.push(frame);
        }
        assert!(framer.pending_bytes() <= SIP_HEAD_MAX_BYTES + SIP_BODY_MAX_BYTES);
        if framer.must_close() {
            assert!(matches!(frames.last(), Some(Err(_))), "closed without a reason");
            framer.push(rest);
            assert!(framer.next().is_none() && framer.pending_bytes() == 0);
            break;
        }
    }
    frames.retain(|frame| *frame != Ok(Frame::Pong));
    frames
}
