//! 好差评: after a conversation the citizen is asked for one key, 5 very satisfied to 1 very dissatisfied (mission rows N15).
//! Asked after at least 20 s of talk and once in 4 hours for a number; who presses nothing is not pressed.

use std::collections::HashMap;
use std::time::Duration;

use crate::ivr::spoken::Piece;
use crate::ivr::walk::HookId;
use crate::kernel::{AgentId, Digit, EventKind, Mono, Now, PhoneNumber, PlayId, Wall};

use super::desk::{Command, Desk};
use super::live::Call;

/// The survey's playlists: no walk counts so far.
pub(super) const SURVEY_PLAY: PlayId = PlayId(u64::MAX - 2);
/// Less talk than this is not judged.
const TALK_MIN: Duration = Duration::from_secs(20);
/// A number is asked once in this time.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(4 * 3_600);
/// How long a key is waited for after the question.
const KEY_WITHIN: Duration = Duration::from_secs(8);
/// The question is said so often at most: again after a key that means nothing.
const QUESTIONS_MAX: u8 = 2;
/// Numbers that are remembered; beyond it nobody is asked until some are forgotten.
const NUMBERS_MAX: usize = 50_000;

/// Whom the citizen spoke with last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spoken {
    pub agent: AgentId,
    pub since: Mono,
    /// Until when; `None` while they speak.
    pub until: Option<Mono>,
}

/// A question that is being asked.
#[derive(Debug)]
pub(super) struct Survey {
    hook: HookId,
    agent: AgentId,
    questions: u8,
    /// The answer is in; the thanks are being said.
    rated: bool,
    /// No key came by this time; set when the question has been said.
    deadline: Option<Mono>,
}

impl Survey {
    /// When [`Call::survey_timed_out`] is due.
    pub const fn deadline(&self) -> Option<Mono> {
        self.deadline
    }
}

/// Which numbers were asked, and when.
#[derive(Debug, Default)]
pub(super) struct Asked(HashMap<PhoneNumber, Wall>);

impl Asked {
    /// Whether the number may be asked now; if so, it is remembered.
    pub(super) fn may_ask(&mut self, number: &PhoneNumber, now: Wall) -> bool {
        let recent = |at: &Wall| now < *at + ASKED_AGAIN_AFTER;
        if self.0.get(number).is_some_and(recent) {
            return false;
        }
        if self.0.len() >= NUMBERS_MAX {
            self.0.retain(|_, at| recent(at));
        }
        if self.0.len() >= NUMBERS_MAX {
            return false;
        }
        self.0.insert(number.clone(), now);
        true
    }

    /// What the ledger remembers of the time before a restart.
    pub(super) fn restore(&mut self, asked: impl IntoIterator<Item = (PhoneNumber, Wall)>) {
        self.0.extend(asked.into_iter().take(NUMBERS_MAX));
    }
}

impl Call {
    /// The plan wants the citizen asked.
    pub(super) fn ask_for_rating(&mut self, hook: HookId, now: Now, desk: &mut Desk) {
        let talked = |spoken: &&Spoken| spoken.until.unwrap_or(now.mono).since(spoken.since) >= TALK_MIN;
        let about = self.spoken.as_ref().filter(talked).map(|spoken| spoken.agent.clone());
        let Some(agent) = about.filter(|_| desk.asked.may_ask(&self.from, now.wall)) else {
            self.hook_done(hook, "skipped", now, desk);
            return;
        };
        let asked = EventKind::RatingAsked { agent: agent.clone() };
        desk.note(self.id, asked, now);
        self.survey = Some(Box::new(Survey {
            hook,
            agent,
            questions: 0,
            rated: false,
            deadline: None,
        }));
        self.question(desk);
    }

    fn question(&mut self, desk: &mut Desk) {
        if let Some(survey) = &mut self.survey {
            survey.questions += 1;
            survey.deadline = None;
            self.say_in_survey("rating/ask", desk);
        }
    }

    fn say_in_survey(&self, prompt: &str, desk: &mut Desk) {
        let Some(media) = self.citizen.media else { return };
        desk.push(Command::Play {
            id: media.id,
            play: SURVEY_PLAY,
            pieces: vec![Piece::Prompt(prompt.to_owned())],
            language: self.language,
            repeat: false,
        });
    }

    /// What was said has been heard.
    pub(super) fn survey_heard(&mut self, now: Now, desk: &mut Desk) {
        match &mut self.survey {
            Some(survey) if survey.rated => self.survey_over("done", now, desk),
            Some(survey) => survey.deadline = Some(now.mono + KEY_WITHIN),
            None => {}
        }
    }

    /// A key. False if nobody was asked: then it is the plan's.
    pub(super) fn survey_pressed(&mut self, digit: Digit, now: Now, desk: &mut Desk) -> bool {
        let Some(survey) = &mut self.survey else { return false };
        if survey.rated {
            return true;
        }
        let stars = digit.as_char().to_digit(10).filter(|n| (1..=5).contains(n));
        let Some(stars) = stars.and_then(|n| u8::try_from(n).ok()) else {
            match survey.questions < QUESTIONS_MAX {
                true => self.question(desk),
                false => self.survey_over("skipped", now, desk),
            }
            return true;
        };
        survey.rated = true;
        survey.deadline = None;
        let agent = survey.agent.clone();
        desk.note(self.id, EventKind::Rated { agent, stars }, now);
        self.say_in_survey(if stars <= 2 { "rating/sorry" } else { "rating/thanks" }, desk);
        true
    }

    /// No key came: nobody is pressed for praise.
    pub(super) fn survey_timed_out(&mut self, now: Now, desk: &mut Desk) {
        let due = |survey: &Survey| survey.deadline.is_some_and(|at| at <= now.mono);
        if self.survey.as_deref().is_some_and(due) {
            self.survey_over("skipped", now, desk);
        }
    }

    fn survey_over(&mut self, outcome: &str, now: Now, desk: &mut Desk) {
        if let Some(survey) = self.survey.take() {
            self.hook_done(survey.hook, outcome, now, desk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_asked_once_in_four_hours_also_after_a_restart() {
        let (citizen, start) = (PhoneNumber::new("13800001234"), Wall::from_millis(0));
        let mut asked = Asked::default();
        assert!(asked.may_ask(&citizen, start));
        assert!(!asked.may_ask(&citizen, start + Duration::from_secs(4 * 3_600 - 1)));
        assert!(asked.may_ask(&citizen, start + Duration::from_secs(4 * 3_600)));
        let mut restarted = Asked::default();
        restarted.restore([(citizen.clone(), start)]);
        assert!(!restarted.may_ask(&citizen, start + Duration::from_secs(60)));
    }
}
