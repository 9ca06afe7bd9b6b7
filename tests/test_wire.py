"""A connection of the pool that is no more is replaced before anybody meets it, without asking the server each time."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from funnel import wire
from funnel.db import Session, database_url, engine

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def pid(schema):
    """The server's process of the one connection in the pool."""
    engine().dispose()
    return used()


@pytest.fixture
def other():
    with psycopg.connect(database_url().replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture
def asked(monkeypatch):
    """How often the server is asked whether it is there. It does not answer."""
    times = []

    def fail(_connection):
        times.append(1)
        raise psycopg.OperationalError

    monkeypatch.setattr(engine().dialect, "do_ping", fail)
    return times


def used():
    """Which process serves a transaction."""
    with Session.begin() as session:
        return session.execute(PID).scalar_one()


def test_one_that_the_server_closed_is_replaced(pid, other):
    ended = other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone()
    assert ended == (True,)
    assert used() != pid


def test_one_that_broke_in_our_hands_is_replaced(pid, other):
    with Session() as session:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [session.execute(PID).scalar_one()])
        with pytest.raises(OperationalError):
            session.execute(PID)
    assert used() != pid


def test_the_server_is_not_asked_each_time(pid, asked):
    assert used() == pid
    assert not asked


def test_one_that_says_something_unasked_is_kept(pid, other):
    with Session.begin() as session:
        session.execute(text("LISTEN news"))
    other.execute("NOTIFY news")
    assert used() == pid


def test_after_a_rest_the_server_is_asked(pid, monkeypatch):
    monkeypatch.setattr(wire, "RESTED_S", -1)
    assert used() == pid


def test_one_that_does_not_answer_after_a_rest_is_replaced(pid, asked, monkeypatch):
    monkeypatch.setattr(wire, "RESTED_S", -1)
    assert used() != pid
    assert asked
