"""Compares the callers' lists with the ledger. Reads SQLite and WAV files; knows neither SIP nor processes."""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

# What may stand behind a call's end (kernel::event::EventKind::Ended).
AFTER_THE_END = {"recording_ended", "quality", "outcome", "callback_tried", "callback_settled"}
# Shorter messages are no debt (store::ledger::closing).
SHORTEST_MESSAGE_MS = 1_000
WAV_HEADER_BYTES = 58
TONE_BYTES = frozenset(bytes.fromhex("d586b7bcb8bab8bcb786d506373c383a383c3706"))


@dataclass
class Findings:
    """What does not agree, and figures about what does."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    def expect(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def read_events(ledger: Path) -> tuple[dict[str, list[dict]], dict[str, dict], list[int]]:
    """Events by call in their order, rows of `calls` by call, and all sequence numbers."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        events = defaultdict(list)
        numbers = []
        for call, seq, body in database.execute("SELECT call_id, seq, body FROM events ORDER BY seq"):
            numbers.append(seq)
            events[call].append(json.loads(body))
        numbers += [seq for (seq,) in database.execute("SELECT seq FROM agent_events")]
        numbers.sort()
        database.row_factory = sqlite3.Row
        rows = {row["call_id"]: dict(row) for row in database.execute("SELECT * FROM calls")}
    return events, rows, numbers


def compare(data: Path, callers: dict[str, set[str]], messages: dict[str, tuple[bool, int | None]]) -> Findings:
    """`callers`: how far each Call-ID of SIPp came. `messages`: by Call-ID, whether it was answered, and when the server was
    killed during it, if it was (milliseconds since 1970)."""
    found = Findings()
    events, rows, numbers = read_events(data / "ledger.sqlite3")
    found.expect(set(events) == set(rows), "events and calls tell of different calls")
    found.expect(numbers == list(range(1, len(numbers) + 1)), "sequence numbers have gaps or repeat")
    by_sip = defaultdict(list)
    ends = Counter()
    for call, story in events.items():
        by_sip[check_story(call, story, rows.get(call, {}), found)].append(call)
        end = next((e for e in story if e["type"] == "ended"), None)
        if end:
            ends[f"{end['by']}/{end['reason']}"] += 1
    known = callers.keys() | messages.keys()
    for sip_call_id in by_sip.keys() - known:
        found.faults.append(f"{sip_call_id}: in the ledger, but nobody called")
    for sip_call_id, steps in callers.items():
        check_caller(sip_call_id, steps, [events[c] for c in by_sip.get(sip_call_id, [])], found)
    check_messages(data / "recordings", by_sip, events, messages, found)
    steps = Counter("".join(sorted(steps, key="IRGAVBXC".index)) for steps in callers.values())
    found.figures |= {
        "SIPp's calls": len(callers),
        "SIPp's calls by how far they came": dict(steps.most_common()),
        "calls in the ledger": len(events),
        "events in the ledger": len(numbers),
        "ends": dict(ends.most_common()),
    }
    return found


def check_story(call: str, story: list[dict], row: dict, found: Findings, legs: int = 1) -> str:
    """One call's events by themselves, and its row; each leg may tell its quality. Gives its SIP Call-ID."""
    kinds = [event["type"] for event in story]
    count = Counter(kinds)
    found.expect(kinds[0] == "invite" and count["invite"] == 1, f"{call}: does not begin with its only invite: {kinds}")
    found.expect(count["answered_by_machine"] <= 1, f"{call}: answered twice")
    found.expect(count["ended"] == 1, f"{call}: {count['ended']} ends: {kinds}")
    if "ended" in kinds:
        after = set(kinds[kinds.index("ended") + 1 :])
        # The debt of a message that was being left at the end is known once its file is closed.
        found.expect(after <= AFTER_THE_END | {"callback_owed"}, f"{call}: {after} after the end")
        end = story[kinds.index("ended")]
        same = (row.get("ended_by"), row.get("end_reason")) == (end["by"], end["reason"])
        found.expect(same, f"{call}: its row tells another end than its events")
    found.expect(row.get("recordings_open") == 0, f"{call}: a recording is open")
    found.expect(count["callback_owed"] <= 1, f"{call}: {count['callback_owed']} times callback_owed")
    found.expect(count["quality"] <= legs, f"{call}: {count['quality']} times quality")
    texts = Counter(json.dumps(event, sort_keys=True) for event in story)
    found.faults += [f"{call}: twice {text}" for text, times in texts.items() if times > 1]
    return story[0].get("sip_call_id", "")


