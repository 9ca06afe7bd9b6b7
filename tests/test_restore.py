"""A backup restored onto a live place: nothing is sent twice, nobody who withdrew is mailed, and all else goes on."""

import contextlib
import dataclasses
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from funnel import config, db, tokens
from funnel.audience import ending, own_data
from funnel.config import Settings
from funnel.db import Session as Opened
from funnel.db import engine, utc_now
from funnel.local import backup
from funnel.mail import delivery, guard
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import Form, Subscriber, SubscriberState
from funnel.programme import enrolment, tick
from funnel.tokens import Purpose
from tests.audience_cast import VISIT, confirms, signs_up
from tests.balance import assert_balance
from tests.factories import a_form, a_sequence, a_subscriber
from tests.mail_cast import a_confirmation, a_tip
from tests.sink import Sink

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STEPS = (0, 2, 4, 7, 10, 14, 18, 22, 26, 30)


@pytest.fixture
def place(tmp_path: Path, setting, sink: Sink, run) -> Path:  # type: ignore[no-untyped-def]
    """DATA_DIR of a place of its own, that sends to the sink."""
    setting(DATA_DIR=str(tmp_path / "data"), SMTP_URL=sink.url)
    run("migrate")
    return tmp_path / "data"


@pytest.fixture
def run(app):  # type: ignore[no-untyped-def]
    def ran(*words: str) -> str:
        result = app.test_cli_runner().invoke(args=words)
        assert result.exit_code == 0, result.output
        return str(result.output)

    return ran


@pytest.fixture
def session(place):  # type: ignore[no-untyped-def]
    with Opened() as session:
        yield session
        session.rollback()


def lives(start: datetime, end: datetime) -> None:
    """The clock and both senders, every few hours."""
    now = start
    while now <= end:
        with Opened.begin() as session:
            tick.tick(session, now)
        for queue in Queue:
            delivery.deliver_now(queue, now)
        now += 5 * HOUR


def received(sink: Sink) -> Counter[tuple[str, str]]:
    """How often each person got each mail."""
    return Counter((caught.recipient, str(caught.mail["Subject"])) for caught in sink.caught)


def subscribers(session, count: int, now: datetime) -> list[Subscriber]:
    course = a_sequence(session, days=STEPS, window_start=0, window_end=24 * 60, weekends=True)
    people = [a_subscriber(session, created_at=now, confirmed_at=now) for _ in range(count)]
    for person in people:
        enrolment.enrol(session, person.id, course.id, now)
    session.commit()
    return people


def state(email: str) -> SubscriberState | None:
    with Opened() as session:
        found = select(Subscriber.state).where(Subscriber.address_hash == tokens.address_hash(email))
        return session.scalar(found)


def test_a_place_that_lived_on_for_days_is_set_back(session, sink, run, tmp_path):
    start = utc_now() - 12 * DAY
    left, erased, came_back, stays, late = subscribers(session, 5, start)
    names = [str(one.email) for one in (left, erased, came_back, stays, late)]
    ids = {email: one.id for email, one in zip(names, (left, erased, came_back, stays, late), strict=True)}
    again = a_sequence(session, days=(0,))
    again.steps[0].subject = "Welcome"
    form = a_form(session, sequence_id=again.id)
    session.commit()
    lives(start, start + 3 * DAY)
    assert len(sink.caught) == 10
    run("backup", "create", str(tmp_path / "old.tar.gz"))

    then = start + 4 * DAY
    lives(start + 3 * DAY, start + 8 * DAY)
    ending.leave(session, ids[names[0]], "page", VISIT, then)
    own_data.erase(session, ids[names[1]], then)
    ending.leave(session, ids[names[2]], "page", VISIT, then)
    confirms(session, signs_up(session, form, email=names[2], now=then + HOUR), then + HOUR)
    newcomer = confirms(session, signs_up(session, form, email="new@example.org", now=then), then)
    mailed, form_id = tokens.sign(Purpose.UNSUBSCRIBE, newcomer.id, 0), form.id
    session.commit()
    lives(start + 8 * DAY, start + 11 * DAY)
    before = received(sink)
    assert set(before.values()) == {1}
    session.close()

    said = run("backup", "restore", "--replace", str(tmp_path / "old.tar.gz"))
    assert "Nothing is sent until you say how to go on" in said
    lives(utc_now(), utc_now() + 2 * DAY)
    assert received(sink) == before  # not one mail while it is halted
    assert "a backup was restored. What it takes for waiting" in run("sending", "status")
    assert [state(email) for email in names] == ["unsubscribed", None, "active", "active", "active"]
    assert state("new@example.org") is None  # who came since has to come again, as everywhere

    said = run("sending", "resume")
    assert "mails may have been sent before the restore, and are unknown now" in said
    lives(utc_now(), utc_now() + 8 * DAY)
    after = received(sink)
    assert set(after.values()) == {1}  # nothing twice
    mailed_since = {email for email, _ in after - before}
    assert mailed_since == {names[2], names[3], names[4]}
    with Opened() as fresh:
        assert_balance(fresh)
        form = fresh.get_one(Form, form_id)
        ada = confirms(fresh, signs_up(fresh, form, email="ada@example.org", now=utc_now()), utc_now())
        assert tokens.read(Purpose.UNSUBSCRIBE, mailed)[0] != ada.id  # a link mailed in the lost days is nobody else's


