//! Who hears whom: a pure function from the people in a call to the wanted sound, and the commands from one sound to the
//! next. Knows no leg, no agent and no reason.
//!
//! | hears ↓ says →  | citizen | agent | consulted | third | listening | whispering | barging |
//! |-----------------|---------|-------|-----------|-------|-----------|------------|---------|
//! | citizen         |         | ✓ ¹   |           | ✓     |           |            | ✓       |
//! | agent           | ✓ ¹     | ✓     | ✓         | ✓ ¹   |           | ✓          | ✓       |
//! | consulted       |         | ✓     |           |       |           |            | ✓       |
//! | third           | ✓       | ✓ ¹   |           | ✓     |           |            | ✓       |
//! | listening, whispering | ✓ ¹ | ✓   | ✓         | ✓ ¹   |           |            | ✓       |
//! | barging         | ✓       | ✓     | ✓         | ✓     |           |            | ✓       |
//!
//! With two lines, the agent speaks with whoever is consulted from the second, and with everybody else from the first.
//!
//! ¹ not while the agent has put the citizen on hold. Who keeps everybody on hold with his own telephone hears nobody and
//! is heard by nobody.

use crate::kernel::{MediaId, Part};

use super::desk::{Command, Hearing};

/// One person as the sound sees him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// His session.
    pub session: MediaId,
    /// What he is beside the citizen; `None` for the citizen.
    pub part: Option<Part>,
    /// His own telephone keeps us on hold.
    pub away: bool,
    /// Which of an agent's lines it is.
    pub line: Line,
}

/// An agent may ask somebody from a second line of his telephone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Line {
    /// He has one, or both are the same to everybody.
    #[default]
    Only,
    /// The one with the citizen.
    First,
    /// The one with whoever is asked.
    Second,
}

/// Who is connected with whom, and who hears music for want of anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scene {
    groups: Vec<Group>,
    /// The citizen, if nobody speaks with him.
    pub music: Option<MediaId>,
}

/// People who share a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Group {
    /// Two who hear each other.
    Pair(MediaId, MediaId),
    /// Anything else.
    Mix(Vec<Hearing>),
}

impl Group {
    fn members(&self) -> Vec<MediaId> {
        match self {
            Self::Pair(a, b) => vec![*a, *b],
            Self::Mix(hearings) => hearings.iter().map(|h| h.id).collect(),
        }
    }
}

impl Scene {
    /// The wanted sound of these people. `hold`: the agent has put the citizen on hold.
    pub fn of(seats: &[Seat], hold: bool) -> Self {
        let with_citizen = |seat: &&Seat| seat.part == Some(Part::Agent) && seat.line != Line::Second;
        let mut lines = seats.iter().filter(with_citizen).peekable();
        let hold = hold || lines.peek().is_some() && lines.all(|seat| seat.away);
        let hearings: Vec<Hearing> = seats
            .iter()
            .map(|ear| Hearing {
                id: ear.session,
                hears: seats
                    .iter()
                    .filter(|mouth| hears(ear, mouth, hold))
                    .map(|mouth| mouth.session)
                    .collect(),
            })
            .collect();
        let citizen = seats.iter().find(|seat| seat.part.is_none());
        let lonely = citizen.and_then(|c| hearings.iter().find(|h| h.id == c.session && h.hears.is_empty()));
        Self {
            music: lonely.map(|h| h.id),
            groups: groups(&hearings),
        }
    }

    /// What leads from this sound to the next. Sessions that are in neither are not touched.
    pub fn change_to(&self, next: &Self) -> Vec<Command> {
        let mixed = |id: &MediaId| {
            let now = next.groups.iter().filter(|g| matches!(g, Group::Mix(_)));
            now.flat_map(Group::members).any(|member| member == *id)
        };
        let over = self.groups.iter().filter(|group| !next.groups.contains(group));
        let apart = over
            .flat_map(Group::members)
            .filter(|id| !mixed(id))
            .map(|id| Command::Unbridge { id });
        let begun = next.groups.iter().filter(|group| !self.groups.contains(group));
        let together = begun.map(|group| match group {
            Group::Pair(a, b) => Command::Bridge { a: *a, b: *b },
            Group::Mix(members) => Command::Mix {
                members: members.clone(),
            },
        });
        apart.chain(together).collect()
    }
}

