//! A telephone's script: one thing after the other, each with its patience.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::{Digit, Direction, Mono, Now, PlayId};
use crate::media::{Clip, MediaCommand};
use crate::sip::sdp;

use super::{Phone, Sound};

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPress {
    /// RFC 4733 events in RTP.
    Rfc4733,
    /// SIP INFO.
    Info,
    /// Both for each key, as some telephones do.
    Both,
}

/// How a telephone asks for silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldWay {
    /// `a=sendonly`: the other side may hear music of ours.
    SendOnly,
    /// `a=inactive`: nobody sends.
    Inactive,
    /// `c=0.0.0.0`, as before RFC 3264.
    NoAddress,
}

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Until the other side picks up.
    WaitAnswer(Duration),
    /// Just wait.
    Wait(Duration),
    /// Until a sound was heard for 100 ms.
    Expect(Sound, Duration),
    /// Press keys.
    Press(Vec<Digit>, KeyPress),
    /// Say something and wait until it is said.
    Speak(Arc<Clip>),
    /// Put the other side on hold.
    Hold,
    /// The same, in a certain way.
    HoldBy(HoldWay),
    /// Take it back.
    Resume,
    /// Until keys were heard.
    ExpectKeys(Vec<Digit>, Duration),
    /// Hang up.
    HangUp,
    /// Until the other side hangs up.
    WaitHangUp(Duration),
    /// Do nothing ever again: no BYE, no RTP, no answers from the script.
    Vanish,
}

/// Whether an action is over.
enum Progress {
    Waiting,
    Done,
    Failed(String),
}

impl Phone {
    /// Does what the script says as far as it can go now.
    pub(super) fn follow_script(&mut self, now: Now) {
        if self.is_done() {
            self.fail_the_rest();
            return;
        }
        while let Some(action) = self.script.front().cloned() {
            if !self.step_begun {
                self.step_begun = true;
                self.step_since = now.mono;
                self.begin(&action, now);
            }
            match self.progress(&action, now) {
                Progress::Waiting => return,
                Progress::Done => {}
                Progress::Failed(why) => {
                    self.note(format!("FAILED: {why}"), now);
                    self.report.failures.push(why);
                }
            }
            self.script.pop_front();
            self.step_begun = false;
        }
    }

    /// The call ended before its script did: what still had to be heard was not.
    fn fail_the_rest(&mut self) {
        for action in std::mem::take(&mut self.script) {
            match action {
                Action::WaitAnswer(_) | Action::Expect(..) | Action::ExpectKeys(..) | Action::Press(..) => {
                    self.report.failures.push(format!("the call ended before {action:?}"));
                }
                Action::Wait(_)
                | Action::Speak(_)
                | Action::Hold
                | Action::HoldBy(_)
                | Action::Resume
                | Action::HangUp
                | Action::WaitHangUp(_)
                | Action::Vanish => {}
            }
        }
    }

    /// When the step under way is over by time alone.
    pub(super) fn script_deadline(&self) -> Option<Mono> {
        if self.is_done() || !self.step_begun {
            return None;
        }
        match self.script.front()? {
            Action::WaitAnswer(time)
            | Action::Wait(time)
            | Action::Expect(_, time)
            | Action::ExpectKeys(_, time)
            | Action::WaitHangUp(time) => Some(self.step_since + *time),
            Action::Press(..)
            | Action::Speak(_)
            | Action::Hold
            | Action::HoldBy(_)
            | Action::Resume
            | Action::HangUp
            | Action::Vanish => None,
        }
    }

    fn begin(&mut self, action: &Action, now: Now) {
        match action {
            Action::Expect(sound, _) => self.ear.listen_for(*sound),
            Action::Press(keys, way) => self.press(keys, *way, now),
            Action::Speak(clip) => self.speak(clip.clone(), now),
            Action::Hold => self.reoffer(Direction::SendOnly, None, now),
            Action::HoldBy(HoldWay::SendOnly) => self.reoffer(Direction::SendOnly, None, now),
            Action::HoldBy(HoldWay::Inactive) => self.reoffer(Direction::Inactive, None, now),
            Action::HoldBy(HoldWay::NoAddress) => {
                self.reoffer(Direction::SendRecv, Some(Ipv4Addr::UNSPECIFIED.into()), now);
            }
            Action::Resume => self.reoffer(Direction::SendRecv, None, now),
            Action::HangUp => {
                self.note("hangs up", now);
                if let Some(leg) = self.leg {
                    self.ua.hangup(leg, None, now);
                }
            }
            Action::Vanish => self.next_tick = None,
            Action::WaitAnswer(_) | Action::Wait(_) | Action::ExpectKeys(..) | Action::WaitHangUp(_) => {}
        }
    }

    fn progress(&self, action: &Action, now: Now) -> Progress {
        let waited = now.mono.since(self.step_since);
        let until = |done: bool, patience: Duration, what: &str| match (done, waited >= patience) {
            (true, _) => Progress::Done,
            (false, false) => Progress::Waiting,
            (false, true) => Progress::Failed(format!("{what} not within {patience:?}")),
        };
        match action {
            Action::WaitAnswer(patience) => until(self.answered, *patience, "answer"),
            Action::Wait(time) => match waited >= *time {
                true => Progress::Done,
                false => Progress::Waiting,
            },
            Action::Expect(sound, patience) => until(self.ear.has_heard(), *patience, &format!("{sound:?}")),
            Action::ExpectKeys(keys, patience) => {
                until(self.ear.keys.ends_with(keys), *patience, &format!("keys {keys:?}"))
            }
            Action::Speak(_) => match self.speaking {
                Some(_) => Progress::Waiting,
                None => Progress::Done,
            },
            Action::WaitHangUp(patience) => until(self.is_done(), *patience, "hang-up"),
            Action::Vanish => Progress::Waiting,
            Action::Press(..) | Action::Hold | Action::HoldBy(_) | Action::Resume | Action::HangUp => Progress::Done,
        }
    }

    fn press(&mut self, keys: &[Digit], way: KeyPress, now: Now) {
        self.note(format!("presses {keys:?}"), now);
        if way != KeyPress::Info {
            self.session.command(MediaCommand::SendDigits(keys.to_vec()), now.mono);
        }
        if way != KeyPress::Rfc4733
            && let Some(leg) = self.leg
        {
            for key in keys {
                self.ua.send_info_dtmf(leg, *key, now);
            }
        }
    }

    pub(super) fn speak(&mut self, clip: Arc<Clip>, now: Now) {
        self.plays += 1;
        let id = PlayId(self.plays);
        self.speaking = Some(id);
        self.session.command(
            MediaCommand::Play {
                id,
                clips: vec![clip],
                repeat: false,
            },
            now.mono,
        );
    }

    fn reoffer(&mut self, direction: Direction, address: Option<IpAddr>, now: Now) {
        let Some(leg) = self.leg else { return };
        self.sdp_version += 1;
        let mut audio = self.audio(direction);
        audio.address = address.unwrap_or(audio.address);
        let offer = sdp::offer(&audio);
        self.our_sdp = Some(offer.clone());
        self.note(format!("re-INVITE {}", direction.as_str()), now);
        self.ua.reoffer(leg, &offer, now);
    }
}
