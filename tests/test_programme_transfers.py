"""People who wait on a course go on rightly when it is edited."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from funnel.models.content import Enrolment, EnrolmentState, SequenceState, StepKind
from funnel.models.editing import Transfer
from funnel.models.mail import Message, MessageState
from funnel.models.people import SubscriberState
from funnel.programme import arrangement, editing, tick, transfers
from funnel.programme.transfers import Hop
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_step, a_subscriber, an_enrolment

DAYS = st.lists(st.integers(1, 300), min_size=2, max_size=6, unique=True)


@pytest.fixture
def course(session):
    return a_sequence(session, days=(0, 2, 4, 10), window_start=0, window_end=1440, weekends=True)


def waiting(session, course, place, due=NOW + timedelta(days=3), **changes):
    """Somebody who had every mail before the one at `place`, for which they wait."""
    person = a_subscriber(session, **changes)
    for step in course.steps[:place]:
        a_message(session, person, step_id=step.id, state=MessageState.SENT, ended_at=NOW, due_at=NOW)
    return an_enrolment(session, person, course, step_id=course.steps[place].id, due_at=due, next_at=due)


def finished(session, course, **changes):
    enrolment = waiting(session, course, len(course.steps) - 1, **changes)
    enrolment.state, enrolment.step_id, enrolment.due_at, enrolment.next_at = EnrolmentState.FINISHED, None, None, None
    enrolment.ended_at = NOW
    session.flush()
    return enrolment


def day(enrolment):
    return (enrolment.due_at.date() - NOW.date()).days


def test_who_waits_for_a_mail_that_comes_later_waits_longer(session, course):
    ada = waiting(session, course, 2)

    assert editing.move(session, course, {course.steps[2].id: 6}, NOW) == 1

    session.refresh(ada)
    assert (ada.step_id, day(ada), ada.next_at) == (course.steps[2].id, 5, ada.due_at)


def test_nobody_else_s_next_mail_moves(session, course):
    others = [waiting(session, course, place) for place in (1, 3)]

    assert editing.move(session, course, {course.steps[2].id: 6}, NOW) == 0
    assert [day(other) for other in others] == [3, 3]


def test_a_day_that_has_passed_means_the_next_hours_and_never_now_for_all(session, course):
    course.window_start, course.window_end = 420, 600
    ada = waiting(session, course, 3, due=NOW + timedelta(days=1))

    editing.move(session, course, {course.steps[3].id: 5}, NOW)

    session.refresh(ada)
    assert ada.due_at < NOW < ada.next_at
    assert ada.next_at - NOW < timedelta(days=1)
    assert 7 <= ada.next_at.hour < 10


def test_when_two_mails_change_places_who_waits_for_the_first_gets_both(session, course):
    second, third = course.steps[1:3]
    ada, ben = waiting(session, course, 1), waiting(session, course, 2)

    exchanged = arrangement.exchanged(course.steps, third, earlier=True)
    assert exchanged == {third.id: 2, second.id: 4}
    editing.move(session, course, exchanged, NOW)

    session.refresh(ada)
    session.refresh(ben)
    assert (ada.step_id, day(ada)) == (third.id, 3)
    assert (ben.step_id, day(ben)) == (third.id, 1)  # sooner: its day is 2 now, and they had the other
    last = course.steps[3].id
    assert received(session, ada, ben) == [[third.id, second.id, last], [third.id, last]]


def received(session, *enrolments):
    """The mails of the course that each of these people gets from now on, in order."""
    theirs = {enrolment.subscriber_id: [] for enrolment in enrolments}
    queued = select(Message).where(Message.subscriber_id.in_(theirs), Message.state == MessageState.QUEUED)
    at = NOW
    while waits := [enrolment.next_at for enrolment in enrolments if enrolment.next_at]:
        at = max(at, min(waits))
        tick.tick(session, at)
        for message in session.scalars(queued.order_by(Message.id)).all():
            message.state, message.ended_at, message.sent_at = MessageState.SENT, at, at
            theirs[message.subscriber_id].append(message.step_id)
        session.flush()
        for enrolment in enrolments:
            session.refresh(enrolment)
        at += timedelta(hours=20)
    return list(theirs.values())


@given(DAYS, st.data())
def test_whatever_the_new_days_nobody_loses_a_mail_or_gets_one_twice(days, data):
    old = dict(enumerate(sorted(days)))
    new = dict(enumerate(data.draw(st.lists(st.integers(1, 300), min_size=len(old), max_size=len(old), unique=True))))
    hops = {hop.step_id: hop for hop in transfers.hops(old, new)}
    for at in old:
        still = {step for step in old if old[step] >= old[at]}
        to = hops[at].to_step_id if at in hops else at
        behind = {step for step in new if new[step] >= new[to]}
        assert still <= behind  # what they still had to get stands at or behind where they wait now
        moved_by = hops[at].days if at in hops else 0
        assert old[at] + moved_by == new[to]  # and their days count from when they began


def test_a_mail_that_joins_comes_to_whom_its_day_is_still_ahead_of(session, course):
    early = waiting(session, course, 3, due=NOW + timedelta(days=5))  # had the mail of day 4 a day ago
    late = waiting(session, course, 3, due=NOW + timedelta(days=1))
    fresh = a_step(session, course, 7, state=SequenceState.DRAFT)

    assert editing.put_live(session, fresh, NOW, owner_id=None, finished_too=False) == 1

    session.refresh(early)
    session.refresh(late)
    assert (early.step_id, day(early)) == (fresh.id, 2)
    tenth = late.step_id
    assert received(session, early, late) == [[fresh.id, tenth], [tenth]]


def test_a_new_last_mail_comes_to_who_finished_only_when_that_is_wished(session, course):
    ada = finished(session, course)
    left = finished(session, course, state=SubscriberState.UNSUBSCRIBED)
    last = a_step(session, course, 20, state=SequenceState.DRAFT)
    assert editing.is_last(last)

    assert editing.put_live(session, last, NOW, owner_id=None, finished_too=False) == 0
    session.refresh(ada)
    assert ada.state == EnrolmentState.FINISHED

    editing.retire(session, last, NOW)
    assert editing.put_live(session, last, NOW, owner_id=None, finished_too=True) == 1

    session.refresh(ada)
    session.refresh(left)
    assert (ada.state, ada.step_id, ada.ended_at) == (EnrolmentState.ACTIVE, last.id, None)
    assert NOW <= ada.next_at <= NOW + timedelta(days=1)
    assert left.state == EnrolmentState.FINISHED
    assert received(session, ada) == [[last.id]]


def test_who_had_it_before_does_not_get_it_again(session, course):
    ada = finished(session, course)
    last = a_step(session, course, 20, state=SequenceState.RETIRED)
    person = ada.subscriber_id
    a_message(session, None, subscriber_id=person, step_id=last.id, state=MessageState.SENT, ended_at=NOW)

    assert editing.put_live(session, last, NOW, owner_id=None, finished_too=True) == 0


def test_many_people_are_moved_in_chunks_and_who_moved_on_meanwhile_is_left_alone(session, course):
    people = [waiting(session, course, 2) for _ in range(5)]
    transfers.begin(session, course.id, [Hop(course.steps[2].id, course.steps[2].id, 2)], NOW)
    assert transfers.left(session, course.id) == 5
    people[4].step_id = course.steps[3].id
    session.flush()

    assert [transfers.go_on(session, NOW, limit=3), transfers.go_on(session, NOW, limit=3)] == [3, 2]

    assert transfers.go_on(session, NOW, limit=3) == 0
    for enrolment in people:
        session.refresh(enrolment)
    assert [day(enrolment) for enrolment in people] == [5, 5, 5, 5, 3]
    assert session.scalar(select(func.count()).select_from(Transfer)) == 0


def test_an_edit_waits_until_the_one_before_has_reached_everybody(session, course):
    waiting(session, course, 2)
    transfers.begin(session, course.id, [Hop(course.steps[2].id, course.steps[2].id, 2)], NOW)

    with pytest.raises(editing.Busy, match="1 people"):
        editing.move(session, course, {course.steps[2].id: 5}, NOW)
    with pytest.raises(editing.Busy):
        editing.put_live(session, a_step(session, course, 20), NOW, owner_id=None, finished_too=False)


def test_what_is_told_before_is_what_happens(session, course):
    due = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
    waiting(session, course, 2, due=due)
    waiting(session, course, 2, due=due + timedelta(days=1))
    days = arrangement.days(course.steps) | {course.steps[2].id: 7}
    [told] = transfers.reach(session, course, transfers.hops(arrangement.days(course.steps), days), NOW)

    moved = editing.move(session, course, {course.steps[2].id: 7}, NOW)

    first = session.scalar(select(func.min(Enrolment.due_at)))
    assert (told.people.people, told.before, told.after) == (moved, due, first) == (2, due, first)


def test_who_waits_for_a_retired_mail_goes_on_to_the_next(session, course):
    ada = waiting(session, course, 2)

    editing.retire(session, course.steps[2], NOW)

    assert received(session, ada) == [[course.steps[3].id]]


def test_the_welcome_changes_places_with_nobody(session, course):
    assert arrangement.exchanged(course.steps, course.steps[1], earlier=True) == {}
    assert arrangement.exchanged(course.steps, course.steps[0], earlier=False) == {}
    assert arrangement.exchanged(course.steps, course.steps[3], earlier=False) == {}


def test_a_day_is_one_mail_s_and_day_0_the_welcome_s(session, course):
    third = course.steps[2]
    refused = [
        [fault.text for fault in arrangement.refusals(third, course.steps, day, kind)]
        for day, kind in ((3, StepKind.TIP), (2, StepKind.TIP), (0, StepKind.TIP), (3, StepKind.WELCOME))
    ]
    assert refused[0] == []
    assert "Day 2 is taken by “Mail 2”" in refused[1][0]
    assert "Day 0 is taken" in refused[2][0]
    assert "Day 0 is the welcome's" in refused[2][1]
    assert "The welcome leaves at once" in refused[3][0]


def test_an_enrolment_that_was_taken_back_holds_up_no_edit(session, course):
    ada = waiting(session, course, 2)
    transfers.begin(session, course.id, [Hop(course.steps[2].id, course.steps[3].id, 6)], NOW)
    session.delete(ada)
    assert (transfers.go_on(session, NOW), transfers.left(session, course.id)) == (1, 0)


def test_the_tick_leaves_alone_whom_an_edit_has_still_to_reach(session, course):
    waiting(session, course, 2, due=NOW)
    transfers.begin(session, course.id, [Hop(course.steps[2].id, course.steps[3].id, 6)], NOW)
    assert (tick.tick(session, NOW + timedelta(minutes=1)), transfers.go_on(session, NOW)) == (0, 1)
