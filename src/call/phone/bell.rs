//! What the user agent and the sound tell a telephone, and what it does about it by itself.

use crate::kernel::{Direction, LegId, Now};
use crate::media::MediaOutput;
use crate::sip::message::Uri;
use crate::sip::sdp::{self, Sdp};
use crate::sip::ua::{LegEnd, UaEvent};

use super::Phone;
use super::line::{Line, State};

impl Phone {
    pub(super) fn event(&mut self, event: UaEvent, now: Now) {
        match event {
            UaEvent::Incoming {
                leg,
                refusal: Some(refusal),
                ..
            } => {
                self.ua.reject(leg, refusal.status, &refusal.headers, now);
            }
            UaEvent::Incoming { leg, offer, invite, .. } => {
                let peer = invite.headers.from().map(|from| from.uri);
                self.rings(leg, peer.unwrap_or(invite.uri), offer, now);
            }
            UaEvent::Provisional { leg, status, sdp } => {
                self.note(status.to_string(), now);
                self.agreed(leg, sdp.as_ref(), now);
            }
            UaEvent::Answered { leg, sdp } => self.they_answered(leg, sdp.as_ref(), now),
            UaEvent::Answer { leg, sdp } => self.agreed(leg, Some(&sdp), now),
            UaEvent::Offer { leg, sdp } => self.offered(leg, &sdp, now),
            UaEvent::OfferWanted { leg } => self.offer_wanted(leg, now),
            UaEvent::OfferRefused { status, .. } => self.note(format!("offer refused: {status}"), now),
            UaEvent::Confirmed { .. } => {}
            UaEvent::Cancelled { leg } | UaEvent::ByeReceived { leg, .. } => {
                self.note("they hung up", now);
                self.ua.confirm_bye(leg, now);
            }
            UaEvent::Ended { leg, end } => self.ended(leg, end, now),
            UaEvent::Digit { digit, .. } => self.ear.keys.push(digit),
            UaEvent::OutOfDialog { key, request, .. } => self.ua.respond(key, request.reply(405), now),
            UaEvent::Refer { key, request, .. } => self.ua.respond(key, request.reply(603), now),
            UaEvent::ReferAnswered { status, .. } => self.refer_answered(status, now),
            UaEvent::ReferNotified { status, last, .. } => self.refer_notified(status, last, now),
            UaEvent::Response { key, response } => self.registrar_says(key, &response, now),
            UaEvent::RequestFailed { key, .. } => self.registrar_is_silent(key, now),
        }
    }

