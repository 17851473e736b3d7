//! A telephone's script: one thing after the other, each with its patience.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::{Digit, Direction, Mono, Now};
use crate::media::Clip;

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
    /// Until the registrar knows us.
    WaitRegistered(Duration),
    /// Dial a number at the server. A call in hand is put on hold.
    Dial(String),
    /// Until a call rings.
    WaitRing(Duration),
    /// Pick up what rings. A call in hand is put on hold.
    Answer,
    /// Refuse what rings with a status.
    Reject(u16),
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
    /// Put the call in hand on hold and take the other one.
    Swap,
    /// Send the call in hand on to a number at the server: REFER.
    SendOn(String),
    /// Bring the call on hold and the one in hand together: REFER with Replaces.
    BringTogether,
    /// Until the last REFER has come to an end, with this status.
    WaitReferred(u16, Duration),
    /// Until keys were heard.
    ExpectKeys(Vec<Digit>, Duration),
    /// Hang up.
    HangUp,
    /// Until the other side hangs up.
    WaitHangUp(Duration),
    /// Give the registration back.
    Unregister,
    /// The battery is out: not even SIP is answered any more.
    Die,
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
    /// Has more to do, after what it has to do already.
    pub fn then(&mut self, actions: impl IntoIterator<Item = Action>, now: Now) {
        self.script.extend(actions);
        self.turn(now);
    }

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
                self.ended.1 = self.ended.0;
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
                Action::WaitAnswer(_)
                | Action::WaitRing(_)
                | Action::WaitRegistered(_)
                | Action::Dial(_)
                | Action::SendOn(_)
                | Action::BringTogether
                | Action::WaitReferred(..)
                | Action::Answer
                | Action::Reject(_)
                | Action::Swap
                | Action::Expect(..)
                | Action::ExpectKeys(..)
                | Action::Press(..) => {
                    self.report.failures.push(format!("the call ended before {action:?}"));
                }
                Action::Wait(_)
                | Action::Speak(_)
                | Action::Hold
                | Action::HoldBy(_)
                | Action::Resume
                | Action::HangUp
                | Action::WaitHangUp(_)
                | Action::Unregister
                | Action::Die
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
            | Action::WaitRegistered(time)
            | Action::WaitRing(time)
            | Action::Wait(time)
            | Action::Expect(_, time)
            | Action::ExpectKeys(_, time)
            | Action::WaitReferred(_, time)
            | Action::WaitHangUp(time) => Some(self.step_since + *time),
            Action::Press(..)
            | Action::SendOn(_)
            | Action::BringTogether
            | Action::Dial(_)
            | Action::Answer
            | Action::Reject(_)
            | Action::Speak(_)
            | Action::Hold
            | Action::HoldBy(_)
            | Action::Resume
            | Action::Swap
            | Action::HangUp
            | Action::Unregister
            | Action::Die
            | Action::Vanish => None,
        }
    }

    fn begin(&mut self, action: &Action, now: Now) {
        match action {
            Action::Expect(sound, _) => self.ear.listen_for(*sound),
            Action::Press(keys, way) => self.press(keys, *way, now),
            Action::Speak(clip) => self.speak(clip.clone(), now),
            Action::Dial(number) => {
                let uri = self.at_the_server(number);
                self.call(&uri, Vec::new(), now);
            }
            Action::Answer => match self.ringing() {
                Some((number, _)) => self.pick_up(number, now),
                None => self.report.failures.push("nothing rings to be picked up".to_owned()),
            },
            Action::Reject(status) => match self.ringing() {
                Some((_, leg)) => self.ua.reject(leg, *status, &[], now),
                None => self.report.failures.push("nothing rings to be refused".to_owned()),
            },
            Action::Hold => self.reoffer(Direction::SendOnly, None, now),
            Action::HoldBy(HoldWay::SendOnly) => self.reoffer(Direction::SendOnly, None, now),
            Action::HoldBy(HoldWay::Inactive) => self.reoffer(Direction::Inactive, None, now),
            Action::HoldBy(HoldWay::NoAddress) => {
                self.reoffer(Direction::SendRecv, Some(Ipv4Addr::UNSPECIFIED.into()), now);
            }
            Action::Resume => self.reoffer(Direction::SendRecv, None, now),
            Action::Swap => self.swap(now),
            Action::SendOn(number) => self.refer_to(number, now),
            Action::BringTogether => self.refer_with_replaces(now),
            Action::HangUp => {
                self.note("hangs up", now);
                if let Some(leg) = self.in_hand().map(|line| line.leg) {
                    self.ua.hangup(leg, None, now);
                }
            }
            Action::Unregister => self.leave_registrar(now),
            Action::Die => self.die(),
            Action::Vanish => {
                for line in &mut self.lines {
                    line.next_tick = None;
                }
            }
            Action::WaitRegistered(_)
            | Action::WaitRing(_)
            | Action::WaitAnswer(_)
            | Action::Wait(_)
            | Action::ExpectKeys(..)
            | Action::WaitReferred(..)
            | Action::WaitHangUp(_) => {}
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
            Action::WaitRegistered(patience) => until(self.is_registered(), *patience, "registration"),
            Action::WaitRing(patience) => until(self.is_ringing(), *patience, "a ring"),
            Action::WaitAnswer(patience) => until(self.answered, *patience, "answer"),
            Action::Wait(time) => match waited >= *time {
                true => Progress::Done,
                false => Progress::Waiting,
            },
            Action::Expect(sound, patience) => until(self.ear.has_heard(), *patience, &format!("{sound:?}")),
            Action::ExpectKeys(keys, patience) => {
                until(self.ear.keys.ends_with(keys), *patience, &format!("keys {keys:?}"))
            }
            Action::Speak(_) => match self.lines.iter().any(|line| line.speaking.is_some()) {
                true => Progress::Waiting,
                false => Progress::Done,
            },
            Action::WaitHangUp(patience) => {
                let gone = self.lines.is_empty() || self.ended.0 > self.ended.1;
                until(gone, *patience, "hang-up")
            }
            Action::WaitReferred(status, patience) => match self.referred {
                Some(other) if other != *status => Progress::Failed(format!("REFER ended with {other}, not {status}")),
                referred => until(referred.is_some(), *patience, "the end of the REFER"),
            },
            Action::Vanish => Progress::Waiting,
            Action::Press(..)
            | Action::SendOn(_)
            | Action::BringTogether
            | Action::Dial(_)
            | Action::Answer
            | Action::Reject(_)
            | Action::Hold
            | Action::HoldBy(_)
            | Action::Resume
            | Action::Swap
            | Action::HangUp
            | Action::Unregister
            | Action::Die => Progress::Done,
        }
    }
}
