"""What many requests want done at once: each once, together where they meet, and only who came alone waits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from funnel.web import gathering
from funnel.web.gathering import Gathering

LONG_S = 10


class Work:
    """What is gathered, by calls. It stands still while `held` is not set."""

    def __init__(self):
        self.calls, self.begun, self.held, self.all = [], threading.Event(), threading.Event(), threading.Event()
        self.held.set()
        self.refuses = ()

    def __call__(self, items):
        self.begun.set()
        assert self.held.wait(LONG_S)
        self.calls.append(items)
        if set(items) & set(self.refuses):
            raise ValueError(items)
        if "last" in items:
            self.all.set()


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def gathered(work):
    return Gathering(work, "things")


@pytest.fixture
def crowd():
    with ThreadPoolExecutor() as pool:
        yield pool


def busy(work, gathered, crowd):
    """Somebody is at it, and stands still."""
    work.held.clear()
    first = crowd.submit(gathered.add, "first")
    assert work.begun.wait(LONG_S)
    return first


def test_whoever_comes_alone_finds_it_done(work, gathered):
    gathered.add("one")
    gathered.add("other")
    assert work.calls == [["one"], ["other"]]


def test_others_do_not_wait_and_theirs_is_done_together(work, gathered, crowd):
    first = busy(work, gathered, crowd)
    for item in ("one", "other", "last"):
        gathered.add(item)
    work.held.set()
    first.result(LONG_S)
    assert work.all.wait(LONG_S)
    assert work.calls == [["first"], ["one", "other", "last"]]


def test_what_goes_wrong_alone_reaches_whoever_did_it_and_the_next_is_done(work, gathered):
    work.refuses = ("bad",)
    with pytest.raises(ValueError, match="bad"):
        gathered.add("bad")
    gathered.add("last")
    assert work.calls[-1] == ["last"]


def test_what_goes_wrong_gathered_is_logged_with_how_many_and_stops_nothing(work, gathered, crowd, monkeypatch, caplog):
    monkeypatch.setattr(gathering, "MOST_AT_ONCE", 2)
    work.refuses = ("bad",)
    first = busy(work, gathered, crowd)
    for item in ("bad", "with it", "last"):
        gathered.add(item)
    work.held.set()
    first.result(LONG_S)
    assert work.all.wait(LONG_S)
    assert work.calls == [["first"], ["bad", "with it"], ["last"]]
    assert "2 things are lost" in caplog.text


def test_a_flood_waits_instead_of_filling_the_memory(work, gathered, crowd, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_WAITING", 1)
    busy(work, gathered, crowd)
    gathered.add("one")
    late = crowd.submit(gathered.add, "last")
    assert not late.done()
    work.held.set()
    late.result(LONG_S)
    assert work.all.wait(LONG_S)
    assert work.calls == [["first"], ["one"], ["last"]]


def test_where_no_thread_can_be_had_whoever_is_at_it_does_the_rest(work, gathered, crowd, monkeypatch):
    first = busy(work, gathered, crowd)
    gathered.add("last")

    def refused(*_, **__):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(gathering.threading, "Thread", refused)
    work.held.set()
    first.result(LONG_S)
    assert work.calls == [["first"], ["last"]]
