"""The mails of the next seven days. NOW is a Tuesday, noon in London."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from funnel.insight import coming
from funnel.models.content import Enrolment, EnrolmentState, Newsletter, NewsletterState, SequenceState
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import calendar, outlook
from tests.conftest import NOW
from tests.factories import a_sequence, a_subscriber, add, an_enrolment

MORNING = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)


@pytest.fixture
def course(session):
    return a_sequence(session, (0, 2, 4, 6))


def waits(session, course, place=1, at=MORNING, **person):
    return an_enrolment(
        session, a_subscriber(session, **person), course, step_id=course.steps[place].id, due_at=at, next_at=at
    )


def said(session):
    return [(mail.day, mail.name, mail.people) for mail in coming.week(session, NOW).mails]


def test_people_are_counted_by_day_and_mail_and_the_second_mail_of_the_week_too(session, course):
    waits(session, course)
    waits(session, course, at=MORNING + timedelta(hours=2))
    waits(session, course, place=3, at=MORNING + DAY)
    assert said(session) == [
        (date(2026, 3, 4), "mail 2", 2),
        (date(2026, 3, 5), "mail 4", 1),
        (date(2026, 3, 6), "mail 3", 2),
        (date(2026, 3, 9), "mail 4", 2),  # Sunday is no day for mails
    ]
    first = coming.week(session, NOW).mails[0]
    assert (first.first, first.last) == (MORNING, MORNING + timedelta(hours=2))


def test_it_says_what_each_persons_outlook_says(session, course):
    for place, days, zone in ((1, 1, ""), (2, 1, "America/New_York"), (1, 2, "Asia/Tokyo"), (3, 3, "")):
        stands = waits(session, course, place, time_zone=zone)
        stands.due_at = stands.next_at = calendar.next_due(course, calendar.zone(zone), stands.id, NOW, days)
    session.flush()
    week = coming.week(session, NOW)
    foretold = []
    for person in session.scalars(select(Subscriber.id)):
        # The person's own outlook counts what they have had by their mails; here nobody has had any.
        foretold += [
            (one.at.date(), one.step.id) for one in outlook.outlook(session, person, NOW) if one.at < week.until
        ]
    assert sorted((mail.day, mail.step.id) for mail in week.mails for _ in range(mail.people)) == sorted(foretold)


def test_whoever_is_overdue_comes_in_the_next_window(session, course):
    waits(session, course, place=3, at=NOW - timedelta(hours=3))
    assert said(session) == [(date(2026, 3, 4), "mail 4", 1)]


def test_nobody_is_counted_on_a_course_that_rests_or_who_has_left_or_finished(session, course):
    waits(session, course, state=SubscriberState.UNSUBSCRIBED)
    done = waits(session, course)
    done.state, done.next_at = EnrolmentState.FINISHED, None
    waits(session, course, at=MORNING + 30 * DAY)
    waits(session, a_sequence(session, state=SequenceState.RETIRED))
    assert said(session) == []


def test_a_retired_mail_is_passed_over(session, course):
    waits(session, course, place=2)
    course.steps[2].state = SequenceState.RETIRED
    session.flush()
    assert [name for _, name, _ in said(session)] == ["mail 3"]


def test_the_people_of_a_mail_are_those_who_were_counted(session, course):
    theirs = {waits(session, course, at=MORNING + number * DAY).id for number in range(2)}
    waits(session, course, place=3)
    for mail in coming.week(session, NOW).mails:
        listed = session.scalars(
            select(Enrolment.id).join(Subscriber, Subscriber.id == Enrolment.subscriber_id).where(coming.goes_to(mail))
        ).all()
        assert len(listed) == mail.people
        assert mail.name == "mail 4" or set(listed) <= theirs


def test_where_too_many_are_due_only_whole_days_are_counted(session, course, monkeypatch):
    monkeypatch.setattr(coming, "MOST", 3)
    for days in (0, 0, 1, 1):
        waits(session, course, place=3, at=MORNING + days * DAY)
    week = coming.week(session, NOW)
    assert (week.cut, week.until) == (True, datetime(2026, 3, 5, tzinfo=UTC))
    assert [(mail.day, mail.people) for mail in week.mails] == [(date(2026, 3, 4), 2)]


def test_where_too_many_are_due_today_those_due_first_are_counted(session, course, monkeypatch):
    monkeypatch.setattr(coming, "MOST", 2)
    now = MORNING + timedelta(hours=1)
    for minutes in (10, 20, 30):
        waits(session, course, place=3, at=now - timedelta(minutes=minutes))
    week = coming.week(session, now)
    assert (week.cut, week.until) == (True, now - timedelta(minutes=10))
    assert [(mail.first, mail.people) for mail in week.mails] == [(now, 2)]


def test_a_newsletter_that_is_scheduled_stands_there(session):
    for days, state in ((1, NewsletterState.SCHEDULED), (9, NewsletterState.SCHEDULED), (1, NewsletterState.DRAFT)):
        add(session, Newsletter(subject="News", body="News.", state=state, send_at=NOW + days * DAY, created_at=NOW))
    assert [issue.send_at for issue in coming.week(session, NOW).issues] == [NOW + DAY]


def test_one_that_leaves_only_when_its_owner_says_so_is_not_said_to_leave(session):
    def issue(state, starts_at, doubted_at=None):
        times = {"send_at": starts_at, "starts_at": starts_at, "created_at": NOW, "doubted_at": doubted_at}
        return add(session, Newsletter(subject="News", body="News.", state=state, **times))

    late = issue(NewsletterState.SCHEDULED, NOW - DAY)
    doubted = issue(NewsletterState.SCHEDULED, NOW + DAY, NOW)
    paused = issue(NewsletterState.PAUSED, NOW - 2 * DAY, NOW)
    issue(NewsletterState.PAUSED, NOW - 2 * DAY)
    found = coming.week(session, NOW)
    assert (found.issues, found.asking) == ([], [paused, late, doubted])


def test_in_a_rehearsal_days_are_as_short_as_there(session, course, setting):
    setting(DAY_SECONDS="1")
    waits(session, course, at=NOW + timedelta(seconds=1))
    assert said(session) == [(NOW.date(), f"mail {number}", 1) for number in (2, 3, 4)]


def test_two_courses_are_told_apart(session, course):
    other = a_sequence(session, (0, 3), title="Another")
    waits(session, course, place=3)
    waits(session, other)
    assert {name for _, name, _ in said(session)} == {"A course: mail 4", "Another: mail 2"}
