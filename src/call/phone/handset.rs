//! What a telephone's owner does with it. Whoever takes another call puts the one in his hand on hold first.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore;

use crate::kernel::{Digit, Direction, LegId, Now, PlayId};
use crate::media::{Clip, MediaCommand};
use crate::sip::message::{HeaderName, Host, NameAddr, Uri};
use crate::sip::sdp;
use crate::sip::ua::OutgoingCall;

use super::line::{Line, State};
use super::{KeyPress, Phone};

/// How long our calls ring.
const PATIENCE: Duration = Duration::from_secs(120);

impl Phone {
    /// Dials. A call in hand is put on hold.
    pub fn dial(&mut self, to: &Uri, now: Now) {
        self.call(to, Vec::new(), now);
        self.turn(now);
    }

    /// Dials a number at the server.
    pub fn dial_number(&mut self, number: &str, now: Now) {
        let uri = self.at_the_server(number);
        self.dial(&uri, now);
    }

    /// A number as an address at the server.
    pub(super) fn at_the_server(&self, number: &str) -> Uri {
        let server = self.config.flow.remote;
        let port = Some(server.port()).filter(|port| *port != 5060);
        Uri::sip(Some(number), Host::from(server.ip()), port)
    }

    pub(super) fn call(&mut self, to: &Uri, headers: Vec<(HeaderName, String)>, now: Now) {
        let Some(rtp) = self.free_ports() else {
            return self.note("has no line left to dial with", now);
        };
        self.hold_the_call_in_hand(now);
        if std::mem::replace(&mut self.has_dialled, true) {
            self.report.sip_call_id = format!("{:016x}", self.rng.next_u64());
        }
        self.last_line += 1;
        // The leg is not known before the call is placed, and the offer not before its ports.
        let mut line = Line::new(
            self.last_line,
            (LegId(0), to.clone()),
            State::Calling,
            rtp,
            &mut self.rng,
            now.mono,
        );
        let offer = sdp::offer(&line.audio(&self.config, Direction::SendRecv));
        line.our_sdp = Some(offer.clone());
        line.leg = self.ua.invite(
            OutgoingCall {
                flow: self.config.flow,
                request_uri: to.clone(),
                from: self.config.from.clone(),
                to: NameAddr::new(to.clone()),
                route: Vec::new(),
                offer: (!self.config.late_offer).then_some(offer),
                credentials: self.config.account.clone(),
                headers,
                ring_timeout: PATIENCE,
                silence_timeout: None,
                call_id: Some(self.report.sip_call_id.clone()),
            },
            now,
        );
        self.current = Some(line.number);
        self.lines.push(line);
        self.answered = false;
        self.dialled_at = now;
        self.note("INVITE", now);
    }

    /// The first pair of ports that no call has.
    pub(super) fn free_ports(&self) -> Option<super::LocalRtp> {
        let free = |rtp: &&super::LocalRtp| !self.lines.iter().any(|line| line.rtp.rtp_port == rtp.rtp_port);
        self.config.rtp.iter().find(free).copied()
    }

    /// Picks up the call that rings, the oldest first. A call in hand is put on hold.
    pub fn answer(&mut self, now: Now) {
        if let Some((number, _)) = self.ringing() {
            self.pick_up(number, now);
        }
        self.turn(now);
    }

    /// The call that rings, the oldest first.
    pub(super) fn ringing(&self) -> Option<(u32, LegId)> {
        let line = self.lines.iter().find(|line| line.is_ringing())?;
        Some((line.number, line.leg))
    }

