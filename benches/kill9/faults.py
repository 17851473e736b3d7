#!/usr/bin/env python3
"""The bar "disk full or database locked": calls go on, the alarms are set, and afterwards the ledger has everything.

    benches/kill9/faults.py PATH_OF_YIHAO [locked] [full] [--rate 40] [--seconds 20]

`locked`: another program holds the database (BEGIN EXCLUSIVE). `full`: the data folder is a tmpfs (needs root) that is filled to
the last byte, the database's and the journal's room included, while a message is being left. Both under SIPp's load; the
callers' list and the ledger are compared as by kill9.py, and the answer times before, during and after are told. Ends with
0 if all is as it should be.
"""

import argparse
import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ledger
from phone import Phone
from programs import Server, Sipp

BEFORE_S = 5
CATCH_UP_S = 60
# The journal goes on for a while in the room that it has set aside.
JOURNAL_FULL_S = 120
SLOW_MS = 500
DISK_MB = 64


class Alarms(threading.Thread):
    """Looks at the gauges twice a second and remembers when each was raised first and last."""

    NAMES = ("yihao_ledger_behind", "yihao_journal_degraded", "yihao_journal_waiting", "yihao_journal_lost_total")

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server = server
        self.over = threading.Event()
        self.highest = dict.fromkeys(self.NAMES, 0.0)
        self.now = dict(self.highest)

    def run(self) -> None:
        while not self.over.wait(0.5):
            for name in self.NAMES:
                self.now[name] = self.server.metric(name)
                self.highest[name] = max(self.highest[name], self.now[name])

    def wait_for(self, name: str, patience_s: float) -> None:
        """Until this alarm is up."""
        began = time.monotonic()
        while not self.now[name] and time.monotonic() - began < patience_s:
            time.sleep(0.5)

    def wait_quiet(self) -> float:
        """Seconds until no alarm is up and nothing waits."""
        began = time.monotonic()
        while time.monotonic() - began < CATCH_UP_S:
            time.sleep(1.2)
            if not any(self.now[name] for name in self.NAMES[:3]):
                return time.monotonic() - began
        return float("inf")


@contextlib.contextmanager
def locked(server: Server, found: ledger.Findings):
    """Another program holds the database."""
    other = sqlite3.connect(server.data / "ledger.sqlite3", isolation_level=None, timeout=10)
    with contextlib.closing(other):
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextlib.contextmanager
def full(server: Server, found: ledger.Findings):
    """No byte is free, and something always takes what is given back. A message is being left when it begins."""
    phone = Phone(server.sip, "4000")
    phone.start()
    time.sleep(3)
    over = threading.Event()
    filler = server.data / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file:
            while not over.wait(0.02):
                with contextlib.suppress(OSError):
                    while file.write(bytes(1 << 12)):
                        pass

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        filler.unlink()
        phone.hang_silent()
    found.figures["message phone"] = phone.call_id


def check_message(server: Server, found: ledger.Findings) -> None:
    """The message stopped for the disk, and its call went on after that."""
    events, _, _ = ledger.read_events(server.data / "ledger.sqlite3")
    story = next((s for s in events.values() if s[0].get("sip_call_id") == found.figures["message phone"]), [])
    end = next((e for e in story if e["type"] == "recording_ended"), {})
    found.figures["message"] = f"{end.get('duration_ms')} ms, cut short: {end.get('cut_short')}; {ledger.outline(story)}"
    found.expect(end.get("cut_short") == "disk_full", "the message does not tell that the disk was full")
    kinds = [e["type"] for e in story]
    went_on = "recording_ended" in kinds and "ended" in kinds and kinds.index("recording_ended") < kinds.index("ended")
    found.expect(went_on and end["duration_ms"] > 1_000, "the message's call did not go on")


def trial(fault, arguments: argparse.Namespace, folder: Path, data_is_small: bool) -> ledger.Findings:
    found = ledger.Findings()
    server = Server(arguments.program, folder, segment_mb=1 if data_is_small else 16)
    server.start()
    server.wait_ready()
    alarms = Alarms(server)
    alarms.start()
    sipp = Sipp(server.sip, arguments.rate, folder)
    try:
        time.sleep(BEFORE_S)
        began = time.time()
        with fault(server, found):
            if data_is_small:
                alarms.wait_for("yihao_journal_degraded", JOURNAL_FULL_S)
            time.sleep(arguments.seconds)
            during = dict(alarms.now)
        ended = time.time()
        found.figures["caught up after, s"] = round(alarms.wait_quiet(), 1)
        found.expect(server.process.poll() is None, "the server is gone")
        sipp.stop()
        alarms.over.set()
        alarms.join()
        found.expect(server.stop() == 0, "the server did not end well")
    finally:
        for process in (sipp.process, server.process):
            if process.poll() is None:
                process.kill()
                process.wait()
    phone = found.figures.get("message phone")
    agreed = ledger.compare(server.data, sipp.calls(), {phone: (True, None)} if phone else {})
    found.faults += agreed.faults
    found.figures |= agreed.figures | {"alarms at the end of it": during, "alarms at their highest": alarms.highest}
    found.expect(during["yihao_ledger_behind"] == 1, "no alarm that the ledger is behind")
    found.expect(alarms.highest["yihao_journal_lost_total"] == 0, "the journal gave events up")
    if data_is_small:
        found.expect(during["yihao_journal_degraded"] == 1, "no alarm that the journal's disk is full")
        check_message(server, found)
    times = sipp.answer_times()
    for phase, since, until in (("before", 0, began), ("during", began, ended), ("after", ended, float("inf"))):
        some = sorted(ms for at, ms in times if since <= at < until) or [0.0]
        found.figures[f"INVITE to 200 {phase}, ms (calls, median, p99, max)"] = (
            len(some), some[len(some) // 2], some[int((len(some) - 1) * 0.99)], some[-1])
        found.expect(some[-1] < SLOW_MS, f"{phase}: an answer took {some[-1]} ms")
    return found


@contextlib.contextmanager
def small_disk(folder: Path):
    """A tmpfs for the data."""
    data = folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "yihao-faults", data], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", data], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=Path, help="yihao")
    parser.add_argument("which", nargs="*", help="locked, full; default: both")
    parser.add_argument("--rate", type=int, default=40, help="calls a second")
    parser.add_argument("--seconds", type=float, default=20, help="how long the fault lasts (once the journal is full)")
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    known = {"locked": locked, "full": full}
    faults = 0
    for name in arguments.which or known:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder, contextlib.ExitStack() as stack:
            if name == "full":
                stack.enter_context(small_disk(Path(folder)))
            found = trial(known[name], arguments, Path(folder).resolve(), name == "full")
        print(f"== {name}")
        for figure, value in found.figures.items():
            print(f"{figure}: {value}")
        for text in found.faults[:50]:
            print(f"FAULT {text}")
        faults += len(found.faults)
    print(f"{faults} faults" if faults else "all as it should be")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
