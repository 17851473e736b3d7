"""The programs of the bars: the server, as often as it is started, and SIPp as its load. Decides nothing about what is right."""

import contextlib
import json
import random
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
READY_S = 20
SIPP_END_S = 60
SERVER_END_S = 30
CALLS_AT_ONCE_MAX = 2_000


def free_port(kind: int) -> int:
    """A port that nobody has, out of those that the kernel gives to nobody by itself: it must be free at the next start too."""
    while True:
        port = random.randrange(10_000, 30_000, 2)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """`yihao serve` on one data folder, as often as it is started."""

    def __init__(self, program: Path, folder: Path, segment_mb: int = 16, plans: Path = HERE / "plans", more: str = ""):
        self.program = program
        self.folder = folder
        self.segment_mb = segment_mb
        self.plans = plans
        self.more = more
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
dir = {json.dumps(str(self.plans))}
calendar_dir = {json.dumps(str(ROOT / "config/calendar"))}
[prompts]
dir = {json.dumps(str(ROOT / "prompts"))}
[store]
journal_segment_mb = {self.segment_mb}
recording_free_mb = 0
[http]
listen = ["127.0.0.1:{self.http[1]}"]
[drain]
timeout_s = 15
[log]
level = "info"
{self.more}"""

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

    def metric(self, name: str) -> float:
        """A figure of /metrics; 0 if it is not there."""
        with urllib.request.urlopen("http://%s:%d/metrics" % self.http, timeout=5) as answer:
            found = re.search(rf"(?m)^{name} (\S+)$", answer.read().decode())
        return float(found[1]) if found else 0.0

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
        command += ["-p", str(free_port(socket.SOCK_DGRAM)), "-mp", str(free_port(socket.SOCK_DGRAM)), "-r", str(rate)]
        command += ["-l", str(CALLS_AT_ONCE_MAX), "-trace_logs", "-log_file", self.notes, "-nostdin", "-trace_err"]
        command += ["-error_file", folder / "sipp-errors.log", "-timeout", "3600", "-trace_rtt", "-rtt_freq", "1"]
        self.output = (folder / "sipp-screen.log").open("wb")
        self.began = time.time()
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

    def answer_times(self) -> list[tuple[float, float]]:
        """For each 200 of an INVITE: when it came (seconds since 1970) and after how many milliseconds."""
        (dump,) = self.folder.glob("*_rtt.csv")
        rows = (line.split(";") for line in dump.read_text().splitlines()[1:])
        # SIPp counts from its own start.
        return [(self.began + float(row[0]) / 1_000, float(row[1])) for row in rows if len(row) >= 3]
