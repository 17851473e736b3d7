//! What must hold of a floor after every input, found out from what it holds, by counting everything anew.

use std::collections::{BTreeMap, BTreeSet};

use super::super::agent::{Agent, AgentNo, Speaking, State};
use super::super::callback::{Owed, Stage};
use super::super::offers::Target;
use super::super::timer::Timer;
use super::super::waiting::{QueueNo, Slot, Who, level_after};
use super::*;

/// Panics with what is wrong. `changed`: strategies have changed, so that a call may still ring at several agents.
pub fn hold(floor: &Floor, changed: bool, now: Now) {
    agents(floor, now);
    offers(floor);
    waiting(floor, changed);
    debts(floor);
    timers(floor, now);
    nobody_waits_for_a_free_agent(floor, now);
}

fn agents(floor: &Floor, now: Now) {
    let mut talking: BTreeMap<CallId, &AgentId> = BTreeMap::new();
    for (no, agent) in floor.agents.iter() {
        let id = &agent.profile.id;
        assert_eq!(
            floor.agent_names.get(id),
            Some(&AgentNo(no)),
            "{id} is known under his name"
        );
        for serves in &agent.serves {
            let line = floor
                .lines
                .get(serves.queue.0)
                .expect("agents serve queues that are there");
            assert_eq!(serves.rank.is_some(), agent.is_free(), "{id} is listed if he is free");
            assert!(
                serves.rank.is_none_or(|rank| line.free.contains(&rank)),
                "{id} is in the list"
            );
        }
        match &agent.state {
            State::Ringing { offer, .. } => assert!(floor.offers.contains_key(offer), "{id} is stuck reserved"),
            State::WrapUp(wrap_up) => assert!(wrap_up.until >= now.mono, "{id} writes up for ever"),
            State::Speaking(Speaking {
                call, queue: Some(_), ..
            }) => {
                let other = talking.insert(*call, id);
                assert_eq!(other, None, "{call} is with two agents");
            }
            State::Out | State::Free | State::Paused { .. } | State::Speaking(_) => {}
        }
    }
    for (no, line) in floor.lines.iter() {
        for (_, _, _, agent) in &line.free {
            let agent = floor.agents.get(agent.0).expect("listed agents exist");
            assert!(agent.serves.iter().any(|serves| serves.queue == QueueNo(no)));
        }
    }
}

fn offers(floor: &Floor) {
    let mut agents = BTreeSet::new();
    for (id, offer) in &floor.offers {
        assert!(agents.insert(offer.agent), "an agent has two offers");
        let agent = floor.agents.get(offer.agent.0).expect("offers go to agents who exist");
        assert!(
            matches!(&agent.state, State::Ringing { offer, .. } if offer == id),
            "{} is reserved by an offer that he does not know of: {:?}",
            agent.profile.id,
            agent.state
        );
        match offer.target {
            Target::Waiting(slot) => {
                let waiting = floor.waiting.get(slot.0).expect("offers are for those who wait");
                assert!(waiting.offers.contains(id) && waiting.call == offer.call);
            }
            Target::Debt => assert_eq!(floor.debts[&offer.call].stage, Stage::Offered(*id)),
        }
    }
}

fn waiting(floor: &Floor, changed: bool) {
    for (no, waiting) in floor.waiting.iter() {
        let (slot, call) = (Slot(no), waiting.call);
        let line = floor
            .lines
            .get(waiting.queue.0)
            .expect("people wait in queues that exist");
        let entry = (waiting.place, slot);
        let (in_callers, in_ghosts) = (line.callers.contains(&entry), line.ghosts.contains(&entry));
        assert_eq!(
            (in_callers, in_ghosts),
            (waiting.who == Who::Caller, waiting.who == Who::Ghost)
        );
        let open = line.classes.0[waiting.class].open.get(&waiting.place) == Some(&slot);
        assert_eq!(
            open,
            waiting.offers.is_empty(),
            "{call} is open if nobody is rung for him"
        );
        assert!(waiting.offers.iter().all(|offer| floor.offers.contains_key(offer)));
        match waiting.who {
            Who::Caller => assert_eq!(floor.calls.get(&call), Some(&slot)),
            Who::Ghost => assert_eq!(floor.debts[&call].stage, Stage::Ghost(slot)),
        }
        let all_ring = line.config.strategy == Strategy::RingAll && waiting.who == Who::Caller;
        assert!(
            changed || all_ring || waiting.offers.len() <= 1,
            "{call} rings at two agents"
        );
    }
    for (_, line) in floor.lines.iter() {
        let members: usize = line.classes.0.iter().map(|class| class.members).sum();
        let open: usize = line.classes.0.iter().map(|class| class.open.len()).sum();
        let all = line.callers.len() + line.ghosts.len();
        assert_eq!(members, all, "classes are counted right");
        let rung = line.callers.iter().chain(&line.ghosts);
        let rung = rung.filter(|(_, slot)| !floor.waiting.get(slot.0).unwrap().offers.is_empty());
        assert_eq!(open + rung.count(), all);
    }
    assert!(floor.calls.values().all(|slot| floor.waiting.get(slot.0).is_some()));
}

