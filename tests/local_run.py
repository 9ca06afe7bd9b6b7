"""A real start of `make run`'s program on free ports and a folder of its own, for the tests of funnel.local."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from funnel.config import EMBEDDED_FILE
from funnel.local import leash, ports
from funnel.local.supervisor import REGISTER_FILE

ROOT = Path(__file__).parent.parent
CONTRACT = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "BASE_URL", "DAY_SECONDS", "MAKELEVEL")
PATIENCE_S = 60


class Run:
    """One run: `said` is what it has printed so far."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self.folder = folder
        self.out = folder.with_name(f"{folder.name}.out")
        self.port, self.outbox_port = ports.free(), ports.free()
        environ = {name: value for name, value in os.environ.items() if name not in CONTRACT}
        environ |= {"DATA_DIR": str(folder), "PORT": str(self.port), "OUTBOX_PORT": str(self.outbox_port), **changes}
        self.environ = environ
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "funnel.local"], cwd=ROOT, env=environ, stdout=out, stderr=out
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)

    @property
    def said(self) -> str:
        return self.out.read_text(errors="replace")

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def until_said(self, words: str) -> re.Match[str]:
        self.until(lambda: re.search(words, self.said) or self.process.poll() is not None)
        found = re.search(words, self.said)
        assert found, self.said
        return found

    def flask(self, *words: str) -> str:
        """A command in another terminal, which knows of nothing but DATA_DIR."""
        environ = {**self.environ}
        del environ["PORT"], environ["OUTBOX_PORT"]
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().status

    def processes(self) -> dict[str, leash.Process]:
        entries = json.loads((self.folder / REGISTER_FILE).read_text())
        return {entry["name"]: leash.Process(**entry) for entry in entries}

    def end(self, number: int = signal.SIGINT) -> int:
        """Ends it, and waits until nothing of it is left; returns its exit code."""
        pids = [process.pid for process in self.processes().values()] + self.leashes()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        self.until(lambda: not any(leash.started(pid) for pid in pids))
        self.until(lambda: not (self.folder / EMBEDDED_FILE).exists())
        return code

    def leashes(self) -> list[int]:
        """The process ids of its leash, by who started whom."""
        return [pid for pid, parent, words in _all_processes() if parent == self.process.pid and "leash.py" in words]


def _all_processes() -> list[tuple[int, int, str]]:
    if not Path("/proc/self/stat").exists():
        said = subprocess.run(["ps", "-axww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        split = (line.split(None, 2) for line in said.stdout.splitlines())
        return [(int(pid), int(parent), words) for pid, parent, words in split]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found.append((int(folder.name), parent, (folder / "cmdline").read_text(errors="replace")))
    return found
