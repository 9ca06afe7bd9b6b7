"""The tick among many: other ticks at the same moment, people who change their mind meanwhile, and large numbers."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import event, func, insert, select, text

from funnel import tokens
from funnel.db import Session, engine
from funnel.models.content import Enrolment, StopReason
from funnel.models.mail import Message
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import enrolment
from funnel.programme.tick import tick
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW

OPEN = NOW.replace(hour=9)
DAY = timedelta(days=1)


def a_crowd(session, count, next_at=OPEN):
    """People who wait for mail 2 of one course."""
    course = factories.a_sequence(session, days=(0, 2, 4))
    people = [
        {"email": f"{number}@example.org", "address_hash": tokens.address_hash(f"{number}@example.org")}
        for number in range(count)
    ]
    always = {"state": SubscriberState.ACTIVE, "created_at": NOW, "confirmed_at": NOW}
    ids = session.scalars(insert(Subscriber).returning(Subscriber.id), [person | always for person in people]).all()
    step = {"sequence_id": course.id, "step_id": course.steps[1].id, "due_at": next_at, "next_at": next_at}
    session.execute(insert(Enrolment), [{"subscriber_id": id, "started_at": NOW, **step} for id in ids])
    session.commit()
    return course


@pytest.fixture
def statements():
    """The statements sent to the database while the test runs."""
    found = []

    def note(connection, cursor, statement, parameters, context, executemany):
        found.append(statement)

    event.listen(engine(), "before_cursor_execute", note)
    yield found
    event.remove(engine(), "before_cursor_execute", note)


def ticks_until_done(_=None):
    looked_at = 0
    while True:
        with Session.begin() as own:
            count = tick(own, OPEN, limit=50)
        if not count:
            return looked_at
        looked_at += count


def test_many_ticks_at_once_plan_every_tip_once(session):
    a_crowd(session, 400)
    with ThreadPoolExecutor(4) as threads:
        looked_at = sum(threads.map(ticks_until_done, range(4)))
    ticks_until_done()  # what another tick held while the last one looked
    assert looked_at == 400
    assert session.scalar(select(func.count(func.distinct(Message.subscriber_id)))) == 400
    assert assert_balance(session, waiting=400).planned == 400


def test_a_tick_leaves_alone_what_another_one_holds(session):
    a_crowd(session, 10)
    with Session.begin() as first, Session.begin() as second:
        assert tick(first, OPEN, limit=6) == 6
        assert tick(second, OPEN, limit=6) == 4
    assert_balance(session, waiting=10)


def test_a_tick_whose_work_is_lost_has_planned_nothing(session):
    a_crowd(session, 3)
    with Session() as lost:
        tick(lost, OPEN)
        lost.rollback()
    assert_balance(session, waiting=0)
    assert ticks_until_done() == 3


def test_someone_being_changed_right_now_is_left_for_the_next_tick(session):
    a_crowd(session, 3)
    with Session() as page:
        page.get(Subscriber, 1, with_for_update=True)
        with Session.begin() as own:
            assert tick(own, OPEN) == 2
        page.rollback()
    assert ticks_until_done() == 1


def test_leaving_while_a_tick_is_at_work_neither_hangs_nor_lets_a_tip_through(session):
    a_crowd(session, 1)
    locked = Event()

    def leave():
        with Session.begin() as page:
            locked.set()
            page.get(Subscriber, 1, with_for_update=True).state = SubscriberState.UNSUBSCRIBED
            page.flush()
            enrolment.stop(page, 1, StopReason.LEFT, OPEN)

    with ThreadPoolExecutor(1) as threads:
        with Session.begin() as own:
            assert tick(own, OPEN) == 1
            leaving = threads.submit(leave)
            locked.wait()
            own.execute(select(func.pg_sleep(0.1)))
        leaving.result(timeout=10)
    message = session.scalars(select(Message)).one()
    assert message.reason == "they left"
    assert_balance(session, waiting=0)


def test_the_number_of_statements_does_not_grow_with_what_is_due(session, statements):
    counts = []
    for number in (1, 300):
        session.execute(text("TRUNCATE subscriber, enrolment, message, queue_entry CASCADE"))
        a_crowd(session, number)
        statements.clear()
        with Session.begin() as own:
            assert tick(own, OPEN) == number
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 11


def test_a_thousand_due_are_one_tick_with_one_insert(session, statements):
    a_crowd(session, 1000)
    statements.clear()
    with Session.begin() as own:
        assert tick(own, OPEN) == 1000
    assert sum("INSERT" in found for found in statements) == 1  # of the mails and their queue entries
    assert sum(found.startswith("UPDATE") for found in statements) == 1


def test_with_nothing_due_the_tick_is_one_probe_of_one_index(session, statements):
    a_crowd(session, 5000, next_at=OPEN + DAY)
    session.execute(text("ANALYZE enrolment"))
    session.commit()
    statements.clear()
    with Session.begin() as own:
        assert tick(own, OPEN) == 0
    (probe,) = statements
    places = itertools.count(1)
    plain = re.sub(r"%\(\w+\)s::[A-Z ]+?(?=\s(?:ORDER|FOR))", lambda _: f"${next(places)}", probe)
    connection = session.connection()
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")  # a prepared statement at its worst
    connection.exec_driver_sql(f"PREPARE probe (timestamptz, bigint) AS {plain}")
    explained = "\n".join(connection.exec_driver_sql("EXPLAIN EXECUTE probe (now(), 1000)").scalars())
    connection.exec_driver_sql("DEALLOCATE probe")
    assert "Index Scan using ix_enrolment_due" in explained
    assert "Seq Scan" not in explained
    assert "Sort" not in explained
