"""Settling, as a worker does it: all that a word names, and all that waits."""

import json
from datetime import timedelta
from threading import Thread
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from funnel.audience import domains, setbacks, settle
from funnel.config import settings
from funnel.db import utc_now
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState
from tasks import audience
from tests.audience_cast import count
from tests.factories import a_form, a_sign_up

SWEEP = "tasks.audience.settle_new"


@pytest.fixture
def five(session):
    form = a_form(session)
    rows = [a_sign_up(session, form, created_at=utc_now(), network=f"192.0.2.{n}") for n in range(5)]
    session.commit()
    return [row.id for row in rows]


@pytest.fixture
def asked_for(clean):
    """What the tasks have asked for since: their names, as the broker holds them."""
    with Redis.from_url(settings().redis_url) as redis:
        before = redis.llen("urgent")  # the newest stand first

        def names():
            since = redis.llen("urgent") - before
            newest = redis.lrange("urgent", 0, since - 1) if since else []
            return {json.loads(message)["headers"]["task"] for message in newest}

        yield names


def states(session):
    session.expire_all()
    return list(session.scalars(select(SignUp.state).order_by(SignUp.id)))


def test_a_backlog_is_worked_off_a_slice_at_a_time_without_waiting_for_the_clock(session, five, asked_for, monkeypatch):
    monkeypatch.setattr(audience, "SWEPT", 2)
    audience.settle_new()
    assert states(session) == [SignUpState.SETTLED] * 2 + [SignUpState.NEW] * 3
    assert SWEEP in asked_for()
    audience.settle_new()
    audience.settle_new()
    assert states(session) == [SignUpState.SETTLED] * 5


def test_a_slice_ends_with_its_time(session, five, asked_for, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(audience, "SWEEP_S", 0.0)
    audience.settle_new()
    assert states(session).count(SignUpState.SETTLED) == 2
    assert SWEEP in asked_for()


def test_a_backlog_that_is_worked_off_asks_for_no_more(session, five, asked_for):
    audience.settle_new()
    assert states(session) == [SignUpState.SETTLED] * 5
    assert asked_for() == {"tasks.mail.send_urgent"}


def test_what_cannot_be_settled_is_told_once_and_then_passed_by(session, five, asked_for, monkeypatch, caplog):
    monkeypatch.setattr(audience, "SWEPT", 5)

    def broken(*_):
        raise RuntimeError("it cannot be")

    monkeypatch.setattr(settle, "settle_all", broken)
    audience.settle_new()  # each has failed alone, and there may be others behind them
    assert asked_for() == {SWEEP}
    audience.settle_new()
    assert caplog.text.count("could not be settled") == 5


def test_what_cannot_be_told_of_domains_waits_for_the_clock(session, five, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("it cannot be")

    monkeypatch.setattr(domains, "unlooked", broken)
    audience.settle_these(*five)
    assert states(session) == [SignUpState.NEW] * 5
    assert "could not be settled" in caplog.text


def test_a_word_takes_along_those_that_came_since(session, five):
    audience.settle_these(five[2])
    assert states(session) == [SignUpState.NEW] * 2 + [SignUpState.SETTLED] * 3


def test_a_word_that_is_settled_already_does_nothing(session, five, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(audience, "SWEEP_S", 0.0)
    audience.settle_these(five[0])
    audience.settle_these(five[0])
    assert states(session) == [SignUpState.SETTLED] * 2 + [SignUpState.NEW] * 3


def test_a_word_goes_on_for_a_slice_of_time_while_a_full_set_came_since(session, five, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(audience, "SWEEP_S", 0.0)
    audience.settle_these(five[1], five[3])
    assert states(session).count(SignUpState.SETTLED) == 2
    monkeypatch.setattr(audience, "SWEEP_S", 60.0)
    audience.settle_these(five[0])
    assert states(session) == [SignUpState.SETTLED] * 5


def test_nobody_is_told_to_send_where_no_mail_was_planned(session, asked_for):
    row = a_sign_up(session, created_at=utc_now() - timedelta(days=8))
    session.commit()
    audience.settle_these(row.id)
    assert states(session) == [SignUpState.REFUSED]
    assert asked_for() == set()


def test_a_flood_for_one_address_is_refused_beyond_its_word(session, monkeypatch):
    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(audience, "SWEEP_S", 0.0)
    form = a_form(session)
    rows = [a_sign_up(session, form, email="ada@example.org", created_at=utc_now()) for _ in range(5)]
    session.commit()
    audience.settle_these(rows[0].id, rows[1].id)
    assert states(session) == [SignUpState.SETTLED] + [SignUpState.REFUSED] * 4
    assert count(session, Message) == 1


def test_others_that_cannot_be_refused_hold_up_nobody(session, monkeypatch, caplog):
    form = a_form(session)
    ids = [a_sign_up(session, form, email="ada@example.org", created_at=utc_now()).id for _ in range(3)]
    session.commit()

    def broken(*_):
        raise RuntimeError("out of locks")

    monkeypatch.setattr(settle, "AT_ONCE", 2)
    monkeypatch.setattr(audience, "SWEEP_S", 0.0)
    monkeypatch.setattr(settle, "refuse_others", broken)
    audience.settle_these(*ids[:2])
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


def test_what_fails_at_the_head_of_a_backlog_starves_nobody_behind_it(session, five, asked_for, monkeypatch):
    monkeypatch.setattr(audience, "SWEPT", 2)
    poisoned(monkeypatch, five[:3])
    audience.settle_new()
    audience.settle_new()
    audience.settle_new()
    assert states(session) == [SignUpState.NEW] * 3 + [SignUpState.SETTLED] * 2
    assert setbacks.current() == five[:3]


def test_a_word_does_not_take_along_what_has_failed(session, five, monkeypatch):
    tried = poisoned(monkeypatch, five[3:4])
    audience.settle_new()
    later = a_sign_up(session, created_at=utc_now())
    session.commit()
    tried.clear()
    audience.settle_these(later.id)
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
        audience.settle_new()
    assert tried == [five]
    assert setbacks.current() == []
    monkeypatch.setattr(domains, "unlooked", lambda own, *_: cut_off(own, "domains", None))
    with pytest.raises(OperationalError):
        audience.settle_these(*five)


def test_a_process_settles_one_set_at_a_time(session, five, monkeypatch):
    usual, others, inside = settle.settle_all, [], []

    def settle_all(own, sign_up_ids, now):
        inside.append(list(sign_up_ids))
        if not others:
            others.append(Thread(target=audience._settle, args=(five[3:],)))
            others[0].start()
            others[0].join(0.2)
            assert inside == [five[:3]]
        return usual(own, sign_up_ids, now)

    monkeypatch.setattr(settle, "settle_all", settle_all)
    audience._settle(five[:3])
    others[0].join()
    assert inside == [five[:3], five[3:]]
    assert states(session) == [SignUpState.SETTLED] * 5
