"""A restored database is noticed on several machines: each has its own DATA_DIR, and its own withdrawals to tell."""

import pytest

from funnel.audience import withdrawals
from funnel.audience.withdrawals import Kind, Line
from funnel.mail import mark
from funnel.mail.mark import Mark
from funnel.models.people import SubscriberState
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.test_mail_guard import HOUR, checked, claims_made, executed, place, resume  # noqa: F401 (a fixture)


@pytest.fixture
def other(place, setting):
    """Goes to the machine of that name; the test begins on the one called “one”."""

    def go(name="other"):
        setting(DATA_DIR=str(place.parent / name))

    return go


def test_a_new_machine_joins_without_a_word(place, session, other):
    claims_made(session)
    other()
    assert mark.read() is None
    assert checked()
    assert mark.read().accepted_at == NOW


def test_one_that_was_away_during_the_halt_goes_on_with_the_others(place, session, other):
    other()
    claims_made(session)
    other("one")
    assert checked()
    executed("UPDATE lineage SET identity = 'another'")
    assert not checked()
    resume()
    other()
    assert checked()
    assert mark.read() == Mark(NOW + HOUR)


def test_each_tells_its_own_withdrawals_once_for_each_halt(place, session, other):
    people = {name: a_subscriber(session, email=f"{name}@example.org") for name in ("one", "other", "third")}
    session.commit()
    for name, person in people.items():
        other(name)
        assert checked()
        withdrawals.write([Line(NOW + HOUR, Kind.LEFT, person.address_hash)])
    executed("UPDATE lineage SET identity = 'another'")
    other("one")
    assert not checked()
    other("other")
    assert not checked()

    def states():
        session.expire_all()
        return [people[name].state for name in ("one", "other", "third")]

    left, active = SubscriberState.UNSUBSCRIBED, SubscriberState.ACTIVE
    assert states() == [left, left, active]
    executed(f"UPDATE subscriber SET state = 'active', ended_at = NULL WHERE id = {people['other'].id}")
    assert not checked()
    assert states() == [left, active, active]  # once, or each look would read the whole file
    resume()
    other("third")
    assert checked()
    assert states() == [left, active, left]
