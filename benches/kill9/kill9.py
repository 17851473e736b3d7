#!/usr/bin/env python3
"""The bar "kill -9": the server is killed at random moments under load, and in the end the ledger must tell exactly what the
callers saw.

    benches/kill9/kill9.py PATH_OF_YIHAO [--kills 200] [--rate 25] [--seed 1] [--keep FOLDER]

SIPp (the package sip-tester) calls without a break: it answers, listens, hangs up after 0.1 to 2.5 s, or vanishes without
BYE (one call in twenty), and notes how far each call came. A phone of our own leaves a message in each round. A moment after
its start, drawn from a seeded generator and often before it is ready, the server gets SIGKILL and is started again at once; callers who
wait go on sending their INVITE or BYE again. After the last round SIPp and the server end in peace and ledger.py compares.
Ends with 0 if all agrees. All traffic stays on the loopback, on free ports.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import ledger
from phone import Phone
from programs import Server, Sipp

# Longest time between a start and the kill; each moment of it is as likely as any other.
LIFE_MAX_S = 4.0


def rounds(server: Server, arguments: argparse.Namespace) -> tuple[dict[str, tuple[bool, int]], list[float]]:
    """All kills. Gives the messages that were left and the seconds that restarts took, where the server lived to be ready."""
    chance = random.Random(arguments.seed)
    messages, ready = {}, []
    for number in range(arguments.kills):
        phone = Phone(server.sip, "4000")
        phone.start()
        die_at = time.monotonic() + chance.uniform(0, LIFE_MAX_S)
        if chance.random() < 0.9:
            ready.append(server.wait_ready())
        time.sleep(max(0.0, die_at - time.monotonic()))
        killed = server.kill()
        phone.hang_silent()
        messages[phone.call_id] = (phone.answered, killed)
        server.start()
        if (number + 1) % 20 == 0:
            print(f"  {number + 1} kills", flush=True)
    return messages, ready


def run(arguments: argparse.Namespace, folder: Path) -> ledger.Findings:
    server = Server(arguments.program, folder)
    server.start()
    server.wait_ready()
    sipp = Sipp(server.sip, arguments.rate, folder)
    try:
        messages, ready = rounds(server, arguments)
        server.wait_ready()
        time.sleep(2)
        sipp.stop()
        code = server.stop()
    finally:
        for process in (sipp.process, server.process):
            if process.poll() is None:
                process.kill()
    found = ledger.compare(server.data, sipp.calls(), messages)
    found.expect(code == 0, f"the server's last exit code is {code}")
    ready.sort()
    found.figures["restart until ready, s (median, max)"] = [round(ready[len(ready) // 2], 3), round(ready[-1], 3)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=Path, help="yihao")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rate", type=int, default=25, help="calls a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="put everything here and leave it there")
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="kill9-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        found = run(arguments, folder.resolve())
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    found.figures = {"kills": arguments.kills, "seconds": round(time.monotonic() - began)} | found.figures
    for name, value in found.figures.items():
        print(f"{name}: {value}")
    for fault in found.faults[:50]:
        print(f"FAULT {fault}")
    print(f"{len(found.faults)} faults" if found.faults else "the ledger and the callers agree")
    return min(len(found.faults), 1)


if __name__ == "__main__":
    sys.exit(main())
