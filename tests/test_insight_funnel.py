from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.insight import series, tallies
from funnel.insight.funnel import FEW, funnel
from funnel.models.content import SequenceState
from funnel.models.door import FormView
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_link, a_message, a_sequence, a_subscriber, add, an_event

DAY = timedelta(days=1)
SENT = {"state": MessageState.SENT, "sent_at": NOW, "ended_at": NOW}


@pytest.fixture
def course(session):
    return a_sequence(session)


def stages(session, since=None, source=""):
    tallies.freshen(session, NOW)
    return {stage.name: stage for stage in funnel(session, since, NOW, source)}


def a_reader(session, course, *, mails=0, clicked=None, booked=False, **changes):
    """Someone who was sent so many mails of the course, clicked a link of that kind in the last, and booked."""
    reader = a_subscriber(session, **changes)
    sent = [a_message(session, reader, step_id=step.id, **SENT) for step in course.steps[:mails]]
    if clicked:
        an_event(session, EventKind.CLICK, sent[-1], link_id=a_link(session, kind=clicked).id)
    if booked:
        a_booking(session, reader)
    return reader


def test_nobody_yet_is_a_funnel_of_noughts_without_rates(session, course):
    found = funnel(session, None, NOW)
    assert [stage.name for stage in found] == [
        "Form views",
        "Sign-ups",
        "Confirmed",
        "Mail 1",
        "Mail 2",
        "Mail 3",
        "Clicked",
        "Booking clicks",
        "Booked",
    ]
    assert {(stage.people, stage.of_previous, stage.of_start) for stage in found} == {(0, None, None)}


def test_each_stage_counts_the_people_who_have_come_there(session, course):
    form = a_form(session, sequence_id=course.id)
    add(session, FormView(form_id=form.id, day=NOW.date(), source="", views=10))
    a_reader(session, course, confirmed_at=None)
    a_reader(session, course, mails=1)
    a_reader(session, course, mails=2, clicked=LinkKind.CONTENT)
    a_reader(session, course, mails=3, clicked=LinkKind.BOOKING, booked=True)
    found = stages(session)
    assert {name: stage.people for name, stage in found.items()} == {
        "Form views": 10,
        "Sign-ups": 4,
        "Confirmed": 3,
        "Mail 1": 3,
        "Mail 2": 2,
        "Mail 3": 1,
        "Clicked": 2,
        "Booking clicks": 1,
        "Booked": 1,
    }
    assert {name: (stage.of_previous, stage.of_start) for name, stage in found.items()} == {
        "Form views": (None, None),
        "Sign-ups": (0.4, 1.0),
        "Confirmed": (0.75, 0.75),
        "Mail 1": (1.0, 0.75),
        "Mail 2": (2 / 3, 0.5),
        "Mail 3": (0.5, 0.25),
        "Clicked": (2 / 3, 0.5),
        "Booking clicks": (0.5, 0.25),
        "Booked": (1.0, 0.25),
    }


def test_a_person_who_clicks_or_books_twice_is_one(session, course):
    reader = a_reader(session, course, mails=1, clicked=LinkKind.BOOKING, booked=True)
    mail = a_message(session, reader, step_id=course.steps[0].id, **SENT)
    an_event(session, EventKind.CLICK, mail, link_id=a_link(session, kind=LinkKind.BOOKING).id)
    a_booking(session, reader)
    found = stages(session)
    assert [found[name].people for name in ("Mail 1", "Clicked", "Booking clicks", "Booked")] == [1, 1, 1, 1]


def test_machines_clicks_and_cancelled_bookings_do_not_count(session, course):
    reader = a_reader(session, course, mails=1)
    a_booking(session, reader, state=BookingState.CANCELLED)
    link = a_link(session, kind=LinkKind.BOOKING)
    an_event(session, EventKind.CLICK, a_message(session, reader, **SENT), link_id=link.id, machine=True)
    found = stages(session)
    assert [found[name].people for name in ("Clicked", "Booking clicks", "Booked")] == [0, 0, 0]


def test_a_mail_that_is_not_sent_is_not_counted(session, course):
    reader = a_reader(session, course)
    for state in set(MessageState) - {MessageState.SENT}:
        a_message(session, reader, step_id=course.steps[0].id, state=state)
    assert stages(session)["Mail 1"].people == 0


def test_who_books_by_telephone_is_counted_and_lifts_no_rate_over_the_whole(session, course):
    a_reader(session, course, mails=1, clicked=LinkKind.BOOKING, booked=True)
    a_reader(session, course, booked=True)
    booked = stages(session)["Booked"]
    assert (booked.people, booked.of_previous, booked.of_start) == (2, 1.0, 1.0)


