//! Each seed of each fuzz target, run once through the same body as the fuzzer runs: what was found stays found.

// clippy takes the bodies for shipped code: they are not, and panicking is how they tell.
#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::path::Path;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = std::fs::read(&path).unwrap();
        let outcome = std::panic::catch_unwind(|| body(&data));
        assert!(outcome.is_ok(), "{} fails, see above", path.display());
        seeds += 1;
    }
    assert!(seeds > 5, "where are the seeds of {target}?");
}

#[test]
fn messages() {
    replay("message", bodies::message);
}

#[test]
fn streams() {
    replay("stream", bodies::stream);
}

#[test]
fn session_descriptions() {
    replay("sdp", bodies::sdp);
}

#[test]
fn media_packets() {
    replay("rtp", bodies::rtp);
}

#[test]
fn telephones() {
    replay("registrar", bodies::registrar);
}

#[test]
fn dialplans() {
    replay("dialplan", bodies::dialplan);
}
