from datetime import timedelta

import pytest

from funnel.audience import muster, tags
from funnel.audience.segment import Segment
from funnel.insight import people
from funnel.insight.people import PAGE_ROWS
from funnel.models.people import SubscriberState
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber


@pytest.fixture
def cast(session):
    a_subscriber(session, email="ada@example.org", first_name="Ada")
    a_subscriber(session, email="left@example.org", first_name="100%_\\", state=SubscriberState.UNSUBSCRIBED)
    a_subscriber(session, email="Grace.Hopper@example.com", first_name="Grace", created_at=NOW + timedelta(days=1))
    a_subscriber(session, email=None, first_name="", state=SubscriberState.ERASED)


def found(session, words, **more):
    return [person.email for person in people.search(session, Segment(q=words, **more), NOW).rows]


SEARCHED = [
    ("ada", ["ada@example.org"]),
    ("ADA@exa", ["ada@example.org"]),
    ("hopper", ["Grace.Hopper@example.com"]),
    ("grace.hop", ["Grace.Hopper@example.com"]),
    ("grace example.com", ["Grace.Hopper@example.com"]),
    ("grace example.org", []),
    ("%", ["left@example.org"]),
    ("_\\", ["left@example.org"]),
    ("a\x00a", ["ada@example.org"]),
    ("", ["Grace.Hopper@example.com", "left@example.org", "ada@example.org"]),
    ("nobody", []),
    ("'; drop table subscriber --", []),
    ("opp", ["Grace.Hopper@example.com"]),
]


@pytest.mark.parametrize(("words", "emails"), SEARCHED)
def test_people_are_found_by_the_beginning_of_any_word_of_their_address_or_name(session, cast, words, emails):
    assert found(session, words) == emails


@pytest.mark.parametrize(("words", "emails"), SEARCHED)
def test_the_same_people_are_found_where_no_index_leads_to_them(session, cast, words, emails, monkeypatch):
    monkeypatch.setattr(muster, "RARE", -1)
    monkeypatch.setattr(muster, "SMALL", 0)
    assert found(session, words) == emails


def test_a_part_inside_a_word_is_looked_for_only_when_no_word_begins_so(session, cast):
    assert people.search(session, Segment(q="opp"), NOW).segment.loose
    a_subscriber(session, email="oppenheimer@example.org")
    exact = people.search(session, Segment(q="opp"), NOW)
    assert [person.email for person in exact.rows] == ["oppenheimer@example.org"]
    assert not exact.segment.loose


def test_people_are_found_by_their_state(session, cast):
    assert found(session, "", state=SubscriberState.UNSUBSCRIBED) == ["left@example.org"]
    assert found(session, "ada", state=SubscriberState.UNSUBSCRIBED) == []
    assert found(session, "", state=SubscriberState.ERASED) == [None]


def test_states_are_counted_also_those_that_nobody_is_in(session, cast):
    session.commit()
    assert people.states(session, NOW) == {
        SubscriberState.PENDING: 0,
        SubscriberState.ACTIVE: 2,
        SubscriberState.UNSUBSCRIBED: 1,
        SubscriberState.BOUNCED: 0,
        SubscriberState.COMPLAINED: 0,
        SubscriberState.ERASED: 1,
    }


def test_a_total_that_was_not_counted_is_read_from_the_counts_that_are_kept(session, cast, monkeypatch):
    session.commit()
    counts = people.states(session, NOW)
    monkeypatch.setattr(muster, "RARE", 0)
    monkeypatch.setattr(muster, "SMALL", 0)

    def total(**parts):
        page = people.search(session, Segment(**parts), NOW)
        assert page.total is None
        return people.total(page, counts)

    assert [total(), total(state=SubscriberState.ACTIVE), total(source=""), people.total(
        people.search(session, Segment(), NOW), None
    )] == [3, 2, None, None]  # fmt: skip


def test_counts_that_were_never_made_are_not_made_up(session, cast, monkeypatch):
    monkeypatch.setattr(people.tallies, "freshen", lambda session, now: None)
    assert people.states(session, NOW) is None


def test_a_long_list_comes_in_pages_without_losing_anybody(session):
    everybody = [a_subscriber(session).id for _ in range(PAGE_ROWS + 3)]
    first = people.search(session, Segment(), NOW)
    second = people.search(session, Segment(), NOW, first.older)
    assert [len(first.rows), len(second.rows)] == [PAGE_ROWS, 3]
    assert [person.id for person in [*first.rows, *second.rows]] == everybody[::-1]
    assert (first.total, second.total, second.older) == (PAGE_ROWS + 3, PAGE_ROWS + 3, None)


def test_an_empty_list_has_no_more(session):
    nobody = people.search(session, Segment(), NOW)
    assert (nobody.rows, nobody.total, nobody.older, nobody.gave_up) == ([], 0, None, False)


def test_each_person_is_shown_with_their_tags(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    for name in ("walks", "runs"):
        tags.put(session, tags.tag(session, name, NOW).id, [ada.id], NOW)
    assert [one.tags for one in people.named(session, [ada.id, ben.id])] == [["runs", "walks"], []]


def test_the_ways_people_came_are_named_once_each(session):
    form = a_form(session, title="Back care")
    for source in ("ql", "", "ql", "instagram"):
        a_subscriber(session, source=source, form_id=form.id)
    assert people.sources(session) == ["", "instagram", "ql"]
    assert people.forms(session) == {form.id: "Back care"}


def test_no_more_than_a_hundred_ways_are_named(session, monkeypatch):
    monkeypatch.setattr(people, "MOST_SOURCES", 2)
    for source in "abc":
        a_subscriber(session, source=source)
    assert people.sources(session) == ["a", "b"]
