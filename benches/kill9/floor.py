#!/usr/bin/env python3
"""The bar "kill -9" with agents: the server is killed at random moments while citizens wait, talk, and agents write up.

    benches/kill9/floor.py PATH_OF_YIHAO [--kills 200] [--agents 6] [--citizens 14] [--seed 1] [--keep FOLDER]

Agents' telephones register, answer most calls, refuse some, let some ring; citizens wait until they have had enough, and mostly
call again at once when they hear that the line is gone. A moment after its start, drawn from a seeded generator, the server gets
SIGKILL and is started again at once. In the end the ledger, the telephones and what the server said of its agents after each
start are compared, and `yihao prove` must find nobody lost. Ends with 0 if all agrees. Everything stays on the loopback.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import floor_ledger
from people import Agent, Citizen
from programs import Server

HERE = Path(__file__).resolve().parent
LIFE_MAX_S = 5.0
# The longest that a telephone may be left in silence after a start that lived so long.
TOLD_WITHIN_S = 4.0
PASSWORD = "a-telephone's-password-1"
SETTINGS = """\
[floor]
redial_within_s = 120
[[queue]]
name = "general"
ring_timeout_s = 4
wrap_up_s = 2
needs_agents = false
rona_after = 2
callback_automatic = false
"""


class Floor:
    """The server, its agents and citizens."""

    def __init__(self, arguments: argparse.Namespace, folder: Path):
        self.chance = random.Random(arguments.seed)
        self.server = Server(arguments.program, folder, plans=HERE / "plans-floor", more=SETTINGS)
        self.names = [f"80{number:02}" for number in range(1, arguments.agents + 1)]
        for name in self.names:
            self.command("agent", "add", name, "--name", name, "--queue", "general", "--password-stdin", text=PASSWORD + "\n")
        self.looks: list[floor_ledger.Look] = []
        self.ready: list[float] = []
        self.server.start()
        self.server.wait_ready()
        seeds = iter(range(arguments.seed * 1_000, 1_000_000))
        self.agents = [Agent(self.server.sip, name, PASSWORD, next(seeds)) for name in self.names]
        numbers = [f"1380000{number:04}" for number in range(arguments.citizens)]
        self.citizens = [Citizen(self.server.sip, number, "12345", next(seeds)) for number in numbers]
        for agent in self.agents:
            agent.start()
        time.sleep(1)
        for name in self.names:
            self.post(f"/api/v1/agents/{name}/sign-in", {"ready": True})
        for citizen in self.citizens:
            citizen.start()

    def command(self, *words: str, text: str | None = None) -> subprocess.CompletedProcess:
        command = [self.server.program, "--config", self.server.config, *words]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False)

    def post(self, path: str, body: dict) -> int:
        return self.ask(path, json.dumps(body).encode())[0]

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict]:
        token = (self.server.data / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request("http://%s:%d%s" % (*self.server.http, path), data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, {}

    def round(self) -> None:
        """One life of the server, from a start that is under way to the kill and the next start."""
        die_at = time.monotonic() + self.chance.uniform(0, LIFE_MAX_S)
        if self.chance.random() < 0.8:
            began = time.time()
            self.ready.append(self.server.wait_ready())
            self.look(began)
            if self.chance.random() < 0.5:
                self.supervise()
        time.sleep(max(0.0, die_at - time.monotonic()))
        self.server.kill()
        self.server.start()

    def look(self, began: float) -> None:
        """What the server says of its agents, before much can have happened."""
        status, answer = self.ask("/api/v1/agents")
        if status == 200:
            self.looks.append(floor_ledger.Look(began, time.time(), {it["agent"]: it for it in answer["agents"]}))

    def supervise(self) -> None:
        """Somebody pauses an agent, or sends one back to work who was paused."""
        name = self.chance.choice(self.names)
        if self.chance.random() < 0.3:
            self.post(f"/api/v1/agents/{name}/pause", {"reason": "meal"})
        else:
            self.post(f"/api/v1/agents/{name}/ready", {})

    def end(self) -> int:
        """Everybody finishes; the server ends in peace."""
        self.server.wait_ready()
        time.sleep(TOLD_WITHIN_S)
        for citizen in self.citizens:
            citizen.rest()
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and not all(citizen.is_idle() for citizen in self.citizens):
            time.sleep(0.2)
        time.sleep(5)  # the last write-up
        self.look(time.time())
        for person in [*self.citizens, *self.agents]:
            person.stop()
        return self.server.stop()


def run(arguments: argparse.Namespace, folder: Path) -> floor_ledger.Findings:
    floor = Floor(arguments, folder)
    try:
        for number in range(arguments.kills):
            floor.round()
            if (number + 1) % 20 == 0:
                print(f"  {number + 1} kills", flush=True)
        code = floor.end()
    finally:
        if floor.server.process.poll() is None:
            floor.server.process.kill()
    found = floor_ledger.compare(floor.server.data, floor.agents, floor.citizens, floor.looks)
    found.expect(code == 0, f"the server's last exit code is {code}")
    proof = floor.command("prove", "--since", "7d", "--json")
    found.expect(proof.returncode == 0, f"yihao prove ends with {proof.returncode}: {proof.stdout[-2000:]} {proof.stderr[-500:]}")
    if proof.stdout.startswith("{"):
        found.figures["ways"] = json.loads(proof.stdout)["ways"]
    floor.ready.sort()
    if floor.ready:
        found.figures["restart until ready, s (median, max)"] = [
            round(floor.ready[len(floor.ready) // 2], 3),
            round(floor.ready[-1], 3),
        ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=Path, help="yihao")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--citizens", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="put everything here and leave it there")
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="kill9-floor-"))
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
    print(f"{len(found.faults)} faults" if found.faults else "the ledger, the telephones and the floor agree")
    return min(len(found.faults), 1)


if __name__ == "__main__":
    sys.exit(main())