/// The table above.
fn hears(ear: &Seat, mouth: &Seat, hold: bool) -> bool {
    if ear.session == mouth.session || ear.away || mouth.away {
        return false;
    }
    let asked = |seat: &Seat| seat.part == Some(Part::Consulted);
    match (ear.line, mouth.line) {
        (Line::First, _) if asked(mouth) => return false,
        (_, Line::First) if asked(ear) => return false,
        (Line::Second, _) => return asked(mouth),
        (_, Line::Second) => return asked(ear),
        (Line::Only | Line::First, Line::Only | Line::First) => {}
    }
    match (ear.part, mouth.part) {
        (_, Some(Part::Listening)) => false,
        (_, Some(Part::Barging)) => true,
        (_, Some(Part::Whispering)) => ear.part == Some(Part::Agent),
        (None, None) => false,
        (None, Some(Part::Agent)) => !hold,
        (None, Some(Part::Consulted)) => false,
        (None, Some(Part::Third)) => true,
        (Some(Part::Agent), None | Some(Part::Third)) => !hold,
        (Some(Part::Agent), Some(Part::Agent | Part::Consulted)) => true,
        (Some(Part::Consulted), Some(Part::Agent)) => true,
        (Some(Part::Consulted), None | Some(Part::Consulted | Part::Third)) => false,
        (Some(Part::Third), None | Some(Part::Third)) => true,
        (Some(Part::Third), Some(Part::Agent)) => !hold,
        (Some(Part::Third), Some(Part::Consulted)) => false,
        (Some(Part::Listening | Part::Whispering), None | Some(Part::Third)) => !hold,
        (Some(Part::Listening | Part::Whispering), Some(Part::Agent | Part::Consulted)) => true,
        (Some(Part::Barging), None | Some(Part::Agent | Part::Consulted | Part::Third)) => true,
    }
}

