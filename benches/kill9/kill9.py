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
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import ledger
from phone import Phone

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
READY_S = 20
SIPP_END_S = 60
SERVER_END_S = 30
CALLS_AT_ONCE_MAX = 2_000
# Longest time between a start and the kill; each moment of it is as likely as any other.
LIFE_MAX_S = 4.0


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`yihao serve` on one data folder, as often as it is started."""

    def __init__(self, program: Path, folder: Path):
        self.program = program
        self.folder = folder
        self.data = folder / "data"
        self.sip = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        self.http = ("127.0.0.1", free_port(socket.SOCK_STREAM))
        self.config = folder / "yihao.toml"
        self.config.write_text(self._settings())
        self.log = (folder / "server.log").open("ab")
        self.process = None

    def _settings(self) -> str:
        return f"""\
data_dir = {json.dumps(str(self.data))}
[sip]
listen_udp = ["127.0.0.1:{self.sip[1]}"]
listen_tcp = []
max_calls = 20000
max_calls_per_source = 20000
max_transactions = 200000
[media]
rtp_port_min = 40000
rtp_port_max = 49999
dead_media_s = 5
[dialplan]
dir = {json.dumps(str(HERE / "plans"))}
calendar_dir = {json.dumps(str(ROOT / "config/calendar"))}
[prompts]
dir = {json.dumps(str(ROOT / "prompts"))}
[store]
recording_free_mb = 0
[http]
listen = ["127.0.0.1:{self.http[1]}"]
[drain]
timeout_s = 15
[log]
level = "info"
"""

    def start(self) -> None:
        command = [self.program, "serve", "--config", self.config]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def wait_ready(self) -> float:
        """Seconds until it said that it is ready."""
        began = time.monotonic()
        while time.monotonic() - began < READY_S:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}; see {self.log.name}")
            try:
                with urllib.request.urlopen("http://%s:%d/readyz" % self.http, timeout=1) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.01)
        raise RuntimeError("the server is not ready")

    def kill(self) -> int:
        """Kills it and gives the moment."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended by itself with {self.process.returncode}; see {self.log.name}")
        at = time.time_ns() // 1_000_000
        self.process.kill()
        self.process.wait()
        return at

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(SERVER_END_S)


class Sipp:
    """The load."""

    def __init__(self, server: tuple[str, int], rate: int, folder: Path):
        self.folder = folder
        self.notes = folder / "sipp.log"
        command = ["sipp", "%s:%d" % server, "-sf", HERE / "caller.xml", "-inf", HERE / "numbers.csv", "-i", "127.0.0.1"]
        command += ["-p", str(free_port(socket.SOCK_DGRAM)), "-mp", str(free_port(socket.SOCK_DGRAM) & ~1), "-r", str(rate)]
        command += ["-l", str(CALLS_AT_ONCE_MAX), "-trace_logs", "-log_file", self.notes, "-nostdin", "-trace_err"]
        command += ["-error_file", folder / "sipp-errors.log", "-timeout", "3600"]
        self.output = (folder / "sipp-screen.log").open("wb")
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.output, stderr=self.output)

    def stop(self) -> None:
        """No new calls; ends when the last one has ended."""
        self.process.send_signal(signal.SIGUSR1)
        self.process.wait(SIPP_END_S)

    def calls(self) -> dict[str, set[str]]:
        """How far each call came, by Call-ID."""
        calls = {}
        for step, call_id in re.findall(r"(?m)^([A-Z]) (\S+)", self.notes.read_text()):
            calls.setdefault(call_id, set()).add(step)
        return calls


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
