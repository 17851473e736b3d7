"""Compares what agents and citizens saw, and what the server said of its agents after each start, with the ledger. Reads
SQLite; knows neither SIP nor processes."""

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ledger import Findings, check_story, read_events

# What an agent may be found doing after a restart, by what he did last before it. More may have happened by the look.
MOVES_ON = {"available", "ringing", "talking", "holding", "wrap_up"}
AFTERWARDS = {
    "paused": {"paused"},
    "available": MOVES_ON | {"paused"},
    "ringing": MOVES_ON | {"paused"},
    "talking": MOVES_ON,
    "holding": MOVES_ON,
    "wrap_up": MOVES_ON,
    "signed_out": {"signed_out"},
}
# What the kernel's clock and two processes may differ by, and how long a noted event may wait for its commit.
SLACK_S = 0.3
# A telephone that stood so long before the kill is on record.
ON_RECORD_S = 1.0
TOLD_WITHIN_S = 4.0


@dataclass
class Look:
    """What the server said of its agents."""

    began: float
    at: float
    agents: dict[str, dict]


def compare(data: Path, agents: list, citizens: list, looks: list[Look]) -> Findings:
    """All of it."""
    found = Findings()
    events, rows, numbers = read_events(data / "ledger.sqlite3")
    changes = read_changes(data / "ledger.sqlite3")
    found.expect(set(events) == set(rows), "events and calls tell of different calls")
    found.expect(numbers == list(range(1, len(numbers) + 1)), "sequence numbers have gaps or repeat")
    by_sip = {}
    for call, story in events.items():
        sip_call_id = check_story(call, story, rows.get(call, {}), found, legs=1_000)
        found.expect(sip_call_id not in by_sip, f"{sip_call_id}: twice in the ledger")
        by_sip[sip_call_id] = call
    for person in [*agents, *citizens]:
        found.faults += person.errors
    records = {call: json.loads(row["record"]) for call, row in rows.items()}
    check_citizens(citizens, by_sip, events, records, found)
    check_nobody_in_two_calls(records, found)
    check_looks(looks, changes, found)
    check_told(agents, citizens, records, by_sip, found)
    ends = Counter(f"{row['ended_by']}/{row['end_reason']}" for row in rows.values())
    found.figures |= {
        "calls in the ledger": len(events),
        "events in the ledger": len(numbers),
        "talks that agents saw": sum(len(agent.talks) for agent in agents),
        "ends": dict(ends.most_common()),
        "agents' changes": dict(Counter(change["status"] for story in changes.values() for change in story).most_common()),
    }
    return found


