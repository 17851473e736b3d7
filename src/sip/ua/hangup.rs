//! The ways out of a leg (RFC 3261 §15): whatever its state, the right request goes and the end is told once.

use crate::sip::message::{HeaderName, Method, Request};
use crate::sip::transaction::ServerKey;

use super::core::{Core, Purpose};
use super::leg::{Leg, Pending, Phase};
use super::timers::Timer;
use super::types::{LegEnd, Side, UaEvent};

/// A `Reason` value (RFC 3326): final SIP statuses from 200 on, Q.850 causes (1 to 127) below.
pub(super) fn reason(cause: &(u16, String)) -> String {
    let (code, text) = cause;
    let protocol = if *code >= 200 { "SIP" } else { "Q.850" };
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '"' | '\\'))
        .collect();
    format!("{protocol};cause={code};text=\"{text}\"")
}

impl Leg {
    /// The application hangs up.
    pub fn hangup(&mut self, core: &mut Core, cause: Option<&(u16, String)>) {
        match &self.phase {
            Phase::Ringing(_) => {
                let status = cause.map(|cause| cause.0).filter(|status| *status >= 400);
                self.reject(core, status.unwrap_or(480), &[]);
            }
            Phase::Calling(_) => self.give_up(core, LegEnd::Cancelled, cause.map(reason)),
            Phase::Talking => self.depart(core, LegEnd::Hangup(Side::Us), cause.map(reason)),
            Phase::PeerLeft(_) => self.confirm_bye(core),
            Phase::Leaving { .. } | Phase::Gone => {}
        }
    }

    /// We have to end a call by ourselves: the application hears of it now, the far side by BYE.
    pub fn leave(&mut self, core: &mut Core, end: LegEnd, cause: Option<String>) {
        if matches!(self.phase, Phase::Talking) {
            self.report(core, end.clone());
            self.depart(core, end, cause);
        }
    }

    /// BYE now, or after the ACK of a first 2xx (RFC 3261 §15: not before).
    fn depart(&mut self, core: &mut Core, end: LegEnd, cause: Option<String>) {
        self.drop_pending(core);
        self.session = None;
        for timer in [Timer::Glare, Timer::SessionRefresh, Timer::SessionExpires] {
            self.timers.stop(timer);
        }
        if self.unacked.as_ref().is_some_and(|unacked| unacked.first) {
            self.phase = Phase::Leaving { end, held: Some(cause) };
        } else {
            self.send_bye(core, end, cause);
        }
    }

    /// Sends the BYE; its transaction repeats it as long as it must.
    pub fn send_bye(&mut self, core: &mut Core, end: LegEnd, cause: Option<String>) {
        self.unacked = None;
        self.timers.stop_all();
        self.phase = Phase::Leaving { end, held: None };
        let mut bye = self.request(core, Method::Bye);
        if let Some(cause) = cause {
            bye.headers.push(HeaderName::Reason, cause);
        }
        self.send(core, bye, Purpose::Bye);
    }

    /// Our BYE is answered, by whatever status, or was given up: the dialog is gone either way (RFC 3261 §15.1.1).
    pub fn bye_done(&mut self, core: &mut Core) {
        if let Phase::Leaving { end, .. } = &self.phase {
            let end = end.clone();
            self.finish(core, end);
        }
    }

    /// The far side hangs up (RFC 3261 §15.1.2).
    pub fn on_bye(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        let bye = Pending::new(key, request);
        match &mut self.phase {
            Phase::Ringing(ringing) if !ringing.withdrawn => {
                ringing.withdrawn = true;
                ringing.bye = Some(bye);
            }
            Phase::Talking => {
                self.drop_pending(core);
                self.unacked = None;
                self.phase = Phase::PeerLeft(Box::new(bye));
            }
            // A callee may not, but where it does there is nobody to call any more.
            Phase::Calling(_) => {
                core.answer(&bye, 200);
                return self.give_up(core, LegEnd::Hangup(Side::Them), None);
            }
            // Both at once: our own BYE is as good as answered.
            Phase::Leaving { .. } => {
                core.answer(&bye, 200);
                return self.bye_done(core);
            }
            Phase::Ringing(_) | Phase::PeerLeft(_) => return core.answer(&bye, 200),
            Phase::Gone => return core.reply(key, request, 481),
        }
        self.timers.stop_all();
        self.timers.set(Timer::Confirm, core.now.mono + core.patience());
        let cause = request.headers.text(&HeaderName::Reason).map(|text| text.into_owned());
        core.event(UaEvent::ByeReceived { leg: self.id, cause });
    }
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reason_cannot_break_out_of_its_quotes() {
        let cause = (200, "answered\r\nX: \"elsewhere\"".to_owned());
        assert_eq!(reason(&cause), "SIP;cause=200;text=\"answeredX: elsewhere\"");
        assert!(reason(&(16, String::new())).starts_with("Q.850;cause=16"));
        assert!(
            reason(&(102, String::new())).starts_with("Q.850;cause=102"),
            "Q.850 goes up to 127"
        );
    }
}
