from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from funnel.models.content import Enrolment, EnrolmentState, SequenceState, StepKind, StopReason
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.programme import calendar, enrolment
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


def enrolled(session, days=(0, 2, 4), **person):
    sequence = factories.a_sequence(session, days=days)
    reader = factories.a_subscriber(session, **person)
    return enrolment.enrol(session, reader.id, sequence.id, NOW), sequence


def messages(session):
    session.expire_all()
    return session.scalars(select(Message).order_by(Message.id)).all()


def test_confirming_plans_mail_1_at_once_for_the_urgent_queue(session):
    found, sequence = enrolled(session)
    (welcome,) = messages(session)
    assert (welcome.kind, welcome.queue, welcome.template) == (MessageKind.STEP, Queue.URGENT, "step")
    assert welcome.key == f"step:{sequence.steps[0].id}:{found.subscriber_id}"
    assert (welcome.subscriber_id, welcome.enrolment_id, welcome.step_id) == (
        found.subscriber_id,
        found.id,
        sequence.steps[0].id,
    )
    assert (welcome.due_at, welcome.expires_at) == (NOW, NOW + enrolment.WELCOME_LASTS)
    assert_balance(session, waiting=1)


def test_the_next_step_is_due_in_the_window_of_its_day_in_the_subscribers_zone(session):
    found, sequence = enrolled(session, time_zone="Pacific/Auckland")  # where it is Wednesday already
    local = found.due_at.astimezone(ZoneInfo("Pacific/Auckland"))
    assert found.state is EnrolmentState.ACTIVE
    assert found.step_id == sequence.steps[1].id
    assert found.due_at == found.next_at
    assert (local.date().isoformat(), local.hour in range(7, 10)) == ("2026-03-06", True)


def test_without_a_zone_the_practices_counts(session, setting):
    setting(TIMEZONE="America/New_York")
    found, sequence = enrolled(session)
    assert found.due_at == calendar.first_due(sequence, ZoneInfo("America/New_York"), found.id, NOW, 2)


def test_enrolling_someone_who_is_on_the_course_changes_nothing(session):
    found, sequence = enrolled(session)
    before = (found.round, found.step_id, found.due_at, found.next_at)
    again = enrolment.enrol(session, found.subscriber_id, sequence.id, NOW + DAY)
    assert again.id == found.id
    assert (again.round, again.step_id, again.due_at, again.next_at) == before
    assert len(messages(session)) == 1


def test_a_course_that_begins_later_plans_nothing_on_confirming(session):
    sequence = factories.a_sequence(session, days=(3, 5))
    sequence.steps[0].kind = StepKind.TIP
    reader = factories.a_subscriber(session)
    found = enrolment.enrol(session, reader.id, sequence.id, NOW)
    assert messages(session) == []
    assert found.step_id == sequence.steps[0].id
    assert found.due_at == calendar.first_due(sequence, LONDON, found.id, NOW, 3)


def test_a_course_of_one_mail_is_finished_with_it(session):
    found, _ = enrolled(session, days=(0,))
    assert (found.state, found.ended_at, found.step_id, found.next_at) == (EnrolmentState.FINISHED, NOW, None, None)
    assert len(messages(session)) == 1


def test_a_course_without_mails_is_finished_at_once(session):
    found, _ = enrolled(session, days=())
    assert (found.state, found.ended_at) == (EnrolmentState.FINISHED, NOW)


def test_a_course_that_is_not_live_sends_no_welcome_and_keeps_the_place(session):
    sequence = factories.a_sequence(session, state=SequenceState.DRAFT)
    found = enrolment.enrol(session, factories.a_subscriber(session).id, sequence.id, NOW)
    assert messages(session) == []
    assert (found.state, found.step_id) == (EnrolmentState.ACTIVE, sequence.steps[0].id)
    assert found.next_at > NOW


def test_a_retired_first_mail_is_passed_over(session):
    sequence = factories.a_sequence(session)
    sequence.steps[0].state = SequenceState.RETIRED
    found = enrolment.enrol(session, factories.a_subscriber(session).id, sequence.id, NOW)
    assert found.step_id == sequence.steps[1].id
    assert messages(session) == []


