"""Load on a web server, by wrk: a program in C that takes little of the processor it measures.

Each request is made beforehand, whole, so that wrk only writes it: many addresses, many networks, many links.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.program import ROOT

HOW_TO_INSTALL = "wrk is not installed, and the rows of the front door need it (Debian: sudo apt-get install wrk)"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CONNECTIONS = 64  # more than the web processes have hands: nobody of them ever waits for us
TIMEOUT_S = 30


@dataclass(frozen=True)
class Load:
    """What came of one run. Times in seconds."""

    requests: int
    seconds: float
    refused: int  # answered with 400 or more
    broken: int  # not answered, or late
    p50: float
    p99: float
    slowest: float

    @property
    def rate(self) -> float:
        return (self.requests - self.refused) / self.seconds


@dataclass(frozen=True)
class Once:
    """What came of a run that asked once for each: seconds, and how often each status was the answer."""

    seconds: float
    statuses: dict[str, int]


def program() -> str | None:
    return shutil.which("wrk")


def get(host: str, path: str, network: str) -> str:
    """A request as a browser behind one proxy makes it."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\nX-Forwarded-For: {network}\r\n\r\n"


def post(host: str, path: str, network: str, form: dict[str, str]) -> str:
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\nX-Forwarded-For: {network}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def write(path: Path, requests: Iterable[str]) -> Path:
    path.write_text("\0".join(requests))
    return path


def run(base_url: str, requests: Path, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Asks for what stands in the file, and again from its beginning, for so long."""
    return Load(**_run(base_url, requests, seconds, connections, "again"))


def run_once(base_url: str, requests: Path, longest_s: float, connections: int = CONNECTIONS) -> Once:
    """Asks once for each, as fast as they are answered."""
    began = time.monotonic()
    statuses = _run(base_url, requests, longest_s, connections, "once")
    return Once(time.monotonic() - began, statuses)


def _run(base_url: str, requests: Path, seconds: float, connections: int, how: str) -> Any:
    found = program()
    assert found
    words = [found, "-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", f"{TIMEOUT_S}s",
             "-s", str(ROOT / "bench" / "load.lua"), base_url, "--", str(requests), how]  # fmt: skip
    said = subprocess.run(words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return json.loads(said.strip().rpartition("\n")[2])
