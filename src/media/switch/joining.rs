//! Who comes together and who parts: bridges become mixes and mixes bridges while people speak, without a click and with every
//! word heard. Knows sessions' places, not the reasons.

use super::circle::Circle;
use super::{Outlet, Switch};
use crate::kernel::{MediaId, Mono};
use crate::media::MediaCommand;
use crate::media::g711::Frame;
use crate::media::mixer::MEMBERS_MAX;

impl Switch {
    /// Lets two sessions hear each other, whatever company they were in. False if they are not two sessions of this switch.
    pub fn bridge(&mut self, a: MediaId, b: MediaId, now: Mono, outlet: &mut impl Outlet) -> bool {
        let (Some(a), Some(b)) = (self.place(a), self.place(b)) else {
            return false;
        };
        if a == b {
            return false;
        }
        if self.line(a).is_some_and(|line| line.peer == Some(b)) {
            return true;
        }
        // What one has said and the other would have heard in the mix's next turn.
        let rests = [(a, b), (b, a)].map(|(from, to)| (to, self.unheard_in_mix(from, to)));
        let mut touched = self.leave(a, now);
        touched.extend(self.leave(b, now));
        for (one, other) in [(a, b), (b, a)] {
            self.couple(one, Some(other), now);
        }
        for (to, frames) in rests {
            if let Some(line) = self.line(to) {
                let seat = line.seat(to);
                line.session.send_rest(&frames, now, &mut |port, to, packet| {
                    outlet.send(seat, port, to, packet)
                });
            }
        }
        touched.extend([a, b]);
        self.settle(&touched, now);
        true
    }

    /// Takes a session out of its bridge or mix. A bridge's other side is alone then; a mix goes on without it.
    pub fn unbridge(&mut self, id: MediaId, now: Mono) {
        if let Some(place) = self.place(id) {
            let mut touched = self.leave(place, now);
            touched.push(place);
            self.settle(&touched, now);
        }
    }

    /// From now on each session hears those it is said to hear; bridges and mixes that any of them was in are over. Sessions that
    /// are not here are left out, and how many were is returned; a session that is only heard becomes a member that hears nobody.
    pub fn mix(&mut self, wanted: &[(MediaId, &[MediaId])], now: Mono) -> usize {
        let mut members: Vec<u32> = Vec::new();
        let mut absent = 0;
        let heard = wanted.iter().flat_map(|(_, hears)| hears.iter().copied());
        for id in wanted.iter().map(|(id, _)| *id).chain(heard) {
            match self.place(id) {
                Some(place) if members.contains(&place) => {}
                Some(place) if members.len() < MEMBERS_MAX => members.push(place),
                Some(_) | None => absent += 1,
            }
        }
        let number = |id: &MediaId| {
            let place = self.places.get(id)?;
            members.iter().position(|p| p == place)
        };
        let mut hears = vec![0; members.len()];
        for (id, others) in wanted {
            if let Some(set) = number(id).and_then(|i| hears.get_mut(i)) {
                *set |= others.iter().filter_map(number).fold(0_u32, |set, i| set | 1 << i);
            }
        }
        // Ears first: they begin with what the bridge passed last.
        for place in &members {
            if let Some(line) = self.line(*place) {
                line.session.attend(true, now);
            }
        }
        let mut touched = members.clone();
        for place in &members {
            touched.extend(self.part_all(*place, now));
        }
        self.gather(Circle::new(members, hears, false));
        self.settle(&touched, now);
        absent
    }

    /// Ends the company that a session is in; those who were in it.
    fn part_all(&mut self, place: u32, now: Mono) -> Vec<u32> {
        let circle = self.line(place).and_then(|line| line.circle);
        let Some(circle) = circle.and_then(|number| self.scatter(number)) else {
            return self.leave(place, now);
        };
        for member in &circle.members {
            self.couple(*member, None, now);
        }
        circle.members
    }