    pub(super) fn pick_up(&mut self, number: u32, now: Now) {
        if self.current != Some(number) {
            self.hold_the_call_in_hand(now);
        }
        self.current = Some(number);
        let (config, hums) = (self.config.clone(), self.config.hums);
        let Some(line) = self.line(number) else { return };
        line.answer_at = None;
        let audio = line.audio(&config, Direction::SendRecv);
        let leg = line.leg;
        let answer = match line.offer.take() {
            Some(offer) => match sdp::answer(&offer, &audio) {
                Ok((answer, params)) => {
                    if line.next_tick.is_none() {
                        line.start_sound(params, now.mono);
                    }
                    answer
                }
                Err(_) => return self.ua.reject(leg, 488, &[], now),
            },
            None => {
                let offer = sdp::offer(&audio);
                line.our_sdp = Some(offer.clone());
                offer
            }
        };
        line.state = State::Talking;
        line.hum(hums, now.mono);
        self.ua.accept(leg, &answer, now);
        self.answered = true;
        self.note("picks up", now);
    }

    /// Refuses the call that rings.
    pub fn reject(&mut self, status: u16, now: Now) {
        if let Some((_, leg)) = self.ringing() {
            self.note(format!("refuses: {status}"), now);
            self.ua.reject(leg, status, &[], now);
        }
        self.turn(now);
    }

    /// Hangs up the call in hand, whatever the script says. Another call comes into the hand as it is: on hold.
    pub fn hang_up(&mut self, now: Now) {
        if let Some(leg) = self.in_hand().map(|line| line.leg) {
            self.ua.hangup(leg, None, now);
        }
        self.turn(now);
    }

    /// Hangs up all calls, and does nothing more of what the script says.
    pub fn give_up(&mut self, now: Now) {
        if !std::mem::take(&mut self.script).is_empty() {
            self.report.failures.push("interrupted".to_owned());
        }
        for leg in self.lines.iter().map(|line| line.leg).collect::<Vec<_>>() {
            self.ua.hangup(leg, None, now);
        }
        self.turn(now);
    }

    /// The battery is out: nothing leaves it and nothing reaches it, for ever.
    pub fn die(&mut self) {
        self.dead = true;
        self.out.clear();
    }

    fn hold_the_call_in_hand(&mut self, now: Now) {
        if self.in_hand().is_some_and(|line| line.is_talking() && !line.held) {
            self.reoffer(Direction::SendOnly, None, now);
        }
    }

    /// Takes the other call into the hand.
    pub(super) fn swap(&mut self, now: Now) {
        self.hold_the_call_in_hand(now);
        let other = self.other_line();
        if other.is_some() {
            self.current = other;
            self.reoffer(Direction::SendRecv, None, now);
        }
    }

    /// A call that is not in the hand.
    pub(super) fn other_line(&self) -> Option<u32> {
        let other = self
            .lines
            .iter()
            .rfind(|line| Some(line.number) != self.current && line.is_talking());
        other.map(|line| line.number)
    }

    /// Offers anew for the call in hand.
    pub(super) fn reoffer(&mut self, direction: Direction, address: Option<IpAddr>, now: Now) {
        let config = self.config.clone();
        let Some(line) = self.in_hand() else { return };
        let offer = sdp::offer(&line.next_audio(&config, direction, address));
        line.our_sdp = Some(offer.clone());
        line.held = direction != Direction::SendRecv || address.is_some();
        line.hum(config.hums, now.mono);
        let leg = line.leg;
        self.note(format!("re-INVITE {}", direction.as_str()), now);
        self.ua.reoffer(leg, &offer, now);
    }

    pub(super) fn press(&mut self, keys: &[Digit], way: KeyPress, now: Now) {
        self.note(format!("presses {keys:?}"), now);
        let Some(line) = self.in_hand() else { return };
        let leg = line.leg;
        if way != KeyPress::Info {
            let digits = MediaCommand::SendDigits(keys.to_vec());
            line.session.command(digits, now.mono);
        }
        if way != KeyPress::Rfc4733 {
            for key in keys {
                self.ua.send_info_dtmf(leg, *key, now);
            }
        }
    }

    pub(super) fn speak(&mut self, clip: Arc<Clip>, now: Now) {
        self.plays += 1;
        let id = PlayId(self.plays);
        if let Some(line) = self.in_hand() {
            line.play(id, clip, now.mono);
        }
    }
}
