from zoneinfo import ZoneInfo

import pytest

from funnel.models.mail import WAITING, MessageKind, MessageState
from funnel.models.people import SubscriberState
from funnel.programme import history
from tests import factories
from tests.conftest import NOW


def the_person(session, reader):
    return history.people(session, [reader.id])[reader.id]


def test_a_person_is_told_by_the_facts_the_schedule_needs(session):
    reader = factories.a_subscriber(session, time_zone="Asia/Kathmandu", paused_until=NOW)
    factories.a_stamp(session, reader, NOW)
    found = the_person(session, reader)
    assert found == history.Person(ZoneInfo("Asia/Kathmandu"), True, NOW, NOW, frozenset(), False)


@pytest.mark.parametrize("state", list(MessageState))
def test_a_step_counts_as_had_unless_it_certainly_never_arrived(session, state):
    reader, course = factories.a_subscriber(session), factories.a_sequence(session)
    step = course.steps[1].id
    factories.a_message(session, reader, state=state, step_id=step)
    found = the_person(session, reader)
    never = {MessageState.SKIPPED, MessageState.FAILED, MessageState.EXPIRED}
    assert found.had == (set() if state in never else {step})
    assert found.waiting is (state in WAITING)


def test_a_mail_that_is_being_sent_is_on_its_way(session):
    reader, course = factories.a_subscriber(session), factories.a_sequence(session)
    factories.a_claim(session, factories.a_message(session, reader, step_id=course.steps[1].id))
    found = the_person(session, reader)
    assert (found.had, found.waiting) == ({course.steps[1].id}, True)


def test_only_mails_of_courses_count(session):
    reader = factories.a_subscriber(session)
    factories.a_message(session, reader, kind=MessageKind.NEWSLETTER)
    assert the_person(session, reader).waiting is False


def test_many_people_are_told_apart(session):
    readers = [factories.a_subscriber(session, state=state) for state in SubscriberState]
    course = factories.a_sequence(session)
    factories.a_message(session, readers[1], step_id=course.steps[0].id)
    found = history.people(session, [reader.id for reader in readers])
    assert [found[reader.id].mailable for reader in readers] == [
        reader.state is SubscriberState.ACTIVE for reader in readers
    ]
    assert [len(found[reader.id].had) for reader in readers] == [0, 1, 0, 0, 0, 0]
    assert history.people(session, []) == {}
