"""What came of each mail: every number is the count of the people behind it, and a small one is not said to be sure."""

from datetime import timedelta

import pytest

from funnel.insight import behind, drops, steps, tallies, wilson
from funnel.insight.wilson import Rate
from funnel.models.content import EnrolmentState, SequenceState, StopReason
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import BookingState, EventKind
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def course(session):
    return factories.a_sequence(session)


def person_who_got(session, course, count, **changes):
    person = factories.a_subscriber(session)
    changes = {"step_id": course.steps[min(count, 2)].id} | changes
    factories.an_enrolment(session, person, course, **changes)
    for step in course.steps[:count]:
        factories.a_message(session, person, step_id=step.id, state=MessageState.SENT, sent_at=NOW, ended_at=NOW)
    return person


def mail_to(session, person, step):
    from sqlalchemy import select

    from funnel.models.mail import Message

    return session.scalars(select(Message).where(Message.subscriber_id == person.id, Message.step_id == step.id)).one()


def figures(session, course):
    tallies.freshen(session, NOW)
    return steps.of_course(session, course)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # known values of the score interval; with none and with all, one end is exact
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 4, 0.0456, 0.6994),
        (12, 100, 0.0700, 0.1981),
    ],
)
def test_the_band_is_that_of_wilson(count, of, low, high):
    assert wilson.interval(count, of) == pytest.approx((low, high), abs=1e-4)


def test_what_is_no_rate_has_no_band():
    assert (Rate(0, 0).share, Rate(0, 0).band) == (None, None)
    assert Rate(600, 1200).is_sure
    assert not Rate(3, 4).is_sure
    for count, of in ((1, 0), (5, 4), (-1, 3)):
        with pytest.raises(ValueError, match="is no rate"):
            wilson.interval(count, of)


def test_every_number_counts_the_people_behind_it(session, course):
    first = course.steps[0]
    link = factories.a_link(session, step_id=first.id)
    other = factories.a_link(session, step_id=first.id, kind=LinkKind.BOOKING)
    hidden = factories.a_link(session, step_id=first.id, kind=LinkKind.CANARY)
    people = [person_who_got(session, course, 1) for _ in range(6)]
    clicks, leaves, bounces, complains, books, _ = people
    mails = [mail_to(session, person, first) for person in people]
    for link_id in (link.id, link.id, other.id):  # thrice, and one person
        factories.an_event(session, EventKind.CLICK, mails[0], link_id=link_id)
    factories.an_event(session, EventKind.CLICK, mails[5], link_id=link.id, machine=True)
    factories.an_event(session, EventKind.CLICK, mails[5], link_id=hidden.id)
    factories.an_event(session, EventKind.UNSUBSCRIBE, mails[1])
    factories.an_event(session, EventKind.BOUNCE, mails[2])
    factories.an_event(session, EventKind.BOUNCE, mails[4], detail={"delayed": True})
    factories.an_event(session, EventKind.COMPLAINT, mails[3])
    factories.a_booking(session, books, message_id=mails[4].id)
    factories.a_booking(session, clicks, message_id=mails[0].id, state=BookingState.CANCELLED)
    session.commit()
    found, following, _ = figures(session, course)

    assert {name: behind.people(session, first.id, name).rows[0].id for name in ("clicked", "left", "bounced")} == {
        "clicked": clicks.id,
        "left": leaves.id,
        "bounced": bounces.id,
    }
    assert behind.people(session, first.id, "complained").rows[0].id == complains.id
    assert behind.people(session, first.id, "booked").rows[0].id == books.id
    assert (found.sent, following.sent, following.waiting) == (6, 0, 6)
    for one in (found, following):
        rates = {name: getattr(one, name).count for name in behind.RELATIONS if name not in ("sent", "waiting")}
        for name, count in {**rates, "sent": one.sent, "waiting": one.waiting}.items():
            assert (name, behind.people(session, one.step.id, name).total) == (name, count)
    assert {name: getattr(found, name).count for name in ("clicked", "left", "bounced", "complained", "booked")} == {
        "clicked": 1,
        "left": 1,
        "bounced": 1,
        "complained": 1,
        "booked": 1,
    }


