from datetime import timedelta

import pytest

from funnel.models.content import SequenceState, StepKind
from funnel.models.mail import MessageKind, Queue
from funnel.programme import course
from funnel.programme.place import Place
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def sequence(session):
    return factories.a_sequence(session, days=(0, 4, 2))


def test_the_steps_stand_in_the_order_of_their_days(session, sequence):
    found = course.load(session, [sequence.id])[sequence.id]
    assert [step.day for step in found.steps] == [0, 2, 4]
    assert found.step(found.steps[1].id) is found.steps[1]
    assert found.step(None) is None
    assert found.live


def test_what_is_retired_or_was_had_does_not_remain(session, sequence):
    found = course.load(session, [sequence.id])[sequence.id]
    first, second, third = found.steps
    assert found.remaining({first.id}) == [second, third]
    second.state = SequenceState.RETIRED
    assert found.remaining(set()) == [first, third]
    assert found.following(first, set()) is third
    assert found.following(second, set()) is third
    assert found.following(first, {third.id}) is None
    assert found.following(third, set()) is None


@pytest.mark.parametrize(
    ("kind", "day", "at_once"),
    [
        (StepKind.WELCOME, 0, True),
        (StepKind.WELCOME, 1, True),
        (StepKind.TIP, 0, True),
        (StepKind.TIP, 1, False),
        (StepKind.INVITATION, 18, False),
    ],
)
def test_the_welcome_and_the_mail_of_day_0_leave_at_once(session, sequence, kind, day, at_once):
    assert course.leaves_at_once(factories.a_step(session, sequence, day, kind=kind)) is at_once


@pytest.mark.parametrize(("round", "key"), [(1, "step:{}:9"), (2, "step:{}:9:2"), (3, "step:{}:9:3")])
def test_the_key_of_a_mail_names_the_step_the_person_and_from_the_second_on_the_round(session, sequence, round, key):
    step = sequence.steps[1]
    place = Place(5, 9, sequence.id, round, step.id, NOW, NOW)
    draft = course.mail(step, place, queue=Queue.BULK, lasts=timedelta(days=3), now=NOW)
    assert draft["key"] == key.format(step.id)
    assert (draft["kind"], draft["template"], draft["queue"]) == (MessageKind.STEP, "step", Queue.BULK)
    assert (draft["subscriber_id"], draft["enrolment_id"], draft["step_id"]) == (9, 5, step.id)
    assert (draft["due_at"], draft["expires_at"]) == (NOW, NOW + timedelta(days=3))
