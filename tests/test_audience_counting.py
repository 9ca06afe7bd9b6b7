"""Counting: the same people as the condition selects, whether read anew or remembered."""

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.audience import counting, recipients, rule
from funnel.audience.crowd import MANY, NEAR, SIZE, Crowd
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import SubscriberState, Suppression, SuppressionReason
from tests import factories
from tests.conftest import NOW
from tests.rule_folk import Folk
from tests.rule_reference import meets
from tests.test_audience_rule import BY_DICE, people

IDS = st.frozensets(st.one_of(st.integers(1, 70), st.integers(SIZE - 2, SIZE + 2), st.integers(10**8, 10**8 + 9)))


@given(IDS, IDS)
def test_a_crowd_is_a_set(ours, theirs):
    one, other = Crowd(ours), Crowd([*theirs, *theirs])
    assert set(one & other) == ours & theirs
    assert set(one | other) == ours | theirs
    assert set(one - other) == ours - theirs
    assert list(one) == sorted(ours, reverse=True)
    assert set(Crowd.unpacked(one.packed())) == ours
    assert (len(one), all(number in one for number in ours), 71 in one) == (len(ours), True, False)


@pytest.mark.parametrize("highest", [NEAR - 1, NEAR, 10**9])
def test_a_large_crowd_is_a_set_too(highest):
    ids = [*range(SIZE - MANY, SIZE + MANY, 2), highest]
    assert list(Crowd(array.array("q", ids[::-1]))) == ids[::-1]
    assert set(Crowd(ids)) == set(ids)


@BY_DICE
@given(st.data(), st.integers(0, 10**6), st.booleans())
def test_the_people_counted_are_those_who_are_selected_and_those_whom_the_rows_name(session, data, seed, with_course):
    session.rollback()
    folk = Folk(session, seed)
    for plain in data.draw(st.lists(folk.rules(), min_size=3, max_size=6)):
        found = counting.recipients(session, rule.read(plain), with_course, NOW).people
        assert set(found) == people(session, recipients.condition(plain, with_course, NOW))
        assert set(found) == {
            one.id
            for one in folk.rows(type(folk.folk[0]))
            if meets(folk, plain, one) and mailable(folk, one) and (with_course or not in_course(folk, one))
        }


def mailable(folk, person):
    hashes = {one.address_hash for one in folk.rows(Suppression)}
    return person.state == SubscriberState.ACTIVE and bool(person.email) and person.address_hash not in hashes


def in_course(folk, person):
    return any(one.subscriber_id == person.id and one.state == EnrolmentState.ACTIVE for one in folk.rows(Enrolment))


def test_everybody_is_who_may_be_written_to(session):
    ada, ben = factories.a_subscriber(session), factories.a_subscriber(session)
    factories.a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    session.add(Suppression(address_hash=ben.address_hash, reason=SuppressionReason.OWNER, created_at=NOW))
    session.flush()
    everybody = {"is": "everybody"}
    assert set(counting.recipients(session, None, True, NOW).people) == {ada.id}
    assert set(counting.recipients(session, rule.read(everybody), True, NOW).people) == {ada.id}
    assert people(session, recipients.condition(None, True, NOW)) == {ada.id}


@pytest.mark.parametrize("first", [7, 2**31 - 1, 2**40])
def test_ids_of_any_size_are_counted(session, first):
    ids = {first, first + 1, first + 70_000}
    for number in ids:
        factories.a_subscriber(session, id=number)
    assert set(counting.recipients(session, None, True, NOW).people) == ids
