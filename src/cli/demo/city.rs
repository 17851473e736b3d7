//! The demo city: its configuration, its emergency desk, and the calls that are placed in it.

use std::f64::consts::TAU;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::call::phone::{Action, Ear, KeyPress, Phone, Sound};
use crate::cli::call::{Call, Heard, Line};
use crate::config::{Config, Queue, Trunk};
use crate::engine::clock;
use crate::kernel::{Digit, EndReason, EndedBy, Law};
use crate::media::{Clip, wav};
use crate::sip::Transport;
use crate::store::CallRecord;

/// Address of the demo's emergency desk: on the loopback, but not the callers'.
const DESK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
/// What the desk says and what the caller says there, hertz.
const DESK_TONE: f64 = 700.0;
const CALLER_TONE: f64 = 1_200.0;
/// How long the caller speaks his message, seconds.
const SPOKEN_S: f64 = 3.0;
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is removed when the demo ends; `None` for one that stays.
pub(super) struct Folder(Option<PathBuf>);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = std::fs::remove_dir_all(path)
        {
            tracing::warn!(%error, "the demo's folder could not be removed");
        }
    }
}

/// The city's configuration. With `once`, free ports and a folder that is removed afterwards, so that nothing can be in
/// the way; otherwise the usual ports, and the data stays in `data/demo`.
pub(super) fn config(once: bool, desk: SocketAddr) -> std::io::Result<(Config, Folder)> {
    let mut config = Config::default();
    config.log.level = crate::config::LogLevel::Warn;
    config.dialplan.transfer_trunk = Some("desk".to_owned());
    config.queue.push(Queue {
        name: super::person::QUEUE.to_owned(),
        ..Queue::default()
    });
    config.trunk.push(Trunk {
        name: "desk".to_owned(),
        peers: vec![format!("{DESK}/32")],
        outbound_proxy: Some(format!("sip:{desk}")),
        options_interval_s: 0,
        ..Trunk::default()
    });
    if !once {
        config.data_dir = PathBuf::from("data/demo");
        return Ok((config, Folder(None)));
    }
    let folder = std::env::temp_dir().join(format!("yihao-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    config.data_dir.clone_from(&folder);
    let any_port = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    config.sip.listen_udp.clone_from(&any_port);
    config.sip.listen_tcp.clone_from(&any_port);
    config.http.listen = any_port;
    Ok((config, Folder(Some(folder))))
}

/// One call of the demo.
pub(super) struct Story {
    pub title: &'static str,
    pub call: Call,
    pub script: Vec<Action>,
    pub ledger: Vec<Expected>,
    /// An agent comes to work before it.
    pub needs_agent: bool,
}

/// What the ledger is to hold.
pub(super) enum Expected {
    End(EndedBy, EndReason),
    Hotline(&'static str),
    PersonRequested,
    CallbackOwed(&'static str),
    /// A recording of at least so many milliseconds, with a tone in it.
    Recording(u64, f64),
    TransferAnswered,
    /// This agent answered.
    AnsweredBy(&'static str),
}

impl Expected {
    /// What is missing, in words.
    pub(super) fn missing_in(&self, record: &CallRecord, config: &Config) -> Option<String> {
        match self {
            Self::End(by, reason) => {
                let found = (record.ended_by, record.end_reason);
                (found != (Some(*by), Some(*reason))).then(|| format!("ended {found:?}, not {by:?} {reason:?}"))
            }
            Self::Hotline(name) => {
                (record.hotline.as_deref() != Some(name)).then(|| format!("hotline {:?}, not {name}", record.hotline))
            }
            Self::PersonRequested => record
                .person_requested_at
                .is_none()
                .then(|| "no person was requested".to_owned()),
            Self::CallbackOwed(why) => {
                (record.callback_owed() != Some(why)).then(|| format!("no call back is owed ({why})"))
            }
            Self::TransferAnswered => {
                let answered = record.transfer.as_ref().is_some_and(|t| t.answered_at.is_some());
                (!answered).then(|| "the transfer was not answered".to_owned())
            }
            Self::AnsweredBy(agent) => (record.answered_by_person_at.is_none() || record.recordings.is_empty())
                .then(|| format!("not answered by {agent}, or not recorded")),
            Self::Recording(at_least_ms, hz) => recording_lacks(record, config, *at_least_ms, *hz),
        }
    }
}

fn recording_lacks(record: &CallRecord, config: &Config, at_least_ms: u64, hz: f64) -> Option<String> {
    let recording = record.recordings.first()?;
    let Some(facts) = &recording.finished else {
        return Some("the recording is not finished".to_owned());
    };
    if facts.duration_ms < at_least_ms {
        return Some(format!("the recording has {} ms, not {at_least_ms}", facts.duration_ms));
    }
    let bytes = std::fs::read(config.recordings_dir().join(&recording.file)).ok()?;
    let clip = wav::parse(&bytes).ok()?;
    let mut ear = Ear::default();
    ear.heard.extend_from_slice(clip.octets(Law::A));
    let heard_s = ear.share(Sound::Tone(hz), 0.0, ear.seconds()) * ear.seconds();
    (heard_s < SPOKEN_S - 0.5).then(|| format!("only {heard_s:.1} s of the recording are the {hz} Hz that were spoken"))
}

/// The calls, in order.
pub(super) fn stories(sip: SocketAddr, tcp: SocketAddr) -> Vec<Story> {
    let keys = |text: &str| -> Vec<Digit> { text.chars().filter_map(Digit::from_char).collect() };
    let press = |text: &str| Action::Press(keys(text), KeyPress::Rfc4733);
    let voice = |seconds: u64| Action::Expect(Sound::Any, Duration::from_secs(seconds));
    let pause = |seconds: f64| Action::Wait(Duration::from_secs_f64(seconds));
    let dial = |number: &str, from: &str| Call::new(&format!("sip:{number}@{sip}"), from);
    let answered = || Action::WaitAnswer(PATIENCE);
    vec![
        Story {
            title: "12345: a person is asked for at once; none is there yet, so a message is left and a call back is owed",
            call: dial("12345", "13800001234"),
            script: vec![
                answered(),
                voice(3),
                pause(1.0),
                press("2"),
                pause(1.0),
                voice(5),
                pause(8.0),
                Action::Speak(tone(CALLER_TONE, SPOKEN_S)),
                press("#"),
                voice(5),
                Action::WaitHangUp(PATIENCE),
            ],
            ledger: vec![
                Expected::Hotline("12345"),
                Expected::PersonRequested,
                Expected::CallbackOwed("message_left"),
                Expected::Recording(2_500, CALLER_TONE),
                Expected::End(EndedBy::System, EndReason::PlanFinished),
            ],
            needs_agent: false,
        },
        Story {
            title: "12345, key 9, key 1: direct transfer to 110, sound both ways",
            call: dial("12345", "13800005678"),
            script: vec![
                answered(),
                voice(3),
                press("9"),
                pause(1.0),
                press("1"),
                Action::Expect(Sound::Tone(DESK_TONE), PATIENCE),
                Action::Speak(tone(CALLER_TONE, 2.0)),
                Action::HangUp,
                Action::WaitHangUp(PATIENCE),
            ],
            ledger: vec![
                Expected::TransferAnswered,
                Expected::End(EndedBy::Caller, EndReason::Hangup),
            ],
            needs_agent: false,
        },
        Story {
            title: "12315, a merged hotline that keeps its identity; over TCP, µ-law, offer in the ACK",
            call: Call {
                uri: format!("sip:12315@{tcp};transport=tcp"),
                laws: vec![Law::Mu],
                late_offer: true,
                ..dial("12315", "13900000001")
            },
            script: vec![
                answered(),
                voice(5),
                pause(1.0),
                Action::HangUp,
                Action::WaitHangUp(PATIENCE),
            ],
            ledger: vec![
                Expected::Hotline("12315"),
                Expected::End(EndedBy::Caller, EndReason::Hangup),
            ],
            needs_agent: false,
        },
        Story {
            title: "a number that is none of ours: refused, and on record",
            call: dial("99999", "13700000002"),
            script: vec![Action::WaitHangUp(PATIENCE)],
            ledger: vec![Expected::End(EndedBy::System, EndReason::UnknownNumber)],
            needs_agent: false,
        },
    ]
}

/// A citizen calls while an agent is there.
pub(super) fn a_person_answers(sip: SocketAddr) -> Story {
    Story {
        title: "12345: an agent answers within seconds, sound both ways, recorded in two channels",
        call: super::person::citizen(sip),
        script: super::person::script(),
        ledger: vec![
            Expected::Hotline("12345"),
            Expected::PersonRequested,
            Expected::AnsweredBy("8001"),
            Expected::End(EndedBy::Caller, EndReason::Hangup),
        ],
        needs_agent: true,
    }
}

/// A pure tone.
fn tone(hz: f64, seconds: f64) -> Arc<Clip> {
    let samples = (0..(seconds * 8_000.0) as u32).map(|n| ((TAU * hz * f64::from(n) / 8_000.0).sin() * 8_000.0) as i16);
    Arc::new(Clip::from_linear(samples))
}

/// The desk that answers 110: a telephone on this machine that says its tone and listens for the caller's.
pub(super) struct EmergencyDesk {
    address: SocketAddr,
    call: tokio::task::JoinHandle<std::io::Result<Heard>>,
}

impl EmergencyDesk {
    /// Waits for one call.
    pub(super) async fn start() -> std::io::Result<Self> {
        let line = Line::listen(DESK).await?;
        let address = line.address();
        let mut config = line.config("110", address, Transport::Udp)?;
        config.answers_after = Some(Duration::from_millis(1_500));
        let script = vec![
            Action::WaitAnswer(Duration::from_secs(24 * 3_600)),
            Action::Speak(tone(DESK_TONE, 2.0)),
            Action::Expect(Sound::Tone(CALLER_TONE), PATIENCE),
            Action::WaitHangUp(PATIENCE),
        ];
        let phone = Phone::new(config, script, clock::now());
        Ok(Self {
            address,
            call: tokio::spawn(line.run(phone)),
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the desk missed; call it when its caller has gone.
    pub(super) async fn failures(self) -> Vec<String> {
        match tokio::time::timeout(Duration::from_secs(5), self.call).await {
            Ok(Ok(Ok(heard))) => heard
                .report
                .failures
                .into_iter()
                .map(|f| format!("at 110: {f}"))
                .collect(),
            Ok(Ok(Err(error))) => vec![format!("at 110: {error}")],
            Ok(Err(error)) => vec![format!("at 110: {error}")],
            Err(_) => vec!["110 was never called, or its call did not end".to_owned()],
        }
    }
}
