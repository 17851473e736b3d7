//! Sessions that take their turns together: a mix, or a bridge in which somebody is recorded. Knows who hears whom, not why.

use super::{Outlet, Switch};
use crate::kernel::{Digit, Mono};
use crate::media::MediaCommand;
use crate::media::mixer::{MEMBERS_MAX, Mixer, Sound};

#[derive(Debug)]
pub(super) struct Circle {
    /// Places of the members; the first one's turn is the turn of all.
    pub(super) members: Vec<u32>,
    pub(super) mixer: Mixer,
    /// A bridge: what is heard passes as packets, and the mixer only serves the tapes.
    pub(super) is_bridge: bool,
}

impl Circle {
    pub(super) fn number(&self, place: u32) -> Option<usize> {
        self.members.iter().position(|p| *p == place)
    }

    /// The same without one member.
    pub(super) fn without(&self, place: u32) -> Self {
        let Some(gone) = self.number(place) else {
            return Self::new(self.members.clone(), self.hears(), self.is_bridge);
        };
        let squeeze = |set: u32| {
            let below = (1 << gone) - 1;
            set & below | set.checked_shr(gone as u32 + 1).unwrap_or(0) << gone
        };
        let keep = |i: &usize| *i != gone;
        let members = (0..self.members.len()).filter(keep).map(|i| self.members[i]);
        let hears = self.hears().into_iter().enumerate().filter(|(i, _)| keep(i));
        Self::new(
            members.collect(),
            hears.map(|(_, set)| squeeze(set)).collect(),
            self.is_bridge,
        )
    }

    pub(super) fn new(mut members: Vec<u32>, hears: Vec<u32>, is_bridge: bool) -> Self {
        members.truncate(MEMBERS_MAX);
        Self {
            members,
            mixer: Mixer::new(hears),
            is_bridge,
        }
    }

    fn hears(&self) -> Vec<u32> {
        (0..self.members.len()).map(|i| self.mixer.hearing(i)).collect()
    }
}

impl Switch {
    /// A member's turn: the turn of all if it is the first.
    pub(super) fn tick_circle(&mut self, number: u32, place: u32, now: Mono, outlet: &mut impl Outlet) {
        let Some(mut circle) = self.circles.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        let leads = circle.members.first() == Some(&place);
        if leads {
            self.turn_together(&mut circle, now, outlet);
        }
        let members = if leads { circle.members.clone() } else { Vec::new() };
        self.circles[number as usize] = Some(circle);
        for place in members {
            self.after_turn(place, now, outlet);
        }
    }

    fn turn_together(&mut self, circle: &mut Circle, now: Mono, outlet: &mut impl Outlet) {
        let mut turns = [None; MEMBERS_MAX];
        for (turns, place) in turns.iter_mut().zip(&circle.members) {
            *turns = self.line(*place).and_then(|line| line.session.begin_turn(now));
        }
        // More than one after the wheel was stuck: the tapes' time goes on, and keys are heard in what had come.
        for step in 0..turns.iter().flatten().copied().max().unwrap_or(0) {
            circle.mixer.begin();
            let takes_part = |i: usize| turns[i].is_some_and(|turns| step < turns);
            for (i, place) in circle.members.iter().enumerate().filter(|(i, _)| takes_part(*i)) {
                if let Some(line) = self.line(*place) {
                    line.session.listen(now);
                    circle.mixer.say(i, line.session.said());
                }
            }
            for (i, place) in circle.members.iter().enumerate().filter(|(i, _)| takes_part(*i)) {
                if let Some(line) = self.line(*place).filter(|line| line.tape.is_some()) {
                    line.tape_turn(*place, circle.mixer.heard_by(i), outlet);
                }
            }
        }
        for (i, place) in circle.members.iter().enumerate().filter(|(i, _)| turns[*i].is_some()) {
            let Some(line) = self.line(*place) else { continue };
            let seat = line.seat(*place);
            let heard = if circle.is_bridge {
                Sound::Nothing
            } else {
                circle.mixer.heard_by(i)
            };
            line.session
                .end_turn(now, heard, &mut |port, to, packet| outlet.send(seat, port, to, packet));
        }
    }

    /// A key of a mix's member, for those who hear it. In a bridge its packets pass as they are; as tones it passes as sound.
    pub(super) fn pass_key(&mut self, place: u32, digit: Digit, now: Mono) {
        let number = self.line(place).and_then(|line| line.circle);
        let circle = number.and_then(|n| self.circles.get(n as usize)?.as_ref());
        let Some(circle) = circle.filter(|circle| !circle.is_bridge) else {
            return;
        };
        let audience = circle.number(place).map_or(0, |member| circle.mixer.audience(member));
        let hearers: Vec<u32> = (circle.members.iter().enumerate())
            .filter(|(i, _)| audience & (1 << i) != 0)
            .map(|(_, place)| *place)
            .collect();
        for hearer in hearers {
            if let Some(line) = self.line(hearer) {
                line.session.command(MediaCommand::SendDigits(vec![digit]), now);
            }
        }
    }
}
