"""Settling, as a worker does it: all that waits, called for by one for all."""

import json
from datetime import datetime, timedelta
from threading import Thread
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from funnel import errands
from funnel.audience import domains, setbacks, settle
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState
from tasks import sign_ups as waiting
from tests.audience_cast import count
from tests.factories import a_form, a_sign_up

SETTLE = waiting.settle_new.name


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(waiting, "SWEEP_S", 60.0)


@pytest.fixture
def five(session):
    form = a_form(session)
    rows = [a_sign_up(session, form, created_at=utc_now(), network=f"192.0.2.{n}") for n in range(5)]
    session.commit()
    return [row.id for row in rows]


@pytest.fixture
def line(clean):
    """What the tasks have put in line since: the headers of each word, as the broker holds them."""
    errands.let_go(SETTLE)
    with Redis.from_url(settings().redis_url) as redis:
        before = redis.llen("urgent")  # the newest stand first

        def headers():
            since = redis.llen("urgent") - before
            newest = redis.lrange("urgent", 0, since - 1) if since else []
            return [json.loads(message)["headers"] for message in newest]

        yield headers
    errands.let_go(SETTLE)


@pytest.fixture
def asked_for(line):
    """The names of the tasks that were asked for since."""
    return lambda: {word["task"] for word in line()}


def states(session):
    session.expire_all()
    return list(session.scalars(select(SignUp.state).order_by(SignUp.id)))


