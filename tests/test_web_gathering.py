"""What many requests want done at once: each once, together where they meet, and only who came alone waits."""

import _thread
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from funnel.web import gathering
from funnel.web.gathering import Gathering, Together

LONG_S = 10


class Work:
    """What is gathered, by calls. It stands still while `held` is not set."""

    def __init__(self):
        self.calls, self.begun, self.held, self.all = [], threading.Event(), threading.Event(), threading.Event()
        self.held.set()
        self.refuses, self.daemons, self.told = (), [], []

    def __call__(self, items):
        self.begun.set()
        assert self.held.wait(LONG_S)
        self.calls.append(items)
        self.daemons.append(threading.current_thread().daemon)
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


def test_a_process_waits_for_what_is_gathered_by_its_servers_own_threads(work, gathered):
    work.held.clear()
    _thread.start_new_thread(gathered.add, ("first",))
    assert work.begun.wait(LONG_S)
    gathered.add("last")
    work.held.set()
    assert work.all.wait(LONG_S)
    assert work.daemons == [True, False]


def test_those_gathered_wait_for_others_until_they_are_many(work, crowd, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_AT_ONCE", 2)
    gathered = Gathering(work, "things", linger_s=LONG_S)
    first = busy(work, gathered, crowd)
    gathered.add("one")
    work.held.set()
    first.result(LONG_S)
    gathered.add("last")
    assert work.all.wait(LONG_S / 2)
    assert work.calls == [["first"], ["one", "last"]]


def test_those_for_whom_no_others_come_do_not_wait_for_long(work, crowd):
    gathered = Gathering(work, "things", linger_s=0.001)
    busy(work, gathered, crowd)
    gathered.add("last")
    work.held.set()
    assert work.all.wait(LONG_S)


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


@pytest.fixture
def together(work):
    return Together(lambda items: work(items) or [f"{item}, done" for item in items], work.told.append)


def all_wait(together, crowd, *items):
    waiting = [crowd.submit(together.of, item) for item in items]
    while len(together._waiting) < len(items):
        threading.Event().wait(0.01)
    return waiting


def test_everybody_waits_for_what_came_of_theirs_and_it_is_done_together(work, together, crowd):
    work.held.clear()
    first = crowd.submit(together.of, "first")
    assert work.begun.wait(LONG_S)
    others = all_wait(together, crowd, "one", "other")
    work.held.set()
    assert [turn.result(LONG_S) for turn in (first, *others)] == ["first, done", "one, done", "other, done"]
    assert [sorted(call) for call in work.calls] == [["first"], ["one", "other"]]
    assert work.told == [["first, done"], ["one, done", "other, done"]]


def test_what_goes_wrong_together_reaches_each_of_them_and_the_next_is_done(work, together, crowd):
    work.refuses = ("bad",)
    work.held.clear()
    first = crowd.submit(together.of, "first")
    assert work.begun.wait(LONG_S)
    others = all_wait(together, crowd, "bad", "with it")
    work.held.set()
    assert first.result(LONG_S) == "first, done"
    for turn in others:
        with pytest.raises(ValueError, match="bad"):
            turn.result(LONG_S)
    assert together.of("last") == "last, done"


def test_more_than_fit_are_done_in_turns(work, together, crowd, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_AT_ONCE", 2)
    work.held.clear()
    first = crowd.submit(together.of, "first")
    assert work.begun.wait(LONG_S)
    others = all_wait(together, crowd, "one", "two", "three")
    work.held.set()
    assert {turn.result(LONG_S) for turn in (first, *others)} == {
        f"{w}, done" for w in ("first", "one", "two", "three")
    }
    assert [len(call) for call in work.calls] == [1, 2, 1]
