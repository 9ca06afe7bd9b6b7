"""What two entries of one person had, and what waits for them: nothing comes twice, and nothing is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel.audience import merging
from funnel.db import Session
from funnel.mail import claim
from funnel.models.content import EnrolmentState, Newsletter
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Pace, Subscriber
from funnel.models.sending import MarketingStamp
from funnel.programme import history, newsletters, steering, waiting
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_stamp, a_subscriber, add, an_enrolment

EARLIER = NOW - timedelta(days=9)


@pytest.fixture
def kept(session):
    return a_subscriber(session, email="ada@example.org")


@pytest.fixture
def double(session):
    return a_subscriber(session, email="ada.l@example.org")


def test_a_mail_that_either_had_does_not_come_again(session, kept, double):
    course = a_sequence(session)
    an_enrolment(session, kept, course)
    place = an_enrolment(session, double, course, step_id=course.steps[2].id)
    a_message(session, double, step_id=course.steps[0].id, state=MessageState.SENT)
    waits = a_message(session, double, step_id=course.steps[1].id)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert (waits.state, waits.reason) == (MessageState.SKIPPED, merging.WHY_SKIPPED)
    assert place.state is EnrolmentState.STOPPED
    assert history.people(session, [kept.id])[kept.id].had == {course.steps[0].id}
    assert steering.ways(session, kept.id)[0].next_step == course.steps[1]


def test_a_course_that_only_the_duplicate_was_on_goes_on_for_the_one_kept(session, kept, double):
    place = an_enrolment(session, double, a_sequence(session))
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert (place.subscriber_id, place.state) == (kept.id, EnrolmentState.ACTIVE)


def asked_for(session, person):
    course = a_sequence(session)
    place = an_enrolment(session, person, course, step_id=course.steps[2].id, is_wish=True)
    return place, a_message(session, person, step_id=course.steps[1].id, enrolment_id=place.id)


def test_of_two_that_are_monthly_every_course_asked_for_goes_on_and_no_other(session, kept, double):
    kept.pace = double.pace = Pace.MONTHLY
    wishes = [asked_for(session, person) for person in (kept, double)]
    owners = an_enrolment(session, kept, a_sequence(session))
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    for place, tip in wishes:
        assert (place.subscriber_id, place.state, place.is_wish) == (kept.id, EnrolmentState.ACTIVE, True)
        assert (tip.subscriber_id, tip.state) == (kept.id, MessageState.QUEUED)
    assert owners.state is EnrolmentState.STOPPED


def test_a_monthly_duplicate_ends_the_courses_of_before_and_not_the_one_it_asked_for(session, kept, double):
    double.pace = Pace.MONTHLY
    (before, tip), (wish, _) = (asked_for(session, person) for person in (kept, double))
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert (kept.pace, before.state, before.is_wish) == (Pace.MONTHLY, EnrolmentState.STOPPED, False)
    assert (tip.state, wish.state, wish.is_wish) == (MessageState.SKIPPED, EnrolmentState.ACTIVE, True)


def test_the_twenty_hours_count_from_the_latest_mail_to_either(session, kept, double):
    a_stamp(session, kept, EARLIER, newsletter_at=NOW)
    a_stamp(session, double, NOW)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    stamp = session.get_one(MarketingStamp, kept.id)
    assert (stamp.at, stamp.newsletter_at) == (NOW, NOW)


def test_the_month_counts_from_the_latest_newsletter_to_either_whoever_had_the_latest_mail(session, kept, double):
    a_stamp(session, kept, NOW, newsletter_at=EARLIER, message_id=7)
    a_stamp(session, double, EARLIER, newsletter_at=NOW - timedelta(days=3), message_id=8)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    stamp = session.get_one(MarketingStamp, kept.id)
    assert (stamp.at, stamp.message_id, stamp.newsletter_at) == (NOW, 7, NOW - timedelta(days=3))


def test_a_tip_of_the_duplicate_that_waits_still_comes_since_the_course_stands_behind_it(session, kept, double):
    course = a_sequence(session)
    place = an_enrolment(session, double, course, step_id=course.steps[2].id)
    waits = a_message(session, double, step_id=course.steps[1].id, enrolment_id=place.id)
    merging.merge(session, kept.id, double.id, NOW)
    session.commit()
    with Session.begin() as own:
        (mail,) = claim.claim(own, Queue.BULK, NOW, 10, claim.new_id(own))
    assert (mail.id, mail.email) == (waits.id, "ada@example.org")
    assert history.people(session, [kept.id])[kept.id].had == {course.steps[1].id}


def test_an_issue_that_waits_for_the_duplicate_comes_to_the_one_kept_unless_it_reached_them(session, kept, double):
    def issue(person, number, **changes):
        return a_message(session, person, kind=MessageKind.NEWSLETTER, newsletter_id=number, **changes)

    issue(kept, 1, state=MessageState.SENT)
    first, second = issue(double, 1), issue(double, 2)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert (first.state, first.subscriber_id) == (MessageState.SKIPPED, double.id)
    assert (second.state, second.subscriber_id) == (MessageState.QUEUED, kept.id)


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.QUEUED])
def test_an_issue_the_duplicate_had_does_not_come_to_the_one_kept(session, state):
    """Planned in the order of ids: the one kept is reached after the duplicate had it."""
    double, kept, other = (a_subscriber(session) for _ in range(3))
    issue = add(session, Newsletter(subject="News", body="Hello\n", state="sending", created_at=NOW))
    assert newsletters.queue(session, issue.id, Subscriber.mailable, NOW, 1) == 1
    if state is MessageState.SENT:
        waiting.take(session, Message.subscriber_id == double.id)
        session.execute(update(Message).values(state=state, ended_at=NOW))
    merging.merge(session, kept.id, double.id, NOW)
    assert newsletters.queue(session, issue.id, Subscriber.mailable, NOW) == 2
    gone = kept.id if state is MessageState.QUEUED else double.id
    assert set(session.scalars(select(Message.subscriber_id))) == {gone, other.id}


def test_an_issue_that_nobody_had_comes_to_the_one_kept_once(session):
    double, kept = (a_subscriber(session) for _ in range(2))
    issue = add(session, Newsletter(subject="News", body="Hello\n", state="sending", created_at=NOW))
    merging.merge(session, kept.id, double.id, NOW)
    assert newsletters.queue(session, issue.id, Subscriber.mailable, NOW) == 2  # the pointer is looked at too
    assert session.scalars(select(Message.subscriber_id)).all() == [kept.id]


def test_a_tip_that_may_have_arrived_at_the_other_address_is_not_handed_over(session, kept, double):
    course = a_sequence(session)
    place = an_enrolment(session, double, course, step_id=course.steps[2].id)
    waits = a_message(session, double, step_id=course.steps[1].id, enrolment_id=place.id, doubted_at=NOW)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert (waits.state, waits.subscriber_id) == (MessageState.SKIPPED, double.id)


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.UNKNOWN])
def test_what_waits_for_the_one_kept_and_the_duplicate_had_is_skipped(session, kept, double, state):
    course = a_sequence(session)
    an_enrolment(session, kept, course)
    mails = [{"kind": MessageKind.STEP, "step_id": step.id} for step in course.steps[:2]]
    mails += [{"kind": MessageKind.NEWSLETTER, "newsletter_id": number} for number in (1, 2)]
    waits = [a_message(session, kept, **one) for one in mails]
    for one in (mails[0], mails[2]):
        a_message(session, double, state=state, ended_at=NOW, **one)
    merging.merge(session, kept.id, double.id, NOW)
    session.expire_all()
    assert [mail.reason for mail in waits] == [merging.HAD_IT, "", merging.HAD_IT, ""]
