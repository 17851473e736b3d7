//! The demo city's own plans, the meter's plan and a few sounds, for worlds without files.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use yihao::call::{CallerId, Gateway, Limits, Lines, Manners, Route, Shared};
use yihao::ivr::{Dialplan, TransferPolicy, dialplan};
use yihao::kernel::Law;
use yihao::kernel::calendar::Calendar;
use yihao::media::Clip;
use yihao::sip::message::Uri;
use yihao::sip::trunk::TrunkConfig;

/// Numbers that may be transferred to.
pub const EMERGENCY: [&str; 4] = ["110", "119", "120", "122"];

/// The shipped plans and the meter's.
pub fn plan() -> Arc<Dialplan> {
    plan_with(&[])
}

/// The shipped plans with further files.
pub fn plan_with(more: &[(&str, &str)]) -> Arc<Dialplan> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/dialplans");
    let mut files = Vec::new();
    for folder in [root.to_owned(), format!("{root}/examples")] {
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    files.extend(more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    let policy = TransferPolicy::new(&EMERGENCY).unwrap();
    match dialplan::load(&files, &|_| true, &policy) {
        Ok(plan) => Arc::new(plan),
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// The State Council's table of 2026.
pub fn calendar() -> Arc<Calendar> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/calendar/2026.json")).unwrap();
    Arc::new(Calendar::from_json(&text).unwrap())
}

/// The trunk that the emergency numbers are behind.
pub const NEIGHBOUR: &str = "neighbour";

fn neighbour() -> Uri {
    Uri::parse("sip:192.0.2.11:5060").unwrap()
}

/// The trunks of a usual day: one that wants neither registration nor OPTIONS.
pub fn trunks() -> Vec<TrunkConfig> {
    vec![TrunkConfig {
        name: NEIGHBOUR.into(),
        peers: Vec::new(),
        server: neighbour(),
        srv: false,
        outbound_proxy: None,
        identity: Uri::parse("sip:12345@192.0.2.11").unwrap(),
        contact: Uri::parse("sip:12345@192.0.2.1").unwrap(),
        account: None,
        expires_s: None,
        options_interval_s: None,
    }]
}

/// The same trunk for calls of our own: the hotline's number is shown.
pub fn carrier() -> Gateway {
    Gateway {
        name: NEIGHBOUR.into(),
        server: neighbour(),
        outbound_proxy: None,
        account: None,
        lines: Lines::at_most(100),
        caller_id: CallerId::From,
        present_number: None,
    }
}

/// Settings of a usual day: emergency numbers are at the telephone with index 1.
pub fn shared() -> Shared {
    let gateway = Gateway {
        name: NEIGHBOUR.into(),
        server: neighbour(),
        outbound_proxy: None,
        account: None,
        lines: Lines::at_most(100),
        caller_id: CallerId::Asserted,
        present_number: None,
    };
    let numbers = TransferPolicy::new(&EMERGENCY).unwrap();
    Shared {
        plan: plan(),
        calendar: calendar(),
        peers: Vec::new(),
        routes: vec![Route {
            numbers,
            gateway: Arc::new(gateway),
        }],
        limits: Limits {
            calls_max: 1_000,
            calls_per_source_max: 100,
            strangers_may_call: true,
            drain_retry_s: 5,
        },
        laws: vec![Law::A, Law::Mu],
        call_max: Duration::from_secs(7_200),
        manners: Manners::default(),
        codes: Arc::default(),
        draining: false,
    }
}

/// A pure tone.
pub fn tone(hz: f64, seconds: f64) -> Arc<Clip> {
    let samples = (0..(seconds * 8_000.0) as u32).map(|n| ((TAU * hz * f64::from(n) / 8_000.0).sin() * 8_000.0) as i16);
    Arc::new(Clip::from_linear(samples))
}

/// The sounds by piece; "" stands for every other.
pub fn clips() -> HashMap<String, Arc<Clip>> {
    let mut clips = HashMap::new();
    clips.insert("examples/p1.wav".into(), tone(440.0, 3.0));
    clips.insert("examples/p2.wav".into(), tone(880.0, 3.0));
    clips.insert("tone/ringback".into(), tone(450.0, 1.0));
    clips.insert("tone/hold".into(), tone(350.0, 1.0));
    clips.insert(String::new(), tone(300.0, 1.0));
    clips
}