    fn line_of(&mut self, leg: LegId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.leg == leg)
    }

    fn rings(&mut self, leg: LegId, peer: Uri, offer: Option<Sdp>, now: Now) {
        let had_its_call = !self.config.stays && self.report.end.is_some();
        let Some(rtp) = self.free_ports().filter(|_| !had_its_call) else {
            return self.ua.reject(leg, 486, &[], now); // each line has a call
        };
        self.note("rings", now);
        if let Some(status) = self.config.refuses {
            return self.ua.reject(leg, status, &[], now);
        }
        self.last_line += 1;
        let number = self.last_line;
        let mut line = Line::new(number, (leg, peer), State::Ringing, rtp, &mut self.rng, now.mono);
        line.answer_at = self.config.answers_after.map(|after| now.mono + after);
        line.offer = offer;
        self.current = self.current.or(Some(number));
        self.answered = false;
        let early = match (self.early_words.take(), &line.offer) {
            (Some(words), Some(offer)) => {
                let answer = sdp::answer(offer, &line.audio(&self.config, Direction::SendRecv));
                answer.ok().map(|answer| (words, answer))
            }
            (Some(_) | None, _) => None,
        };
        self.lines.push(line);
        let Some((words, (answer, params))) = early else {
            return self.ua.provisional(leg, 180, None, now);
        };
        self.ua.provisional(leg, 183, Some(&answer), now);
        if let Some(line) = self.line(number) {
            line.start_sound(params, now.mono);
        }
        self.speak(words, now);
    }

    /// Its time to be answered has come. Nobody leaves somebody for a telephone that answers by itself.
    pub(super) fn answer_by_itself(&mut self, number: u32, now: Now) {
        if let Some(line) = self.line(number) {
            line.answer_at = None;
        }
        if !self.is_in_a_call() {
            self.pick_up(number, now);
        }
    }

    fn they_answered(&mut self, leg: LegId, sdp: Option<&Sdp>, now: Now) {
        self.answered = true;
        self.report.answered_after_s = Some(now.mono.since(self.dialled_at.mono).as_secs_f64());
        self.note("200 answered", now);
        let hums = self.config.hums;
        if let Some(line) = self.line_of(leg) {
            line.state = State::Talking;
            line.hum(hums, now.mono);
        }
        self.agreed(leg, sdp, now);
    }

    fn agreed(&mut self, leg: LegId, answer: Option<&Sdp>, now: Now) {
        let (Some(answer), Some(line)) = (answer, self.line_of(leg)) else {
            return;
        };
        let Some(offer) = line.our_sdp.clone() else { return };
        match sdp::accept_answer(&offer, answer) {
            Ok(params) => line.start_sound(params, now.mono),
            Err(error) => self.report.failures.push(format!("answer not usable: {error:?}")),
        }
    }

    fn offered(&mut self, leg: LegId, offer: &Sdp, now: Now) {
        let config = self.config.clone();
        let Some(line) = self.line_of(leg) else { return };
        let direction = match line.held {
            true => Direction::SendOnly,
            false => Direction::SendRecv,
        };
        match sdp::answer(offer, &line.next_audio(&config, direction, None)) {
            Ok((answer, params)) => {
                line.start_sound(params, now.mono);
                self.ua.answer(leg, Ok(&answer), now);
            }
            Err(_) => self.ua.answer(leg, Err(488), now),
        }
    }

    fn offer_wanted(&mut self, leg: LegId, now: Now) {
        let config = self.config.clone();
        let Some(line) = self.line_of(leg) else { return };
        let offer = sdp::offer(&line.audio(&config, Direction::SendRecv));
        line.our_sdp = Some(offer.clone());
        self.ua.answer(leg, Ok(&offer), now);
    }

    fn ended(&mut self, leg: LegId, end: LegEnd, now: Now) {
        let Some(index) = self.lines.iter().position(|line| line.leg == leg) else {
            // Refused before it became a line. A telephone whose lines were all taken has missed nothing that its script waits for.
            return if self.config.refuses.is_some() {
                self.closed(end, now)
            };
        };
        let line = self.lines.remove(index);
        if self.current == Some(line.number) {
            self.current = self.lines.last().map(|line| line.number);
        }
        self.closed(end, now);
    }

    fn closed(&mut self, end: LegEnd, now: Now) {
        self.note(format!("ended: {end:?}"), now);
        self.ended.0 += 1;
        self.report.ends.push(end.clone());
        self.report.end = Some(end);
    }

    pub(super) fn sound(&mut self, number: u32, output: &MediaOutput, now: Now) {
        let in_hand = self.current == Some(number);
        match output {
            MediaOutput::RecordingFrame(frame) if in_hand => self.ear.hear(frame),
            MediaOutput::Digit { digit, .. } => self.ear.keys.push(*digit),
            MediaOutput::PlayFinished(id) => {
                let hums = self.config.hums;
                let Some(line) = self.line(number).filter(|line| line.speaking == Some(*id)) else {
                    return;
                };
                line.speaking = None;
                line.hum(hums, now.mono);
                self.note("has spoken", now);
            }
            MediaOutput::RecordingFrame(_)
            | MediaOutput::Dead
            | MediaOutput::Alive
            | MediaOutput::RecordingStopped(_)
            | MediaOutput::Forward(_)
            | MediaOutput::StrangerDropped => {}
        }
    }
}