    /// Takes a session out of its company; those who are touched by it.
    fn leave(&mut self, place: u32, now: Mono) -> Vec<u32> {
        let Some(line) = self.line(place) else {
            return Vec::new();
        };
        let (peer, number) = (line.peer, line.circle);
        let circle = number.and_then(|number| self.scatter(number));
        if let Some(peer) = peer {
            self.couple(place, None, now);
            self.couple(peer, None, now);
            return vec![peer];
        }
        let Some(circle) = circle else {
            return Vec::new();
        };
        let rest = circle.without(place);
        let touched = rest.members.clone();
        // One alone has nobody to hear.
        if rest.members.len() > 1 {
            self.gather(rest);
        }
        touched
    }

    fn couple(&mut self, place: u32, peer: Option<u32>, now: Mono) {
        let Some(line) = self.line(place) else { return };
        if line.peer != peer {
            line.peer = peer;
            line.session.command(MediaCommand::Bridge(peer.is_some()), now);
            self.rebridged.push(place);
        }
    }

    fn gather(&mut self, circle: Circle) {
        let vacant = self.circles.iter().position(Option::is_none);
        let number = vacant.unwrap_or(self.circles.len());
        if vacant.is_none() {
            self.circles.push(None);
        }
        let Ok(name) = u32::try_from(number) else { return };
        for place in &circle.members {
            if let Some(line) = self.line(*place) {
                line.circle = Some(name);
            }
        }
        self.circles[number] = Some(Box::new(circle));
    }

    fn scatter(&mut self, number: u32) -> Option<Box<Circle>> {
        let circle = self.circles.get_mut(number as usize)?.take()?;
        for place in &circle.members {
            if let Some(line) = self.line(*place) {
                line.circle = None;
            }
        }
        Some(circle)
    }

    /// After any change: bridges in which somebody is recorded take their turns together, others do not; ears are open where they
    /// are needed and nowhere else.
    pub(super) fn settle(&mut self, touched: &[u32], now: Mono) {
        for place in touched {
            self.tie(*place);
        }
        let peers = touched
            .iter()
            .filter_map(|place| self.lines.get(*place as usize)?.as_ref()?.peer);
        let all: Vec<u32> = touched.iter().copied().chain(peers).collect();
        for place in all {
            let needed = self.is_listened_to(place);
            if let Some(line) = self.line(place) {
                line.session.attend(needed, now);
            }
        }
    }

    fn tie(&mut self, place: u32) {
        let Some(line) = self.line(place) else { return };
        let (taped, circle) = (line.tape.is_some(), line.circle);
        let Some(peer) = line.peer else { return };
        let taped = taped || self.line(peer).is_some_and(|line| line.tape.is_some());
        match circle {
            None if taped => self.gather(Circle::new(vec![place, peer], vec![0b10, 0b01], true)),
            Some(number) if !taped => drop(self.scatter(number)),
            None | Some(_) => {}
        }
    }

    /// Whether anybody wants a session's sound decoded: its own tape, somebody in a mix, or the tape of whoever hears it.
    fn is_listened_to(&mut self, place: u32) -> bool {
        let Some(line) = self.line(place) else { return false };
        let (taped, number) = (line.tape.is_some(), line.circle);
        let circle = number.and_then(|n| self.circles.get(n as usize)?.as_ref());
        let in_circle = circle.is_some_and(|circle| {
            let audience = circle.number(place).map_or(0, |member| circle.mixer.audience(member));
            circle.is_bridge || audience != 0
        });
        taped || in_circle
    }

    fn unheard_in_mix(&mut self, from: u32, to: u32) -> Vec<Frame> {
        let Some(number) = self.line(from).and_then(|line| line.circle) else {
            return Vec::new();
        };
        let hears = self
            .circles
            .get(number as usize)
            .and_then(Option::as_ref)
            .is_some_and(|circle| {
                let (from, to) = (circle.number(from), circle.number(to));
                let heard = from
                    .zip(to)
                    .map(|(from, to)| circle.mixer.hearing(to) & (1 << from) != 0);
                !circle.is_bridge && heard == Some(true)
            });
        match self.line(from) {
            Some(line) if hears => line.session.unheard(),
            Some(_) | None => Vec::new(),
        }
    }
}