fn debts(floor: &Floor) {
    for (no, line) in floor.lines.iter() {
        let here = |owed: &&Owed| owed.queue == Some(QueueNo(no));
        let flying = floor.debts.values().filter(here).filter(|owed| owed.flying).count();
        assert_eq!(line.in_flight, flying, "call-backs in flight are counted right");
        let listed: BTreeSet<CallId> = line.ready.iter().chain(&line.later).map(|(_, call)| *call).collect();
        assert_eq!(
            listed.len(),
            line.ready.len() + line.later.len(),
            "a debt is listed once"
        );
        let stages = floor.debts.iter().filter(|(_, owed)| here(owed));
        let expected: BTreeSet<CallId> = stages
            .filter(|(_, owed)| owed.stage == Stage::Listed)
            .map(|(call, _)| *call)
            .collect();
        assert_eq!(listed, expected, "listed debts are in the list, and no others");
    }
}

/// Every alarm that is set belongs to somebody, and who needs one has it.
fn timers(floor: &Floor, now: Now) {
    let mut expected: BTreeSet<(Mono, Timer)> = BTreeSet::new();
    expected.extend(
        floor
            .offers
            .iter()
            .map(|(id, offer)| (offer.guard, Timer::RingGuard(*id))),
    );
    for (no, agent) in floor.agents.iter() {
        if let State::WrapUp(wrap_up) = &agent.state {
            expected.insert((wrap_up.until, Timer::WrapUp(AgentNo(no))));
        }
    }
    for (no, waiting) in floor.waiting.iter() {
        let (slot, alarms) = (Slot(no), waiting.alarms);
        expected.extend(alarms.wait_max.map(|at| (at, Timer::WaitMax(slot))));
        expected.extend(alarms.widen.map(|at| (at, Timer::Widen(slot))));
        expected.extend(alarms.rest.map(|at| (at, Timer::Rest(slot))));
        expected.extend(alarms.announce.map(|at| (at, Timer::Announce(slot))));
        let rests = waiting.declined.iter().any(|declined| declined.until > now.mono);
        assert!(!rests || alarms.rest.is_some(), "somebody looks after a rest");
    }
    expected.extend(floor.debts_alarm.map(|at| (at, Timer::Debts)));
    expected.extend(floor.deserted_alarm.map(|at| (at, Timer::Deserted)));
    assert_eq!(floor.timers.all(), expected, "alarms and their owners agree");
    let later = floor.lines.iter().any(|(_, line)| !line.later.is_empty());
    assert!(
        !later || floor.debts_alarm.is_some(),
        "somebody looks after debts that are due later"
    );
}

/// Work is never held back: no caller waits while an agent is free who may take him.
fn nobody_waits_for_a_free_agent(floor: &Floor, now: Now) {
    for (_, waiting) in floor.waiting.iter() {
        let line = floor.lines.get(waiting.queue.0).unwrap();
        let open = waiting.offers.is_empty();
        let asleep = waiting.who == Who::Ghost && !floor.in_hours(&line.config.callback, now.wall);
        if !open || asleep {
            continue;
        }
        for (no, agent) in floor.agents.iter() {
            let rests = waiting.declined.iter().any(|d| d.agent.0 == no && d.until > now.mono);
            let able = may_take(
                agent,
                waiting.queue,
                &line.classes.0[waiting.class].requires,
                waiting.waited_here(now.mono),
            );
            assert!(
                !able || rests,
                "{} waits while {} is free",
                waiting.call,
                agent.profile.id
            );
        }
    }
}

fn may_take(agent: &Agent, queue: QueueNo, requires: &[Requirement], waited: Duration) -> bool {
    let serves = agent.serves.iter().any(|serves| serves.queue == queue);
    let skills = &agent.profile.skills;
    let mut must = requires.iter().filter(|r| !r.preferred);
    let fits = must.all(|r| skills.get(&r.skill).copied().unwrap_or(0) >= level_after(r, waited));
    agent.status() == AgentStatus::Available && agent.reachable && serves && fits
}