@pytest.mark.parametrize("reason", list(StopReason))
def test_stopping_ends_the_course_and_skips_what_waits_saying_why(session, reason):
    found, _ = enrolled(session)
    newsletter = factories.a_message(session, kind=MessageKind.NEWSLETTER)
    newsletter.subscriber_id = found.subscriber_id
    session.flush()
    later = NOW + DAY
    assert enrolment.stop(session, found.subscriber_id, reason, later) == 1
    session.expire_all()
    assert (found.state, found.reason, found.ended_at, found.next_at) == (EnrolmentState.STOPPED, reason, later, None)
    welcome = messages(session)[0]
    assert (welcome.state, welcome.ended_at) == (MessageState.SKIPPED, later)
    assert welcome.reason == enrolment.WHY_SKIPPED[reason]
    course_only = reason in enrolment.ENDS_THE_COURSE_ONLY
    assert newsletter.state is (MessageState.QUEUED if course_only else MessageState.SKIPPED)
    assert_balance(session, waiting=1 if course_only else 0)


def test_stopping_twice_keeps_the_first_reason(session):
    found, _ = enrolled(session)
    enrolment.stop(session, found.subscriber_id, StopReason.BOOKED, NOW)
    assert enrolment.stop(session, found.subscriber_id, StopReason.LEFT, NOW + DAY) == 0
    session.expire_all()
    assert (found.reason, found.ended_at) == (StopReason.BOOKED, NOW)


def test_stopping_one_person_leaves_the_others_alone(session):
    found, sequence = enrolled(session)
    other = enrolment.enrol(session, factories.a_subscriber(session).id, sequence.id, NOW)
    enrolment.stop(session, found.subscriber_id, StopReason.LEFT, NOW)
    session.expire_all()
    assert other.state is EnrolmentState.ACTIVE


def test_a_pause_moves_what_is_next_by_whole_days_and_keeps_its_minute(session):
    found, _ = enrolled(session)
    before = found.due_at.astimezone(LONDON)
    assert enrolment.shift(session, found.subscriber_id, 30 * DAY, NOW) == 1
    session.expire_all()
    after = found.due_at.astimezone(LONDON)  # behind the change of clocks, and off the weekend
    assert after.time() == before.time()
    assert after.date() == datetime(2026, 4, 6, tzinfo=UTC).date()  # 5 March and 30 days is Saturday 4 April
    assert found.next_at == found.due_at


def test_ending_a_pause_early_brings_the_course_back(session):
    found, _ = enrolled(session)
    before = found.due_at
    enrolment.shift(session, found.subscriber_id, 30 * DAY, NOW)
    resumed = NOW + timedelta(days=10, hours=5)
    enrolment.shift(session, found.subscriber_id, resumed - (NOW + 30 * DAY), resumed)
    session.expire_all()
    assert timedelta(days=10) <= found.due_at - before < timedelta(days=14)
    assert found.next_at == found.due_at


def test_a_course_that_is_moved_back_is_never_due_before_now(session):
    found, sequence = enrolled(session)
    enrolment.shift(session, found.subscriber_id, -20 * DAY, NOW)
    session.expire_all()
    assert found.due_at < NOW
    assert found.next_at == calendar.after(sequence, LONDON, found.id, NOW)


def test_what_the_20_hour_rule_put_off_stays_put_off_by_a_pause(session):
    found, _ = enrolled(session)
    found.next_at = found.due_at + DAY
    enrolment.shift(session, found.subscriber_id, 28 * DAY, NOW)
    session.expire_all()
    assert found.next_at - found.due_at == DAY


def test_there_is_nothing_to_move_for_someone_on_no_course(session):
    assert enrolment.shift(session, factories.a_subscriber(session).id, DAY, NOW) == 0


def test_a_rehearsal_scales_the_course_but_not_how_long_the_welcome_lasts(session, setting):
    setting(DAY_SECONDS="1", SMTP_URL="")
    found, _ = enrolled(session)
    assert found.due_at == found.next_at == NOW + timedelta(seconds=2)
    assert messages(session)[0].expires_at == NOW + enrolment.WELCOME_LASTS


def test_two_confirmations_at_once_make_one_enrolment(session):
    from concurrent.futures import ThreadPoolExecutor

    from funnel.db import Session

    sequence, reader = factories.a_sequence(session), factories.a_subscriber(session)
    numbers = (reader.id, sequence.id)
    session.commit()

    def confirm(_):
        with Session.begin() as own:
            enrolment.enrol(own, *numbers, NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(confirm, range(8)))
    assert len(session.scalars(select(Enrolment)).all()) == 1
    assert_balance(session, waiting=1)