def test_a_form_not_seen_here_has_no_rate(session, course):
    a_reader(session, course)
    assert stages(session)["Sign-ups"].of_previous is None


def test_only_the_people_of_the_period_and_source_are_asked(session, course):
    form = a_form(session, sequence_id=course.id)
    for days, source in ((0, "ql"), (6, "ql"), (8, "ql"), (0, "")):
        at = NOW - days * DAY
        a_reader(session, course, mails=1, created_at=at, source=source)
        add(session, FormView(form_id=form.id, day=at.date(), source=source, views=1))
    a_reader(session, course, created_at=NOW + DAY)
    assert (stages(session)["Sign-ups"].people, stages(session)["Form views"].people) == (4, 4)
    week = stages(session, NOW - 7 * DAY)
    assert (week["Sign-ups"].people, week["Form views"].people, week["Mail 1"].people) == (3, 3, 3)
    of_post = stages(session, NOW - 7 * DAY, "ql")
    assert (of_post["Sign-ups"].people, of_post["Form views"].people, of_post["Mail 1"].people) == (2, 2, 2)


def test_a_rate_of_few_people_is_faint(session, course):
    for number in range(FEW):
        a_reader(session, course, mails=1 if number else 0)
    found = stages(session)
    assert not found["Confirmed"].faint
    assert found["Mail 2"].faint
    assert (found["Mail 2"].faint_of_start, found["Mail 2"].of_start) == (False, 0)


def test_a_retired_mail_stays_while_somebody_of_the_period_had_it(session, course):
    a_reader(session, course, mails=2)
    course.steps[1].state = course.steps[2].state = SequenceState.RETIRED
    course.steps[0].subject = 'Welcome, {{ first_name | default("friend") }} of {{ practice_name }}'
    session.flush()
    found = stages(session)
    assert "Mail 2" in found
    assert "Mail 3" not in found
    assert found["Mail 1"].detail == "Welcome, friend of …"


def test_two_courses_are_told_apart_and_each_begins_at_confirming(session, course):
    other = a_sequence(session, (0,), title="Another")
    a_sequence(session, state=SequenceState.DRAFT)
    a_reader(session, course, mails=1)
    a_reader(session, other, mails=1)
    found = stages(session)
    assert (found["Another: mail 1"].people, found["Another: mail 1"].of_previous) == (1, 0.5)
    assert "A course: mail 3" in found


WAYS = st.fixed_dictionaries(
    {
        "steps": st.sets(st.integers(0, 2)),
        "confirmed": st.booleans(),
        "clicked": st.sampled_from([None, LinkKind.CONTENT, LinkKind.BOOKING]),
        "booked": st.booleans(),
        "days": st.integers(0, 40),
        "source": st.sampled_from(["", "ql", "feed"]),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WAYS, max_size=12), st.sampled_from([None, 7, 30]), st.sampled_from(["", "ql"]))
def test_the_stages_are_what_counting_by_hand_gives(session, people, days, source):
    with session.begin_nested() as savepoint:
        course = a_sequence(session)
        for way in people:
            reader = a_subscriber(
                session,
                created_at=NOW - way["days"] * DAY,
                confirmed_at=NOW if way["confirmed"] else None,
                source=way["source"],
            )
            for step in way["steps"]:
                a_message(session, reader, step_id=course.steps[step].id, **SENT)
            if way["clicked"]:
                link = a_link(session, kind=way["clicked"])
                an_event(session, EventKind.CLICK, a_message(session, reader, **SENT), link_id=link.id)
            if way["booked"]:
                a_booking(session, reader)
        since = NOW - days * DAY if days else None
        found = stages(session, since, source)
        by_day = series.sign_ups(session, since, NOW)
        savepoint.rollback()
    cohort = [way for way in people if (not days or way["days"] <= days) and (not source or way["source"] == source)]
    clicked, booking = LinkKind.CONTENT, LinkKind.BOOKING
    assert found["Sign-ups"].people == len(cohort)
    assert found["Confirmed"].people == sum(way["confirmed"] for way in cohort)
    assert [found[f"Mail {number + 1}"].people for number in range(3)] == [
        sum(number in way["steps"] for way in cohort) for number in range(3)
    ]
    assert found["Clicked"].people == sum(way["clicked"] in {clicked, booking} for way in cohort)
    assert found["Booking clicks"].people == sum(way["clicked"] == booking for way in cohort)
    assert found["Booked"].people == sum(way["booked"] for way in cohort)
    for stage in found.values():
        assert stage.of_previous is None or 0 <= stage.of_previous <= 1
        assert stage.of_start is None or 0 <= stage.of_start <= 1
    assert source or by_day.total == len(cohort)
