//! What phones, gateways and attackers put into session descriptions, and what we make of it.

use std::net::SocketAddr;

use super::*;
use crate::kernel::audio::{AudioParams, Direction, Law};

fn local() -> LocalAudio {
    LocalAudio {
        address: "192.0.2.10".parse().unwrap(),
        rtp_port: 20_000,
        rtcp_port: 20_001,
        session_id: 1,
        session_version: 1,
        laws: vec![Law::A, Law::Mu],
        dtmf: true,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

fn sdp(lines: &str) -> Sdp {
    Sdp::parse(lines.as_bytes()).unwrap()
}

/// An offer of a phone at 192.0.2.99 with these media lines.
fn phone(media: &str) -> Sdp {
    sdp(&format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.99\r\ns=-\r\nc=IN IP4 192.0.2.99\r\nt=0 0\r\n{media}"
    ))
}

fn answered(offer: &Sdp) -> (Sdp, AudioParams) {
    answer(offer, &local()).unwrap()
}

fn refused(offer: &Sdp) -> NotAcceptable {
    answer(offer, &local()).unwrap_err()
}

fn addr(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn a_plain_phone_is_answered_in_a_law_with_keys() {
    let offer = phone(
        "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n",
    );
    let (ours, params) = answered(&offer);
    assert_eq!(
        ours.to_string(),
        "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(params.law, Law::A);
    assert_eq!(params.payload_type, 8);
    assert_eq!(params.dtmf_payload_type, Some(101));
    assert_eq!(params.remote_rtp, addr("192.0.2.99:4000"));
    assert_eq!(params.remote_rtcp, addr("192.0.2.99:4001"));
    assert_eq!(params.direction, Direction::SendRecv);
}

#[test]
fn our_offer_and_a_phones_answer_agree() {
    let ours = offer(&local());
    assert_eq!(ours.media[0].formats, ["8", "0", "101"]);
    let answer = phone("m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:97 telephone-event/8000\r\n");
    let params = accept_answer(&ours, &answer).unwrap();
    assert_eq!((params.law, params.payload_type), (Law::Mu, 0));
    assert_eq!(params.dtmf_payload_type, Some(97));
    let refused = phone("m=audio 0 RTP/AVP 8\r\n");
    assert_eq!(accept_answer(&ours, &refused), Err(NotAcceptable::Refused));
    let foreign = phone("m=audio 4000 RTP/AVP 18\r\n");
    assert_eq!(accept_answer(&ours, &foreign), Err(NotAcceptable::NoCommonCodec));
    let empty = phone("");
    assert_eq!(accept_answer(&ours, &empty), Err(NotAcceptable::NoAudio));
}

#[test]
fn real_phones_leave_lines_out_and_end_them_as_they_like() {
    let offer = sdp("v=0\no=x 1 1 IN IP4 192.0.2.99\nc=IN IP4 192.0.2.99\nm=audio 4000 RTP/AVP 8\nX=?\nrubbish\n");
    assert_eq!(answered(&offer).1.law, Law::A);
    assert_eq!(Sdp::parse(b"hello\r\n"), Err(SdpError::NotSdp));
    assert_eq!(Sdp::parse(b""), Err(SdpError::NotSdp));
}

#[test]
fn other_streams_keep_their_places_with_port_0() {
    let offer = phone(
        "m=video 5000 RTP/AVP 31 32\r\nm=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/AVP 8\r\nm=image 6000 udptl t38\r\n",
    );
    let (ours, _) = answered(&offer);
    let lines: Vec<String> = ours
        .to_string()
        .lines()
        .filter(|l| l.starts_with("m="))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 20000 RTP/AVP 8",
            "m=audio 0 RTP/AVP 8",
            "m=image 0 udptl t38"
        ]
    );
}

#[test]
fn secure_audio_is_passed_over_for_plain_audio() {
    let crypto: String = (1..=100)
        .map(|i| format!("a=crypto:{i} AES_CM_128_HMAC_SHA1_80 inline:{}\r\n", "A".repeat(40)))
        .collect();
    let both = phone(&format!(
        "m=audio 4000 RTP/SAVP 8\r\n{crypto}m=audio 4002 RTP/AVP 8\r\n"
    ));
    let (ours, params) = answered(&both);
    assert_eq!((ours.media[0].port, ours.media[1].port), (0, 20_000));
    assert_eq!(params.remote_rtp, addr("192.0.2.99:4002"));
    let secure_only = phone(&format!("m=audio 4000 RTP/SAVP 8\r\n{crypto}"));
    assert_eq!(refused(&secure_only), NotAcceptable::Profile);
}

#[test]
fn fax_alone_is_refused() {
    // A T.38 re-INVITE in the middle of a call: 488, and the call goes on with its old session.
    let fax = phone("m=image 6000 udptl t38\r\na=T38FaxVersion:0\r\n");
    assert_eq!(refused(&fax), NotAcceptable::NoAudio);
    assert_eq!(refused(&phone("")), NotAcceptable::NoAudio);
}

#[test]
fn hold_takes_our_sending_away() {
    let way = |media: &str| {
        let (ours, params) = answered(&phone(media));
        assert!(ours.media[0].attributes.contains(params.direction.as_str()));
        params.direction
    };
    assert_eq!(way("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"), Direction::RecvOnly);
    assert_eq!(way("m=audio 4000 RTP/AVP 8\r\na=inactive\r\n"), Direction::Inactive);
    assert_eq!(way("m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n"), Direction::SendOnly);
    assert_eq!(
        way("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n"),
        Direction::RecvOnly
    );
    assert_eq!(
        way("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n"),
        Direction::Inactive
    );
    let (_, old_hold) = answered(&phone("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n"));
    assert_eq!((old_hold.remote_rtp, old_hold.remote_rtcp), (None, None));
}

#[test]
fn the_session_may_set_the_direction_for_all_streams() {
    let offer = sdp("v=0\r\nc=IN IP4 192.0.2.99\r\na=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(answered(&offer).1.direction, Direction::RecvOnly);
}

#[test]
fn our_own_hold_is_answered_by_receiving() {
    let mut held = local();
    held.direction = Direction::SendOnly;
    let ours = offer(&held);
    let params = accept_answer(&ours, &phone("m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n"));
    assert_eq!(params.unwrap().direction, Direction::SendOnly);
    // A phone that ignores the direction does not end our hold.
    let params = accept_answer(&ours, &phone("m=audio 4000 RTP/AVP 8\r\n"));
    assert_eq!(params.unwrap().direction, Direction::SendOnly);
}

#[test]
fn dynamic_numbers_carry_known_codecs() {
    let offer = phone(
        "m=audio 4000 RTP/AVP 96 97 98 13\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 pcmu/8000/1\r\n\
         a=rtpmap:98 telephone-event/48000\r\n",
    );
    let (ours, params) = answered(&offer);
    assert_eq!((params.law, params.payload_type), (Law::Mu, 97));
    assert_eq!(params.dtmf_payload_type, None, "events only at 8,000 Hz");
    assert_eq!(params.comfort_noise_payload_type, Some(13));
    assert_eq!(ours.media[0].formats, ["97", "13"]);
    let remapped = phone("m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 G729/8000\r\n");
    assert_eq!(refused(&remapped), NotAcceptable::NoCommonCodec);
}

#[test]
fn rtcp_goes_where_the_far_side_says() {
    let rtcp = |lines: &str| {
        answered(&phone(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}")))
            .1
            .remote_rtcp
    };
    assert_eq!(rtcp("a=rtcp:53020\r\n"), addr("192.0.2.99:53020"));
    assert_eq!(rtcp("a=rtcp:53020 IN IP4 192.0.2.98\r\n"), addr("192.0.2.98:53020"));
    assert_eq!(rtcp("a=rtcp:0\r\n"), None);
    assert_eq!(rtcp("a=rtcp:9 IN IP4 224.0.0.1\r\n"), None);
    assert_eq!(rtcp("a=rtcp-mux\r\n"), addr("192.0.2.99:4000"));
    let last = phone("m=audio 65535 RTP/AVP 8\r\n");
    assert_eq!(answered(&last).1.remote_rtcp, None);
    let (ours, params) = answered(&phone("m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n"));
    assert!(params.rtcp_mux && ours.media[0].attributes.contains("rtcp-mux"));
}

#[test]
fn a_shared_port_that_was_not_offered_is_not_believed() {
    let sharing = phone("m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n");
    let params = accept_answer(&offer(&local()), &sharing).unwrap();
    assert!(!params.rtcp_mux);
    assert_eq!(params.remote_rtcp, addr("192.0.2.99:4001"));
}

#[test]
fn our_rtcp_port_is_told_when_it_is_not_the_next() {
    let mut apart = local();
    apart.rtcp_port = 30_000;
    assert!(offer(&apart).to_string().contains("a=rtcp:30000\r\n"));
    assert!(!offer(&local()).to_string().contains("a=rtcp"));
}

#[test]
fn packet_times_stay_within_what_we_send() {
    let ptime = |lines: &str| {
        answered(&phone(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}")))
            .1
            .ptime_ms
    };
    for (lines, expected) in [
        ("", 20),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:40\r\na=maxptime:20\r\n", 20),
        ("a=ptime:200\r\n", 60),
        ("a=ptime:5\r\n", 10),
        ("a=ptime:20.0\r\n", 20),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:4294967296\r\n", 20),
        ("a=ptime:-20\r\n", 20),
    ] {
        assert_eq!(ptime(lines), expected, "{lines}");
    }
}

#[test]
fn numbers_beyond_their_range_refuse_the_stream_and_nothing_else() {
    for port in ["0", "4294967296", "65536", "-1", "x", ""] {
        let offer = phone(&format!("m=audio {port} RTP/AVP 8\r\nm=audio 4002 RTP/AVP 8\r\n"));
        let (ours, _) = answered(&offer);
        assert_eq!((ours.media[0].port, ours.media[1].port), (0, 20_000), "{port}");
    }
    let formats = phone("m=audio 4000 RTP/AVP 4294967304 264 -8 8\r\na=rtpmap:4294967296 PCMU/8000\r\n");
    assert_eq!(answered(&formats).1.payload_type, 8);
    let origin = sdp("v=0\r\no=- 99999999999999999999999 1 IN IP4 192.0.2.99\r\n");
    assert_eq!(origin.origin.session_id, "99999999999999999999999");
}

#[test]
fn a_nul_in_an_attribute_hides_only_that_attribute() {
    let offer = phone("m=audio 4000 RTP/AVP 8\r\na=fmtp\0\r\na=fmtp:\08 x\r\na=ptime:30\r\n");
    assert_eq!(answered(&offer).1.ptime_ms, 30);
    assert_eq!(offer.media[0].attributes.iter().count(), 1);
}

#[test]
fn tabs_part_words_like_spaces() {
    // Found by fuzzing: what was read with a tab was written without, "audio" and its port had become one word.
    let offer = phone("m=audio\t4000 RTP/AVP\t8\r\na=fmtp:8\tx\r\n");
    assert_eq!(answered(&offer).1.law, Law::A);
    assert_eq!(sdp(&offer.to_string()), offer);
}

#[test]
fn addresses_that_mean_no_single_host_are_refused() {
    for ip in ["224.2.1.1/127", "255.255.255.255", "host.example.com", "999.1.1.1", ""] {
        let offer = phone(&format!("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 {ip}\r\n"));
        assert_eq!(refused(&offer), NotAcceptable::Address, "{ip}");
    }
    let nowhere = sdp("v=0\r\nm=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(refused(&nowhere), NotAcceptable::Address);
}

#[test]
fn each_stream_may_have_its_own_address_and_family() {
    // RFC 5118 §4.8: no c= of the session; the stream in our family is the one we take.
    let offer = sdp(
        "v=0\r\nm=audio 5000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.1\r\n",
    );
    assert_eq!(answered(&offer).1.remote_rtp, addr("192.0.2.1:4000"));
    let mut six = local();
    six.address = "2001:db8::10".parse().unwrap();
    let (ours, params) = answer(&offer, &six).unwrap();
    assert_eq!(params.remote_rtp, addr("[2001:db8::1]:5000"));
    assert!(ours.to_string().contains("c=IN IP6 2001:db8::10\r\n"));
    let mapped = sdp("v=0\r\nc=IN IP6 ::ffff:192.0.2.2\r\nm=audio 6000 RTP/AVP 8\r\n");
    assert_eq!(answered(&mapped).1.remote_rtp, addr("192.0.2.2:6000"));
}

#[test]
fn floods_of_lines_and_streams_are_cut_off() {
    let lines = "a=x\r\n".repeat(600);
    assert_eq!(
        Sdp::parse(format!("v=0\r\n{lines}").as_bytes()),
        Err(SdpError::TooManyLines)
    );
    let streams = "m=audio 4000 RTP/AVP 8\r\n".repeat(17);
    assert_eq!(
        Sdp::parse(format!("v=0\r\n{streams}").as_bytes()),
        Err(SdpError::TooManyMedia)
    );
    let formats = phone(&format!("m=audio 4000 RTP/AVP 8{}\r\n", " 0".repeat(10_000)));
    assert!(formats.media[0].formats.len() <= 64);
}

#[test]
fn the_version_counts_changes_and_nothing_else() {
    let first = offer(&local());
    assert_eq!(offer(&local()).revised(&first), first);
    let mut held = local();
    held.direction = Direction::SendOnly;
    let second = offer(&held).revised(&first);
    assert_eq!(second.origin.version, "2");
    assert_eq!(offer(&local()).revised(&second).origin.version, "3");
}

#[test]
fn the_bodies_of_real_phones_are_answered_or_refused_with_a_reason() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/sdp");
    for (name, expected) in [
        ("desk-phone", None),
        ("lf-only", None),
        ("dynamic", None),
        ("savp-and-avp", None),
        ("hold-old", None),
        ("browser", Some(NotAcceptable::Profile)),
        ("fax", Some(NotAcceptable::NoAudio)),
        ("huge-numbers", Some(NotAcceptable::Refused)),
        ("multicast", Some(NotAcceptable::Address)),
        ("ipv6-in-sdp", Some(NotAcceptable::NoCommonCodec)),
        ("mult-ip-in-sdp", None),
    ] {
        let octets = std::fs::read(seeds.join(format!("{name}.sdp"))).unwrap();
        let answer = answer(&Sdp::parse(&octets).unwrap(), &local());
        assert_eq!(answer.err(), expected, "{name}");
    }
}

#[test]
fn where_the_sound_is_wanted_is_known_before_anything_is_agreed() {
    let at = |text: &str| audio_address(&Sdp::parse(text.as_bytes()).unwrap()).map(|ip| ip.to_string());
    let linphone = "v=0\r\nc=IN IP6 2001:db8::2\r\nm=audio 62400 RTP/AVP 96 0 8\r\n";
    assert_eq!(at(linphone).as_deref(), Some("2001:db8::2"));
    let of_the_stream =
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\nm=audio 9000 RTP/AVP 8\r\nc=IN IP4 192.0.2.2\r\n";
    assert_eq!(at(of_the_stream).as_deref(), Some("192.0.2.2"));
    assert_eq!(at("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9000 RTP/AVP 8\r\n"), None);
    assert_eq!(at("v=0\r\nm=video 9000 RTP/AVP 96\r\n"), None);
}

proptest::proptest! {
    #[test]
    fn what_we_write_we_read_back(port in 1u16..=65_534, rtcp in 1u16..=65_535, dtmf: bool, v6: bool) {
        let mut ours = local();
        ours.rtp_port = port;
        ours.rtcp_port = rtcp;
        ours.dtmf = dtmf;
        if v6 {
            ours.address = "2001:db8::7".parse().unwrap();
        }
        let offer = offer(&ours);
        proptest::prop_assert_eq!(Sdp::parse(&offer.to_bytes()), Ok(offer.clone()));
        let (answer, params) = answer(&offer, &ours).unwrap();
        let back = accept_answer(&offer, &answer).unwrap();
        proptest::prop_assert_eq!(back, params);
    }

    #[test]
    fn no_octets_break_it(octets: Vec<u8>, text in "(v=0\n)?([mcoa]=[ -~\u{4e00}]{0,40}\r?\n){0,12}") {
        for body in [octets, text.into_bytes()] {
            if let Ok(sdp) = Sdp::parse(&body) {
                let _ = answer(&sdp, &local());
                let _ = accept_answer(&offer(&local()), &sdp);
                proptest::prop_assert!(Sdp::parse(&sdp.to_bytes()).is_ok());
            }
        }
    }
}
