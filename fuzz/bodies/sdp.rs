//! A session description: read as an offer and as an answer, by phones of both address families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use yihao::kernel::audio::{AudioParams, Direction, Law};
use yihao::kernel::limits::{SDP_LINES_MAX, SDP_MEDIA_MAX};
use yihao::sip::sdp::{LocalAudio, Sdp, accept_answer, answer, offer};

/// See [`super::sdp`].
pub fn run(data: &[u8]) {
    let Ok(sdp) = Sdp::parse(data) else {
        return;
    };
    assert!(sdp.media.len() <= SDP_MEDIA_MAX);
    fixed(&sdp);
    for local in locals() {
        offered(&sdp, &local);
        let ours = offer(&local);
        if let Ok(params) = accept_answer(&ours, &sdp) {
            sane(&params, &local);
        }
    }
    let ours = offer(&locals()[0]);
    fixed(&sdp.clone().revised(&ours));
    fixed(&ours.revised(&sdp));
}

/// What we write of a description reads as the same, and is then written the same.
fn fixed(sdp: &Sdp) {
    let text = sdp.to_string();
    // Our v=, s= and t= come on top: at the limit the copy may be some too many.
    if text.lines().count() > SDP_LINES_MAX {
        return;
    }
    let again = Sdp::parse(text.as_bytes()).expect("our description is one");
    assert_eq!(*sdp, again);
    assert_eq!(text, again.to_string());
}

/// An offer that we take gets an answer with as many streams, one of them ours, and the offerer can make sense of it.
fn offered(sdp: &Sdp, local: &LocalAudio) {
    let Ok((ours, params)) = answer(sdp, local) else {
        return;
    };
    assert_eq!(ours.media.len(), sdp.media.len());
    let taken = ours.media.iter().filter(|media| media.port != 0);
    assert_eq!(taken.count(), 1);
    sane(&params, local);
    fixed(&ours);
    let _ = accept_answer(sdp, &ours);
}

/// Nothing that media could stumble over.
fn sane(params: &AudioParams, local: &LocalAudio) {
    assert!(params.payload_type < 128);
    assert!((10..=60).contains(&params.ptime_ms) && params.ptime_ms.is_multiple_of(10));
    for to in [params.remote_rtp, params.remote_rtcp].into_iter().flatten() {
        assert_eq!(to.is_ipv4(), local.address.is_ipv4());
        assert!(to.port() != 0 && !to.ip().is_unspecified() && !to.ip().is_multicast());
    }
    assert!(params.remote_rtp.is_some() || !params.direction.sends());
    assert!(local.laws.contains(&params.law));
    assert!(local.direction.sends() || !params.direction.sends());
    assert!(local.direction.receives() || !params.direction.receives());
}

fn locals() -> [LocalAudio; 3] {
    let plain = LocalAudio {
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        rtp_port: 40_000,
        rtcp_port: 40_001,
        session_id: 7,
        session_version: u64::MAX,
        laws: vec![Law::A, Law::Mu],
        dtmf: true,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    };
    let other_family = LocalAudio {
        address: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        rtp_port: u16::MAX,
        rtcp_port: 1,
        laws: vec![Law::Mu],
        dtmf: false,
        ..plain.clone()
    };
    let holding = LocalAudio {
        direction: Direction::SendOnly,
        ..plain.clone()
    };
    [plain, other_family, holding]
}
