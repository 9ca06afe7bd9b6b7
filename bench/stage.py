"""The stage on which things break: the rig's servers and a rough sink, each of which can be killed and comes back."""

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench import crowd, issue
from bench.account import Account
from bench.program import Program, ProgramError
from bench.rig import Rig
from bench.rough import LINE
from bench.rows.drip import tick_until_none_is_due
from funnel.local import database
from funnel.mail import record

# Some are to be tried again in minutes or hours, and a relay or domain rests: that wait is left out.
# What is refused for something about us is tried until it expires: after so many tries that is now.
_HURRY = f"""
UPDATE queue_entry SET due_at = now(),
    expires_at = CASE WHEN attempts > {record.MOST_TRIES} THEN now() ELSE expires_at END
WHERE message_id IN (SELECT message_id FROM queue_entry WHERE due_at > now() FOR UPDATE SKIP LOCKED)
"""


class Stage:
    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.port = _lasting_port()
        self.acts = 0
        self.file = Path()
        rig.environ["SMTP_URL"] = self.smtp_url()
        self.nest = rig.program("bench.nest").wait_until_ready()

    def smtp_url(self, more: str = "") -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=never&pool=4{more}"

    @contextmanager
    def act(self, what: str, people: int) -> Iterator[Account]:
        """Fresh people, a fresh sink; at the end the account is made out."""
        self.acts += 1
        self.file = self.rig.folder / f"taken-{self.acts}"
        self.rough: dict[str, Any] = {}
        self.cuts = 0
        crowd.fresh(self.rig.database, people)
        self.rig.database.execute("TRUNCATE suppression, event CASCADE")
        self.start_sink()
        account = Account(what, people)
        began = time.monotonic()
        try:
            yield account
            account.allowed += self.cuts + self.sink.ask("glance")["cuts"]
        finally:
            self.sink.stop()
        account.seconds = time.monotonic() - began
        account.make_out(self.rig, self.file)

    # What is to be sent

    def newsletter(self, after: int = 0) -> None:
        """Planned for everybody with a higher number than `after`."""
        number = issue.draft()
        self.rig.database.execute("UPDATE newsletter SET planned_to = %s WHERE id = %s", [after, number])
        issue.plan(number)

    def tips(self, people: int) -> None:
        """All eight, mixed, to the first `people`."""
        crowd.open_all_day(self.rig.database)
        crowd.enrolments(self.rig.database, people, soonest_s=-60, spread_s=0)
        tick_until_none_is_due()

    def fall_due(self, people: int, within_s: float) -> None:
        """The same tips, to be planned by the clock within so many seconds."""
        crowd.open_all_day(self.rig.database)
        crowd.enrolments(self.rig.database, people, soonest_s=0, spread_s=within_s)

    def waits(self) -> bool:
        """Whether a mail waits or is being sent; also while the database is away."""
        return self.ask("SELECT EXISTS (TABLE queue_entry) OR EXISTS (TABLE claim)") != (False,)

    def why_waiting(self) -> str:
        found = self.rig.database.execute(
            "SELECT state, reason, count(*), min(due_at - clock_timestamp()) FROM message"
            " WHERE state IN ('queued', 'deferred') GROUP BY 1, 2"
        ).fetchall()
        rests = self.rig.database.execute("SELECT name, why, seconds FROM rest").fetchall()
        return f"{found}\n{rests}\n{self.rig.said('bench.nest')}"

    def hurry(self) -> None:
        self.ask(_HURRY)
        self.ask("DELETE FROM rest WHERE name <> 'guard'")

    def ask(self, statement: str) -> tuple[object, ...] | None:
        with contextlib.suppress(psycopg.OperationalError):
            if self.rig.database.closed:
                self.rig.connect()
            found = self.rig.database.execute(statement)
            return found.fetchone() if found.description else ()
        return None

    # The sink

    def start_sink(self) -> None:
        self.sink: Program = self.rig.program("bench.rough", str(self.port), str(self.file)).wait_until_ready()
        self.sink.ask("rough", **self.rough)

    def taken(self) -> int:
        """How many mails it took."""
        return self.file.stat().st_size // LINE

    def be_rough(self, delay_s: float = 0.0, rules: list[dict[str, Any]] | None = None) -> None:
        self.rough = {"delay_s": delay_s, "rules": rules or []}
        self.sink.ask("rough", **self.rough)

    def kill_sink(self, counted: Callable[[], int]) -> int:
        """Returns what `counted` finds, connections to it: it stands still meanwhile, so none of them gets further."""
        with contextlib.suppress(ProgramError):
            self.cuts += self.sink.ask("glance")["cuts"]
        self.sink.process.send_signal(signal.SIGSTOP)
        found = counted()
        self.sink.process.kill()
        self.sink.stop()
        self.start_sink()
        return found

    # The servers

    def kill_database(self, number: int = signal.SIGKILL) -> None:
        """Without a warning, or by SIGINT as at a restart; then it is started again."""
        server = self.rig.postgres
        assert server.process
        server.process.send_signal(number)
        server.process.wait()
        while True:  # until the last of what served the old one has ended
            server.launch()
            try:
                server.wait()
                break
            except database.DatabaseError:
                time.sleep(0.1)
        if server.lone and server.process:
            server.lone.register.add("server", server.process.pid, 0, signal.SIGINT)
        self.rig.connect()
        _forget_connections()

    def kill_redis(self) -> None:
        broker = self.rig.redis
        assert broker.process
        broker.process.kill()
        broker.process.wait()
        pid = broker.launch().pid
        broker.wait()
        if broker.lone:
            broker.lone.register.add("server", pid, 0, signal.SIGTERM)

    def flush_redis(self) -> None:
        with redis.Redis.from_url(self.rig.redis.url) as client:
            client.flushall()

    def freeze_redis(self, seconds: float) -> None:
        assert self.rig.redis.process
        os.kill(self.rig.redis.process.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(self.rig.redis.process.pid, signal.SIGCONT)


def _lasting_port() -> int:
    """A free one below those that the system gives to clients: a client might get the sink's while it is down."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(15_000, 30_000)))
            return int(probe.getsockname()[1])


def _forget_connections() -> None:
    """Those of this process's pool have died with the server."""
    from funnel.db import engine

    engine().dispose()