def test_for_a_planned_move_everything_goes_on(session, sink, run, tmp_path):
    start = utc_now() - 4 * DAY
    subscribers(session, 3, start)
    lives(start, start + 3 * DAY)
    sent = len(sink.caught)
    tip, confirmation = a_tip(session, due_at=utc_now()), a_confirmation(session, due_at=utc_now())
    numbers = {tip.id, confirmation.id}
    session.commit()
    run("backup", "create", str(tmp_path / "move.tar.gz"))
    session.close()
    run("backup", "restore", "--replace", str(tmp_path / "move.tar.gz"))
    assert "guard: goes on" in run("sending", "resume", "--nothing-was-sent")
    lives(utc_now(), utc_now() + HOUR)
    with Opened() as fresh:
        states = fresh.execute(select(Message.id, Message.state).where(Message.id.in_(numbers))).all()
        assert {state for _, state in states} == {MessageState.SENT}
        assert_balance(fresh)
    lives(utc_now(), utc_now() + 4 * DAY)
    assert len(sink.caught) > sent + 2
    assert set(received(sink).values()) == {1}


def other_database(known: Settings) -> Settings:
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE elsewhere"))
    url = known.database_url.replace("/postgres?", "/elsewhere?")
    return dataclasses.replace(known, database_url=url, data_dir=known.data_dir.parent / "elsewhere")


def test_a_backup_put_back_elsewhere_by_other_hands_halts_by_itself(session, sink, place, setting, tmp_path):
    """A new machine after the old one burnt down: it has no DATA_DIR, and the backup is a day old."""
    mails = [a_tip(session, due_at=utc_now() - HOUR) for _ in range(3)]
    numbers = [mail.id for mail in mails]
    session.commit()
    made = backup.create(config.settings(), tmp_path / "old.tar.gz")
    assert delivery.deliver_now(Queue.BULK, utc_now()) == 3
    session.close()
    elsewhere = other_database(config.settings())
    backup.restore(elsewhere, made)
    here = engine()
    try:
        db.engine.cache_clear()
        setting(DATABASE_URL=elsewhere.database_url, DATA_DIR=str(elsewhere.data_dir))
        assert delivery.deliver_now(Queue.BULK, utc_now()) == 0
        with Opened.begin() as other:
            assert not guard.check(other, 0, utc_now())
            assert guard.resume(other, utc_now()) == 3
        assert delivery.deliver_now(Queue.BULK, utc_now() + HOUR) == 0
        with Opened() as other:
            states = other.scalars(select(Message.state).where(Message.id.in_(numbers))).all()
            assert states == [MessageState.UNKNOWN] * 3
    finally:
        engine().dispose()
        db.engine.cache_clear()
        setting(DATABASE_URL=here.url.render_as_string(hide_password=False).replace("+psycopg", ""))
        with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE elsewhere"))
    assert set(sink.counts.values()) == {1}


def test_a_restore_under_a_worker_that_is_sending(session, sink, place, tmp_path):
    """Nobody stopped anything: mails are with the relay while their database is replaced by an older one."""
    for _ in range(40):
        a_tip(session, due_at=utc_now() - HOUR)
    session.commit()
    made = backup.create(config.settings(), tmp_path / "old.tar.gz")
    session.close()
    sink.at("dot", stall=0.05, taken=True)

    def sends() -> None:
        with contextlib.suppress(SQLAlchemyError):  # for a moment there are no tables
            delivery.deliver_now(Queue.BULK, utc_now())

    worker = threading.Thread(target=sends)
    worker.start()
    while not sink.caught:
        time.sleep(0.01)
    backup.restore(config.settings(), made, replace=True)
    worker.join()
    sink.rules.clear()
    delivery.deliver_now(Queue.BULK, utc_now())
    with Opened.begin() as other:
        assert not guard.check(other, 0, utc_now())
    with Opened.begin() as other:
        guard.resume(other, utc_now())
    delivery.deliver_now(Queue.BULK, utc_now() + HOUR)
    assert set(sink.counts.values()) == {1}
    with Opened() as other:
        assert_balance(other, waiting=0)
