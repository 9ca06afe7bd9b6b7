"""A snapshot of the database's disk put back: every number in it is as it was, but for those that count on."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from funnel import db, migrations, tokens
from funnel.db import Session, engine, utc_now
from funnel.local import database
from funnel.mail import delivery, guard, mark
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.sending import GUARD, Rest
from tests.mail_cast import a_tip
from tests.sink import Sink

HOUR = timedelta(hours=1)


class Cluster:
    """A PostgreSQL of its own, whose folder is copied and put back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = database.start(folder / "database")

    def snapshot(self) -> None:
        self.off()
        subprocess.run(["cp", "-a", self.folder / "database", self.folder / "copy"], check=True)
        self.on()

    def put_back(self) -> None:
        self.off()
        shutil.rmtree(self.folder / "database")
        subprocess.run(["cp", "-a", self.folder / "copy", self.folder / "database"], check=True)
        self.on()

    def off(self) -> None:
        """As the power goes off: the next start recovers from the log."""
        engine().dispose()
        assert self.server.process
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait()

    def on(self) -> None:
        self.server.launch()
        self.server.wait()


@pytest.fixture
def cluster(setting, sink: Sink, tmp_path: Path) -> Iterator[Cluster]:  # type: ignore[no-untyped-def]
    folder = Path(tempfile.mkdtemp(prefix="funnel-disk-"))
    found = Cluster(folder)
    usual = engine()
    db.engine.cache_clear()
    setting(DATABASE_URL=found.server.url, DATA_DIR=str(tmp_path / "data"))
    tokens._data_key.cache_clear()
    migrations.upgrade()
    tokens.ensure_keys()
    yield found
    engine().dispose()
    db.engine.cache_clear()
    tokens._data_key.cache_clear()
    found.server.stop()
    shutil.rmtree(folder)
    usual.dispose()


def tips(count: int) -> None:
    with Session.begin() as session:
        for _ in range(count):
            a_tip(session, due_at=utc_now() - HOUR)


def sent() -> int:
    return delivery.deliver_now(Queue.BULK, utc_now())


def halted() -> bool:
    with Session.begin() as session:
        return session.get(Rest, GUARD) is not None


def test_a_crash_is_no_restore(cluster: Cluster, sink: Sink) -> None:
    for _ in range(3):
        tips(2)
        assert sent() == 2
        cluster.off()
        cluster.on()
    assert mark.read()
    assert not halted()


def test_an_older_disk_is_noticed_by_a_single_claim_that_is_missing(cluster: Cluster, sink: Sink) -> None:
    tips(1)
    assert sent() == 1
    tips(3)
    cluster.snapshot()
    assert sent() == 3
    cluster.put_back()
    assert sent() == 0
    assert halted()
    with Session.begin() as session:
        assert session.get_one(Rest, GUARD).why.startswith(guard.OLDER)
        # PostgreSQL skips up to 32 numbers of a sequence when it recovers: by those alone it would not have been seen.
        assert guard.resume(session, utc_now()) == 3
    assert delivery.deliver_now(Queue.BULK, utc_now() + HOUR) == 0
    assert set(sink.counts.values()) == {1}
    with Session.begin() as session:
        counts = list(session.scalars(select(Message.state).order_by(Message.id)))
        assert counts == [MessageState.SENT, *[MessageState.UNKNOWN] * 3]
    tips(1)
    assert sent() == 1


def test_a_disk_put_back_before_anything_was_sent_goes_on(cluster: Cluster, sink: Sink) -> None:
    tips(2)
    assert sent() == 2
    cluster.snapshot()
    cluster.put_back()
    tips(1)
    assert sent() == 1
    assert not halted()


def test_a_replica_that_is_promoted_may_lack_something(cluster: Cluster, sink: Sink) -> None:
    tips(1)
    assert sent() == 1
    cluster.off()
    (cluster.folder / "database" / "data" / "recovery.signal").touch()
    shutil.chown(cluster.folder / "database" / "data" / "recovery.signal", *owner(cluster))
    with (cluster.folder / "database" / "data" / "postgresql.auto.conf").open("a") as file:
        file.write("restore_command = 'false'\n")
    cluster.on()
    while True:
        with engine().connect() as connection:
            if not connection.scalar(text("SELECT pg_is_in_recovery()")):
                break
        time.sleep(0.1)
    tips(1)
    assert sent() == 0
    assert halted()


def owner(cluster: Cluster) -> tuple[int, int]:
    stat = (cluster.folder / "database" / "data").stat()
    return stat.st_uid, stat.st_gid