def test_a_backlog_is_worked_off_in_sets(session, five, asked_for, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    waiting.settle_new()
    assert states(session) == [SignUpState.SETTLED] * 5
    assert asked_for() == {"tasks.mail.send_urgent"}


def test_a_slice_ends_with_its_time_and_asks_for_the_next(session, five, asked_for, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(waiting, "SWEEP_S", 0.0)
    waiting.settle_new()
    assert states(session) == [SignUpState.SETTLED] * 2 + [SignUpState.NEW] * 3
    assert asked_for() == {SETTLE, "tasks.mail.send_urgent"}
    assert errands.is_called_for(SETTLE)  # so that nobody who signs up before it puts one more in line


def test_the_slice_that_follows_is_dropped_once_somebody_else_may_have_been_called(session, five, line, monkeypatch):
    """Else each look of the clock would begin one more that never ends, before what is to be sent."""
    monkeypatch.setattr(settle, "AT_ONCE", 1)
    monkeypatch.setattr(waiting, "SWEEP_S", 0.0)
    waiting.settle_new()
    [expires] = [word["expires"] for word in line() if word["task"] == SETTLE]
    assert datetime.fromisoformat(expires) <= utc_now() + timedelta(seconds=errands.LOST_AFTER_S)


def test_the_clock_does_what_nobody_was_called_for_and_leaves_the_rest_to_who_was(session, five):
    errands.hold(SETTLE)
    waiting.settle_lost()
    assert states(session) == [SignUpState.NEW] * 5
    errands.let_go(SETTLE)
    waiting.settle_lost(five[1], five[3])  # as a web process of before the errands puts it in line
    assert states(session) == [SignUpState.SETTLED] * 5


def test_who_signs_up_while_others_are_settled_is_settled_by_the_same_without_a_call(session, five, monkeypatch):
    usual, called = settle.settle_all, []

    def settle_all(own, sign_up_ids, now):
        if not called:
            with Session.begin() as beside:
                a_sign_up(beside, created_at=utc_now())
            called.append(errands.is_called_for(SETTLE))
        return usual(own, sign_up_ids, now)

    monkeypatch.setattr(settle, "settle_all", settle_all)
    waiting.settle_new()
    assert called == [True]
    assert states(session) == [SignUpState.SETTLED] * 6


def test_who_signs_up_after_the_last_look_has_to_call_and_before_it_is_seen(session, five, monkeypatch):
    usual, looks = settle.waiting, []

    def look(own, *passing_by):
        found = usual(own, *passing_by)
        if not found:
            looks.append(not errands.is_called_for(SETTLE))
            if len(looks) == 1:  # too late for this look
                with Session.begin() as beside:
                    a_sign_up(beside, created_at=utc_now())
        return found

    monkeypatch.setattr(settle, "waiting", look)
    waiting.settle_new()
    assert looks == [False, False, True]  # held, held again after the one that came late, let go
    assert states(session) == [SignUpState.SETTLED] * 6


def test_what_another_process_has_in_hand_is_left_to_it_and_others_are_settled(session, five):
    with Session.begin() as other:
        other.execute(select(SignUp.id).where(SignUp.id.in_(five[:3])).with_for_update())
        waiting.settle_new()
        assert states(session) == [SignUpState.NEW] * 3 + [SignUpState.SETTLED] * 2
        assert not errands.is_called_for(SETTLE)


def test_what_cannot_be_settled_is_told_once_and_then_passed_by(session, five, asked_for, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("it cannot be")

    monkeypatch.setattr(settle, "settle_all", broken)
    waiting.settle_new()
    waiting.settle_new()
    assert caplog.text.count("could not be settled") == 5
    assert asked_for() == set()


def test_what_cannot_be_told_of_domains_waits_for_the_clock(session, five, asked_for, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("it cannot be")

    monkeypatch.setattr(domains, "unlooked", broken)
    monkeypatch.setattr(waiting, "SWEEP_S", 0.0)
    waiting.settle_new()
    assert states(session) == [SignUpState.NEW] * 5
    assert caplog.text.count("could not be settled") == 1
    assert asked_for() == set()
    assert not errands.is_called_for(SETTLE)


def test_nobody_is_told_to_send_where_no_mail_was_planned(session, asked_for):
    a_sign_up(session, created_at=utc_now() - timedelta(days=8))
    session.commit()
    waiting.settle_new()
    assert states(session) == [SignUpState.REFUSED]
    assert asked_for() == set()


def test_a_flood_for_one_address_is_refused_beyond_its_set(session, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(waiting, "SWEEP_S", 0.0)
    form = a_form(session)
    for _ in range(5):
        a_sign_up(session, form, email="ada@example.org", created_at=utc_now())
    session.commit()
    waiting.settle_new()
    assert states(session) == [SignUpState.SETTLED] + [SignUpState.REFUSED] * 4
    assert count(session, Message) == 1


def test_others_that_cannot_be_refused_hold_up_nobody(session, monkeypatch, caplog):
    form = a_form(session)
    for _ in range(3):
        a_sign_up(session, form, email="ada@example.org", created_at=utc_now())
    session.commit()

    def broken(*_):
        raise RuntimeError("out of locks")

    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(waiting, "SWEEP_S", 0.0)
    monkeypatch.setattr(settle, "refuse_others", broken)
    waiting.settle_new()
    assert states(session) == [SignUpState.SETTLED, SignUpState.REFUSED, SignUpState.NEW]
    assert "could not be refused" in caplog.text


def poisoned(monkeypatch, ids):
    """Sets with one of these in them cannot be settled. Returns the sets that were tried."""
    tried, usual = [], settle.settle_all

    def settle_all(own, sign_up_ids, now):
        tried.append(list(sign_up_ids))
        if set(ids) & set(sign_up_ids):
            raise RuntimeError("it cannot be")
        return usual(own, sign_up_ids, now)

    monkeypatch.setattr(settle, "settle_all", settle_all)
    return tried


def test_what_fails_at_the_head_of_a_backlog_starves_nobody_behind_it(session, five, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    tried = poisoned(monkeypatch, five[:3])
    waiting.settle_new()
    assert states(session) == [SignUpState.NEW] * 3 + [SignUpState.SETTLED] * 2
    assert setbacks.current() == five[:3]
    later = a_sign_up(session, created_at=utc_now())
    session.commit()
    tried.clear()
    waiting.settle_new()
    assert tried == [[later.id]]


def test_what_has_failed_is_tried_again_after_a_minute_then_twice_as_long_up_to_an_hour(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(setbacks, "time", SimpleNamespace(monotonic=lambda: now))
    setbacks.forget()
    pauses = []
    for _ in range(8):
        setbacks.note(7)
        began = now
        while setbacks.current():
            now += 60.0
        pauses.append(now - began)
    assert pauses == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]
    now += setbacks.LONGEST_S + 1  # nobody tried it since: it was settled elsewhere, and is forgotten
    assert setbacks.current() == []
    setbacks.note(7)
    assert setbacks.current() == [7]
    now += setbacks.FIRST_S
    assert setbacks.current() == []
    setbacks.forget()


def test_with_the_database_away_nothing_is_tried_in_halves(session, five, monkeypatch):
    tried = []

    def cut_off(own, sign_up_ids, now):
        tried.append(list(sign_up_ids))
        own.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(settle, "settle_all", cut_off)
    with pytest.raises(OperationalError):
        waiting.settle_new()
    assert tried == [five]
    assert setbacks.current() == []
    monkeypatch.setattr(domains, "unlooked", lambda own, *_: cut_off(own, "domains", None))
    with pytest.raises(OperationalError):
        waiting.settle_new()


def test_a_process_settles_one_set_at_a_time(session, five, monkeypatch):
    usual, others, inside = settle.settle_all, [], []

    def settle_all(own, sign_up_ids, now):
        inside.append(list(sign_up_ids))
        if not others:
            others.append(Thread(target=waiting._settle, args=(five[3:],)))
            others[0].start()
            others[0].join(0.2)
            assert inside == [five[:3]]
        return usual(own, sign_up_ids, now)

    monkeypatch.setattr(settle, "settle_all", settle_all)
    waiting._settle(five[:3])
    others[0].join()
    assert inside == [five[:3], five[3:]]
    assert states(session) == [SignUpState.SETTLED] * 5
