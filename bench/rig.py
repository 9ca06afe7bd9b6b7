"""The rig: servers and a sink of the bench's own, on free loopback ports, gone at its end however it ends.

PostgreSQL is durable, as in earnest: every commit waits for the disk.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench.program import ROOT, Program
from funnel.local import broker, database, leash, ports

DISK = Path("/var/tmp")  # a disk even where /tmp is memory, in which every commit would be free
NAMES_KEPT = {"PATH", "HOME", "LANG", "TMPDIR"}
POLL_S = 0.02
STALLED_S = 60.0


class StalledError(RuntimeError):
    """Mails wait and nothing happens for a minute. The text holds what the workers said."""


class Rig:
    """Everything that runs for the bench. `environ` is what our processes are told."""

    def __init__(self, folder: Path, stack: ExitStack, mass: str | None = None) -> None:
        self.folder, self.stack = folder, stack
        self.postgres = database.start(folder / "database", durable=True)
        stack.callback(self.postgres.stop)
        self.url = mass or self.postgres.url
        self.redis = broker.start(folder / "broker", ports.free())
        stack.callback(self.redis.stop)
        self.environ = {name: value for name, value in os.environ.items() if name in NAMES_KEPT}
        self.sink = self.program("bench.sink").wait_until_ready()
        port = ports.free()
        self.environ |= {
            "DATABASE_URL": self.url,
            "REDIS_URL": self.redis.url,
            "DATA_DIR": str(folder / "data"),
            "SECRET_KEY": "a-secret-for-the-bench-of-some-good-length",
            "SMTP_URL": self.smtp_url(4),
            "BOUNCE_ADDRESS": "bounces@example.org",
            "PORT": str(port),
            "BASE_URL": f"http://127.0.0.1:{port}",
            "TRUSTED_PROXIES": "1",  # so that each made-up reader may come from a network of its own
            "TZ": "UTC",
        }
        self.connect()
        stack.callback(lambda: self.database.close())

    def connect(self) -> None:
        self.database = psycopg.connect(self.url, autocommit=True)

    def version(self) -> str:
        """PostgreSQL's."""
        return self.database.info.parameter_status("server_version") or "unknown"

    def smtp_url(self, pool: int) -> str:
        return f"smtp://127.0.0.1:{self.sink.ready['port']}?starttls=never&pool={pool}"

    def program(self, module: str, *words: str, **more: str) -> Program:
        """A program of the bench, started; its end is seen to."""
        started = Program(module, *words, environ=self.environ | more, log=self.folder / f"{module}.log")
        self.stack.callback(started.stop)
        return started

    @contextmanager
    def procfile(self, name: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A process as the Procfile starts it."""
        with self.command(name, procfile_line(name), **more) as process:
            yield process

    @contextmanager
    def command(self, name: str, line: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A process by its command line; `name` is that of its log."""
        binaries = os.path.dirname(sys.executable)
        told = self.environ | {
            "PATH": f"{binaries}{os.pathsep}{self.environ['PATH']}",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            "GRANIAN_HOST": "127.0.0.1",
            **more,
        }
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {line}"], env=told, cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        own = Path(tempfile.mkdtemp(prefix=name, dir=self.folder))
        lone = leash.Lone(name, process.pid, own, signal.SIGTERM)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                leash.end_group(process.pid)
                process.wait()
            lone.let_go()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def rest(self) -> None:
        """Lets what was measured before not weigh on what is measured next."""
        self.database.execute("CHECKPOINT")
        os.sync()
        time.sleep(0.3)

    def wait_until_taken(self, mails: int, says: str) -> None:
        """Returns when the sink took `mails`. Raises StalledError, with the end of the log that `says` names."""
        seen, since = -1, time.monotonic()
        while (taken := self.sink.ask("glance")["mails"]) < mails:
            if taken != seen:
                seen, since = taken, time.monotonic()
            elif time.monotonic() - since > STALLED_S:
                raise StalledError(f"{taken:,} of {mails:,} mails, then none for a minute.\n{self.said(says)}")
            time.sleep(POLL_S)

    def wait_until_recorded(self, says: str) -> float:
        """Returns when nothing waits and nobody holds a claim: the monotonic time of it. Raises StalledError."""
        since = time.monotonic()
        while self.database.execute("SELECT EXISTS (TABLE claim) OR EXISTS (TABLE queue_entry)").fetchone() != (False,):
            if time.monotonic() - since > STALLED_S:
                raise StalledError(f"All were taken, and not recorded for a minute.\n{self.said(says)}")
            time.sleep(POLL_S)
        return time.monotonic()

    def said(self, name: str) -> str:
        path = self.log(name)
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""


def procfile_line(name: str) -> str:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    return lines[name]


@contextmanager
def rig(mass: str | None = None) -> Iterator[Rig]:
    """The rig, started, with an empty database of this version's schema, and the course loaded.

    `mass`: the URL of a database to be used instead; it is brought up to this version.
    """
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-", dir=DISK if DISK.is_dir() else None))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        made = Rig(folder, stack, mass)
        for name in [name for name in os.environ if name not in NAMES_KEPT]:
            del os.environ[name]
        os.environ.update(made.environ)
        _prepare(stack)
        yield made


def _prepare(stack: ExitStack) -> None:
    from funnel import migrations, tokens
    from funnel.db import Session, engine, utc_now
    from funnel.programme import content_files

    stack.callback(lambda: engine().dispose())
    migrations.upgrade()
    tokens.ensure_keys()
    with Session.begin() as session:
        content_files.load(session, content_files.FOLDER, utc_now())
