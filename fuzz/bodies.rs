//! What is done with the octets of one fuzz target. Shared by the libFuzzer targets and by the replay of the seeds in
//! `tests/fuzz_seeds.rs`; knows neither of them. A body fails by panicking.

#[path = "bodies/dialplan.rs"]
mod dialplan;
#[path = "bodies/message.rs"]
mod message;
#[path = "bodies/registrar.rs"]
mod registrar;
#[path = "bodies/rtp.rs"]
mod rtp;
#[path = "bodies/script.rs"]
mod script;
#[path = "bodies/sdp.rs"]
mod sdp;
#[path = "bodies/stream.rs"]
mod stream;

/// One datagram at the SIP port.
pub fn message(data: &[u8]) {
    message::run(data);
}

/// What a TCP connection brings, whole and in pieces.
pub fn stream(data: &[u8]) {
    stream::run(data);
}

/// The body of an offer and of an answer.
pub fn sdp(data: &[u8]) {
    sdp::run(data);
}

/// One datagram at the RTP or RTCP port; and the life of two bridged legs.
pub fn rtp(data: &[u8]) {
    rtp::run(data);
}

/// Telephones that register, with what they ask in the fuzzer's hands.
pub fn registrar(data: &[u8]) {
    registrar::run(data);
}

/// Dialplan files, and a call's walk through them.
pub fn dialplan(data: &[u8]) {
    dialplan::run(data);
}