def test_a_mail_that_is_planned_waits_once_with_the_place_behind_it(session, course):
    person = person_who_got(session, course, 1)
    factories.a_message(session, person, step_id=course.steps[1].id)
    session.commit()

    assert [one.waiting for one in figures(session, course)] == [0, 1, 0]


def test_a_mail_in_the_hands_of_a_worker_waits_too(session, course):
    person = person_who_got(session, course, 1, step_id=course.steps[2].id)
    factories.a_claim(session, factories.a_message(session, person, step_id=course.steps[1].id))
    session.commit()

    assert [one.waiting for one in figures(session, course)] == [0, 1, 1]


def test_of_those_who_got_the_mail_before_each_is_accounted_for(session, course):
    first, second, third = course.steps
    stopped = {"state": EnrolmentState.STOPPED, "ended_at": NOW}
    person_who_got(session, course, 2)
    person_who_got(session, course, 1)
    queued = person_who_got(session, course, 1, step_id=third.id)
    factories.a_message(session, queued, step_id=second.id)
    for reason in (StopReason.LEFT, StopReason.LEFT, StopReason.BOOKED):
        person_who_got(session, course, 1, reason=reason, **stopped)
    for state, reason in (
        (MessageState.FAILED, "no such address"),
        (MessageState.UNKNOWN, ""),
        (MessageState.SKIPPED, "cancelled"),
    ):
        person = person_who_got(session, course, 1, step_id=third.id)
        factories.a_message(session, person, step_id=second.id, state=state, reason=reason, ended_at=NOW)
    person_who_got(session, course, 1, step_id=None, state=EnrolmentState.FINISHED)
    person_who_got(session, course, 1, step_id=third.id)
    session.commit()
    figures(session, course)
    drop = drops.of_step(session, first.id, second.id)

    assert drop == drops.Drop(
        before=11,
        got=1,
        to_come=2,
        reasons={
            "they left": 2,
            "they booked": 1,
            "no such address": 1,
            "nobody knows whether it arrived": 1,
            "cancelled": 1,
            "they had finished before it came": 1,
            "they were past it when it came": 1,
        },
    )
    assert drop.never.count == 8
    assert behind.people(session, second.id, behind.NEVER, before=first.id).total == 8
    assert [one.followed for one in figures(session, course)] == [None, Rate(1, 11), Rate(0, 1)]


def test_a_retired_mail_is_told_of_only_where_it_was_sent(session, course):
    person_who_got(session, course, 1)
    for step in course.steps[:2]:
        step.state = SequenceState.RETIRED
    session.commit()
    found = figures(session, course)

    assert [one.step for one in found] == [course.steps[0], course.steps[2]]
    assert steps.before(session, course.steps[2]) == course.steps[0].id
    assert steps.before(session, course.steps[1]) is None


def test_a_course_without_mails_has_no_figures(session):
    assert figures(session, factories.a_sequence(session, ())) == []


def test_the_links_of_a_mail_are_told_with_the_people_who_followed_each(session, course):
    first = course.steps[0]
    _, other = (factories.a_link(session, step_id=first.id, label=label) for label in ("One", "Two"))
    factories.a_link(session, step_id=first.id, kind=LinkKind.CANARY)
    for person in [person_who_got(session, course, 1) for _ in range(4)][:3]:
        mail = mail_to(session, person, first)
        factories.an_event(session, EventKind.CLICK, mail, link_id=other.id)
        factories.an_event(session, EventKind.CLICK, mail, link_id=other.id, at=NOW + timedelta(minutes=2))
    session.commit()
    tallies.freshen(session, NOW)

    assert [(one.label, one.people) for one in steps.links(session, first)] == [
        ("Two", Rate(3, 4)),
        ("One", Rate(0, 4)),
    ]


def test_more_clicks_than_mails_are_no_rate_above_one(session, course):
    link = factories.a_link(session, step_id=course.steps[0].id)
    person = factories.a_subscriber(session)
    factories.an_event(session, EventKind.CLICK, link_id=link.id, subscriber_id=person.id)
    session.commit()

    assert figures(session, course)[0].clicked == Rate(1, 1)