def check_caller(sip_call_id: str, steps: set[str], stories: list[list[dict]], found: Findings) -> None:
    """One call of SIPp against the ledger's calls with its Call-ID."""
    found.expect(len(stories) <= 1, f"{sip_call_id}: {len(stories)} times in the ledger: {[outline(s) for s in stories]}")
    if "A" not in steps:
        return
    found.expect(bool(stories), f"{sip_call_id}: got a 200 and is not in the ledger")
    if not stories:
        return
    story = stories[-1]
    found.expect(any(e["type"] == "answered_by_machine" for e in story), f"{sip_call_id}: got a 200 that is not in the ledger")
    end = next((e for e in story if e["type"] == "ended"), {})
    if "C" in steps:
        by_caller = (end.get("by"), end.get("reason")) == ("caller", "hangup")
        found.expect(by_caller, f"{sip_call_id}: hung up, and the ledger says {outline(story)}")


def outline(story: list[dict]) -> str:
    """A call in one line."""
    return " ".join(e["type"] + (f"({e['by']}/{e['reason']})" if e["type"] == "ended" else "") for e in story)


def check_messages(recordings: Path, by_sip: dict, events: dict, messages: dict, found: Findings) -> None:
    """Each message: its file, its end, the debt; and how much of it the kill took."""
    lost, told = [], set()
    for sip_call_id, (answered, killed_ms) in messages.items():
        stories = [events[call] for call in by_sip.get(sip_call_id, [])]
        found.expect(len(stories) <= 1, f"{sip_call_id}: {len(stories)} times in the ledger: {[outline(s) for s in stories]}")
        found.expect(bool(stories) or not answered, f"{sip_call_id}: got a 200 and is not in the ledger")
        for story in stories:
            lost += check_message(sip_call_id, recordings, story, killed_ms, told, found)
    on_disk = {str(path.relative_to(recordings)) for path in recordings.rglob("*") if path.is_file()}
    strays = on_disk - told
    # A kill between a file's birth and its event's entry leaves an empty file that no call knows of.
    for name in strays:
        found.expect((recordings / name).stat().st_size <= WAV_HEADER_BYTES, f"{name}: sound that no call knows of")
    lost.sort()
    found.figures |= {
        "message calls": len(messages),
        "recordings": len(told),
        "empty files of calls killed at birth": len(strays),
        "sound lost by the kill, ms (min, median, max)": [lost[0], lost[len(lost) // 2], lost[-1]] if lost else [],
    }


def check_message(name: str, recordings: Path, story: list[dict], killed_ms: int | None, told: set, found: Findings) -> list[int]:
    """One call's recordings. Gives the milliseconds of sound that are missing at each one's end."""
    of = lambda kind: [event for event in story if event["type"] == kind]  # noqa: E731
    ended = {event["file"]: event for event in of("recording_ended")}
    found.expect(len(ended) == len(of("recording_ended")), f"{name}: a recording ended twice")
    lost, debts = [], 0
    for begun in of("recording_started"):
        told.add(begun["file"])
        end = ended.get(begun["file"])
        if end is None:
            found.faults.append(f"{name}: a recording without an end: {outline(story)}")
            continue
        debts += end["duration_ms"] >= SHORTEST_MESSAGE_MS
        if killed_ms:
            missing = killed_ms - begun["at"] - end["duration_ms"]
            lost.append(missing)
            found.expect(missing <= 1_000, f"{name}: {missing} ms of {killed_ms - begun['at']} are missing")
        if end["duration_ms"] or end["sha256"]:
            check_wav(name, recordings / begun["file"], end, found)
    owed = [event["because"] for event in of("callback_owed")]
    heard_nothing = not of("step") and any(end["reason"] == "interrupted" for end in of("ended"))
    found.expect(owed == (["interrupted"] if heard_nothing else ["message_left"] * debts), f"{name}: call backs owed: {owed}, messages: {debts}")
    return lost


def check_wav(name: str, path: Path, end: dict, found: Findings) -> None:
    """Whether a player can play it: the header's counts are those of the file, and the sound is the caller's tone."""
    if not path.is_file():
        found.faults.append(f"{name}: {path.name} is not on the disk")
        return
    wav = path.read_bytes()
    number = lambda at, size=4: int.from_bytes(wav[at : at + size], "little")  # noqa: E731
    data = wav.find(b"data")
    right = wav[:4] == b"RIFF" and wav[8:16] == b"WAVEfmt " and number(4) == len(wav) - 8
    right &= number(20, 2) == 6 and number(22, 2) == 1 and number(24) == 8_000
    right &= data > 0 and number(data + 4) == len(wav) - data - 8
    found.expect(right, f"{name}: {path.name} has a wrong header: {wav[:64].hex()} of {len(wav)} bytes")
    sound = wav[data + 8 :]
    found.expect(len(sound) // 8 == end["duration_ms"], f"{name}: {len(sound) // 8} ms on the disk, {end['duration_ms']} in the ledger")
    found.expect(hashlib.sha256(wav).hexdigest() == end["sha256"], f"{name}: {path.name} has another checksum")
    tone = sum(byte in TONE_BYTES for byte in sound)
    found.expect(len(sound) < 8_000 or tone > len(sound) * 0.8, f"{name}: the caller's voice is not in it: {tone} of {len(sound)}")