def read_changes(ledger: Path) -> dict[str, list[dict]]:
    """Each agent's changes in their order."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        changes = defaultdict(list)
        for agent, body in database.execute("SELECT agent, body FROM agent_events ORDER BY seq"):
            changes[agent].append(json.loads(body))
    return changes


def check_citizens(citizens: list, by_sip: dict, events: dict, records: dict, found: Findings) -> None:
    """Whoever got a 200 is in the ledger; who called again after a restart has kept what he had waited."""
    returned = []
    for citizen in citizens:
        for wait in citizen.calls:
            call = by_sip.get(wait.call_id)
            if wait.answered:
                found.expect(call is not None, f"{wait.call_id}: got a 200 and is not in the ledger")
            if call is None or wait.redial_of is None:
                continue
            before = records.get(by_sip.get(wait.redial_of.call_id, ""))
            now = records[call]
            if not before or not now.get("queues") or before.get("end_reason") != "interrupted":
                continue
            last = (before.get("queues") or [{}])[-1]
            if last.get("outcome") != "ended":
                continue
            had = last.get("carried_ms", 0) + max(0, last["left_at"] - last["entered_at"])
            kept = now["queues"][0].get("carried_ms", 0)
            found.expect(kept >= had - 1, f"{wait.call_id}: had waited {had} ms when the server died, and kept {kept}")
            returned.append((last["entered_at"] - last.get("carried_ms", 0), now))
    check_order(returned, found)
    found.figures["citizens who called again and kept their place"] = len(returned)


def check_order(returned: list[tuple[int, dict]], found: Findings) -> None:
    """Of two who came back, both waiting again when the first of them was offered to an agent, the one who had come first is
    the one."""
    first_offer = lambda record: min((offer["at"] for offer in record.get("offers", [])), default=None)  # noqa: E731
    back = [(came, record["queues"][0]["entered_at"], first_offer(record), record) for came, record in returned]
    for came, entered, offered, record in back:
        for other_came, other_entered, other_offered, other in back:
            both_wait = offered is not None and came < other_came and entered < (other_offered or 0)
            still_there = record["ended_at"] > (other_offered or 0) and offered is not None
            if both_wait and still_there and other_entered < other_offered:
                # A second of grace: agents who are free at the very moment of a redial take whoever is there.
                found.expect(
                    offered <= other_offered + 1_000,
                    f"{record['call']}: came before {other['call']} and was offered {offered - other_offered} ms after it",
                )


def check_nobody_in_two_calls(records: dict, found: Findings) -> None:
    """An agent speaks with one citizen at a time."""
    spans = defaultdict(list)
    for call, record in records.items():
        for presence in record.get("people", []):
            if presence["part"] == "agent":
                spans[presence["who"]].append((presence["from"], presence.get("until") or presence["from"], call))
    for who, times in spans.items():
        times.sort()
        for (_, until, first), (begun, _, second) in zip(times, times[1:], strict=False):
            found.expect(begun >= until, f"{who}: in {first} until {until} and in {second} from {begun}")
    found.figures["answers by agents"] = sum(len(times) for times in spans.values())


def check_looks(looks: list[Look], changes: dict, found: Findings) -> None:
    """After each start the floor says of each agent what the ledger says: what he did before, or what has come since."""
    for look in looks:
        for agent, seen in look.agents.items():
            story = changes.get(agent, [])
            before = [change for change in story if change["at"] <= (look.began - SLACK_S) * 1_000]
            last = before[-1]["status"] if before else "signed_out"
            since = {c["status"] for c in story if (look.began - SLACK_S) * 1_000 < c["at"] <= (look.at + SLACK_S) * 1_000}
            allowed = AFTERWARDS[last] | since
            found.expect(seen["status"] in allowed, f"{agent}: {seen['status']} at {look.at:.3f}, after {last} and {since}")
            if last == "paused" and seen["status"] == "paused" and not since:
                reason = before[-1].get("reason")
                found.expect(seen.get("reason") == reason, f"{agent}: paused for {seen.get('reason')}, not for {reason}")
    if looks:
        for agent, seen in looks[-1].agents.items():
            at_rest = seen["status"] in ("available", "paused")
            found.expect(at_rest, f"{agent}: {seen['status']} when everybody had gone")
    found.figures["looks at the agents"] = len(looks)


def check_told(agents: list, citizens: list, records: dict, by_sip: dict, found: Findings) -> None:
    """A telephone that stood when the server was killed hears that the line is gone, in the next life that is long enough."""
    cut_off = [record for record in records.values() if record.get("end_reason") == "interrupted"]
    dialogs = {dialog["call_id"]: record for record in cut_off for dialog in record.get("dialogs", [])}
    told = untold = 0
    for person in [*agents, *citizens]:
        for talk in person.talks or getattr(person, "calls", []):
            record = dialogs.get(talk.call_id)
            begun = getattr(talk, "answered", None) or talk.begun
            stood = record and talk.ended and begun * 1_000 < record["ended_at"] - ON_RECORD_S * 1_000
            if talk.told:
                told += 1
            elif stood and talk.ended * 1_000 > record["ended_at"] + (TOLD_WITHIN_S + 5) * 1_000:
                untold += 1
                found.faults.append(f"{talk.call_id}: the line was gone at {record['ended_at']}, and nobody said so")
    found.figures["telephones that were told that the line is gone"] = told
