"""Mustering: a bounded walk, that goes on where it ended."""

from funnel.audience import muster
from funnel.audience.segment import Segment
from funnel.models.people import SubscriberState
from tests.conftest import NOW
from tests.factories import a_subscriber


def narrow(monkeypatch, windows=(2, 3)):
    for name, value in {"RARE": -1, "SMALL": 0, "WINDOWS": windows}.items():
        monkeypatch.setattr(muster, name, value)


def test_a_walk_that_finds_too_few_ends_early_and_goes_on_from_there(session, monkeypatch):
    narrow(monkeypatch)
    old = a_subscriber(session, email="old@example.org")
    others = [a_subscriber(session) for _ in range(6)]
    first = muster.find(session, Segment(q="old"), NOW, 5)
    assert (first.ids, first.total, first.gave_up, first.older) == ([], None, True, others[1].id)
    second = muster.find(session, Segment(q="old"), NOW, 5, first.older)
    assert (second.ids, second.gave_up, second.older) == ([old.id], False, None)


def test_a_walk_is_turned_page_by_page_and_loses_nobody(session, monkeypatch):
    narrow(monkeypatch, (2, 100))
    ids = [a_subscriber(session).id for _ in range(7)]
    before, seen = None, []
    while True:
        page = muster.find(session, Segment(state=SubscriberState.ACTIVE), NOW, 3, before)
        seen += page.ids
        if page.older is None:
            break
        before = page.older
    assert seen == ids[::-1]


def test_a_count_that_takes_too_long_says_that_it_is_not_all(session, monkeypatch):
    narrow(monkeypatch)
    monkeypatch.setattr(muster, "COUNT_WINDOW", 2)
    monkeypatch.setattr(muster, "COUNT_S", 0.0)
    ids = [a_subscriber(session).id for _ in range(5)]
    assert muster.count(session, Segment(), NOW, ids[-1]) == (2, False)
    assert muster.count(session, Segment(), NOW, ids[0]) == (1, True)
    monkeypatch.setattr(muster, "COUNT_S", 60.0)
    assert muster.count(session, Segment(), NOW, ids[-2]) == (4, True)


def test_chunks_lead_through_everybody_once_and_to_nobody_who_came_later(session):
    ids = [a_subscriber(session).id for _ in range(5)]
    a_subscriber(session)
    beyond, seen = 0, []
    while True:
        found, reached = muster.chunk(session, Segment(), NOW, beyond, ids[-1], 2)
        if reached is None:
            break
        seen, beyond = seen + found, reached
    assert seen == ids


def test_nobody_is_the_newest_of_nobody(session):
    assert (muster.newest(session), muster.find(session, Segment(), NOW, 5).ids) == (0, [])