/// Everybody with those whom he hears or is heard by; who is alone is in no group.
fn groups(hearings: &[Hearing]) -> Vec<Group> {
    let mut left: Vec<&Hearing> = hearings.iter().collect();
    let mut groups = Vec::new();
    while let Some(first) = left.first().copied() {
        let mut group = vec![first.id];
        let related = |h: &Hearing, group: &[MediaId]| {
            group.contains(&h.id)
                || h.hears.iter().any(|id| group.contains(id))
                || hearings
                    .iter()
                    .any(|o| group.contains(&o.id) && o.hears.contains(&h.id))
        };
        loop {
            let size = group.len();
            for hearing in &left {
                if !group.contains(&hearing.id) && related(hearing, &group) {
                    group.push(hearing.id);
                }
            }
            if group.len() == size {
                break;
            }
        }
        let members: Vec<Hearing> = left
            .iter()
            .filter(|h| group.contains(&h.id))
            .map(|h| (*h).clone())
            .collect();
        left.retain(|h| !group.contains(&h.id));
        match members.as_slice() {
            [] | [_] => {}
            [a, b] if a.hears.contains(&b.id) && b.hears.contains(&a.id) => groups.push(Group::Pair(a.id, b.id)),
            _more_or_one_way => groups.push(Group::Mix(members)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITIZEN: MediaId = MediaId(1);
    const AGENT: MediaId = MediaId(2);
    const OTHER: MediaId = MediaId(3);
    const BOSS: MediaId = MediaId(4);

    fn seat(session: MediaId, part: Part) -> Seat {
        Seat {
            session,
            part: Some(part),
            away: false,
            line: Line::Only,
        }
    }

    fn call(others: &[Seat]) -> Vec<Seat> {
        let citizen = Seat {
            session: CITIZEN,
            part: None,
            away: false,
            line: Line::Only,
        };
        let mut seats = vec![citizen];
        seats.extend_from_slice(others);
        seats
    }

    /// The commands of a change, in short.
    fn told(from: &Scene, to: &Scene) -> Vec<String> {
        let short = |command: &Command| match command {
            Command::Bridge { a, b } => format!("bridge {}-{}", a.0, b.0),
            Command::Unbridge { id } => format!("alone {}", id.0),
            Command::Mix { members } => {
                let member = |h: &Hearing| format!("{}:{:?}", h.id.0, h.hears.iter().map(|m| m.0).collect::<Vec<_>>());
                format!("mix {}", members.iter().map(member).collect::<Vec<_>>().join(" "))
            }
            other => format!("{other:?}"),
        };
        from.change_to(to).iter().map(short).collect()
    }

    #[test]
    fn an_agent_answers_and_they_are_bridged() {
        let alone = Scene::of(&call(&[]), false);
        assert_eq!(alone.music, Some(CITIZEN));
        let talking = Scene::of(&call(&[seat(AGENT, Part::Agent)]), false);
        assert_eq!(talking.music, None);
        assert_eq!(told(&alone, &talking), ["bridge 1-2"]);
        assert_eq!(told(&talking, &alone), ["alone 1", "alone 2"]);
        assert!(told(&talking, &talking).is_empty());
    }

    #[test]
    fn on_hold_the_citizen_hears_music_by_order_or_by_telephone() {
        let talking = Scene::of(&call(&[seat(AGENT, Part::Agent)]), false);
        let by_order = Scene::of(&call(&[seat(AGENT, Part::Agent)]), true);
        let mut agent = seat(AGENT, Part::Agent);
        agent.away = true;
        let by_telephone = Scene::of(&call(&[agent]), false);
        assert_eq!(by_order, by_telephone);
        assert_eq!(by_order.music, Some(CITIZEN));
        assert_eq!(told(&talking, &by_order), ["alone 1", "alone 2"]);
        assert_eq!(told(&by_order, &talking), ["bridge 1-2"]);
    }

    #[test]
    fn whoever_is_consulted_hears_the_agent_and_not_the_citizen() {
        let asked = Scene::of(&call(&[seat(AGENT, Part::Agent), seat(OTHER, Part::Consulted)]), true);
        assert_eq!(asked.music, Some(CITIZEN));
        let talking = Scene::of(&call(&[seat(AGENT, Part::Agent)]), false);
        assert_eq!(told(&talking, &asked), ["alone 1", "alone 2", "bridge 2-3"]);
        let joined = Scene::of(&call(&[seat(AGENT, Part::Agent), seat(OTHER, Part::Third)]), false);
        assert_eq!(told(&asked, &joined), ["mix 1:[2, 3] 2:[1, 3] 3:[1, 2]"]);
        let handed_over = Scene::of(&call(&[seat(OTHER, Part::Agent)]), false);
        assert_eq!(told(&asked, &handed_over), ["alone 2", "alone 3", "bridge 1-3"]);
    }

    #[test]
    fn a_supervisor_is_heard_by_whom_his_part_says() {
        let with = |part| Scene::of(&call(&[seat(AGENT, Part::Agent), seat(BOSS, part)]), false);
        let talking = Scene::of(&call(&[seat(AGENT, Part::Agent)]), false);
        assert_eq!(
            told(&talking, &with(Part::Listening)),
            ["mix 1:[2] 2:[1] 4:[1, 2]"],
            "nobody hears him"
        );
        assert_eq!(
            told(&talking, &with(Part::Whispering)),
            ["mix 1:[2] 2:[1, 4] 4:[1, 2]"],
            "the agent alone hears him"
        );
        assert_eq!(
            told(&talking, &with(Part::Barging)),
            ["mix 1:[2, 4] 2:[1, 4] 4:[1, 2]"],
            "all hear him"
        );
        assert_eq!(
            told(&with(Part::Listening), &talking),
            ["alone 1", "alone 2", "alone 4", "bridge 1-2"]
        );
    }

    #[test]
    fn from_two_lines_the_agent_speaks_with_one_at_a_time() {
        const SECOND: MediaId = MediaId(5);
        let lines = |first_away, second_away| {
            let mut first = seat(AGENT, Part::Agent);
            (first.away, first.line) = (first_away, Line::First);
            let mut second = seat(SECOND, Part::Agent);
            (second.away, second.line) = (second_away, Line::Second);
            call(&[first, second, seat(OTHER, Part::Consulted)])
        };
        let asks = Scene::of(&lines(true, false), false);
        assert_eq!(asks.music, Some(CITIZEN));
        assert_eq!(asks.groups, [Group::Pair(SECOND, OTHER)]);
        let back = Scene::of(&lines(false, true), false);
        assert_eq!(
            (back.music, &back.groups[..]),
            (None, &[Group::Pair(CITIZEN, AGENT)][..])
        );
        // Who was asked has joined: the agent is heard by all from the line in his hand.
        let mut joined = lines(true, false);
        for seat in &mut joined {
            seat.line = Line::Only;
        }
        joined[3].part = Some(Part::Third);
        assert_eq!(
            told(&asks, &Scene::of(&joined, false)),
            ["mix 1:[5, 3] 5:[1, 3] 3:[1, 5]"]
        );
    }

    #[test]
    fn nobody_listens_to_a_citizen_on_hold() {
        let held = Scene::of(&call(&[seat(AGENT, Part::Agent), seat(BOSS, Part::Listening)]), true);
        assert_eq!(held.music, Some(CITIZEN));
        assert_eq!(
            held.groups,
            [Group::Mix(vec![
                Hearing {
                    id: AGENT,
                    hears: vec![]
                },
                Hearing {
                    id: BOSS,
                    hears: vec![AGENT]
                },
            ])]
        );
    }
}
