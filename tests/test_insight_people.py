from datetime import timedelta

import pytest

from funnel.insight import people
from funnel.insight.paging import PAGE_ROWS
from funnel.models.people import SubscriberState
from tests.conftest import NOW
from tests.factories import a_subscriber


@pytest.fixture
def cast(session):
    a_subscriber(session, email="ada@example.org", first_name="Ada")
    a_subscriber(session, email="Grace.Hopper@example.com", first_name="Grace", created_at=NOW + timedelta(days=1))
    a_subscriber(session, email="left@example.org", first_name="100%_\\", state=SubscriberState.UNSUBSCRIBED)
    a_subscriber(session, email=None, first_name="", state=SubscriberState.ERASED)


def found(session, words, **more):
    return [person.email for person in people.search(session, words, **more).rows]


@pytest.mark.parametrize(
    ("words", "emails"),
    [
        ("ada", ["ada@example.org"]),
        ("ADA@exa", ["ada@example.org"]),
        ("hopper", ["Grace.Hopper@example.com"]),
        ("grace example.com", ["Grace.Hopper@example.com"]),
        ("grace example.org", []),
        ("%", ["left@example.org"]),
        ("_\\", ["left@example.org"]),
        ("a\x00d", ["ada@example.org"]),
        ("", ["Grace.Hopper@example.com", "left@example.org", "ada@example.org"]),
        ("nobody", []),
        ("'; drop table subscriber --", []),
    ],
)
def test_people_are_found_by_any_part_of_their_address_or_name(session, cast, words, emails):
    assert found(session, words) == emails


def test_people_are_found_by_their_state(session, cast):
    assert found(session, "", state=SubscriberState.UNSUBSCRIBED) == ["left@example.org"]
    assert found(session, "ada", state=SubscriberState.UNSUBSCRIBED) == []
    assert found(session, "", state=SubscriberState.ERASED) == [None]


def test_states_are_counted_also_those_that_nobody_is_in(session, cast):
    assert people.states(session) == {
        SubscriberState.PENDING: 0,
        SubscriberState.ACTIVE: 2,
        SubscriberState.UNSUBSCRIBED: 1,
        SubscriberState.BOUNCED: 0,
        SubscriberState.COMPLAINED: 0,
        SubscriberState.ERASED: 1,
    }


def test_a_long_list_comes_in_pages_without_losing_anybody(session):
    everybody = [a_subscriber(session).id for _ in range(PAGE_ROWS + 3)]
    first, second = (people.search(session, "", page=page) for page in (1, 2))
    assert [len(first.rows), len(second.rows)] == [PAGE_ROWS, 3]
    assert [person.id for person in [*first.rows, *second.rows]] == everybody[::-1]
    assert (first.total, first.pages, first.page) == (PAGE_ROWS + 3, 2, 1)
    past = people.search(session, "", page=99)
    assert (past, past.is_past_the_end, second.is_past_the_end) == (second, True, False)
    assert people.search(session, "", page=-1) == first


def test_an_empty_list_has_one_page(session):
    nobody = people.search(session, "")
    assert (nobody.rows, nobody.total, nobody.pages, nobody.page) == ([], 0, 1, 1)
