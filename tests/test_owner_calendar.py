"""The calendar, as the owner reads it."""

from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.models.content import SequenceState
from tests import factories
from tests.owner_data import Practice, signed_in

PAGE = "/owner/calendar"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def test_somebody_who_joins_then_gets_the_mails_on_these_days(desk, practice):
    today = utc_now().date()
    on = today + timedelta(days=30 + (2 - today.weekday()) % 7)  # a Wednesday: the third mail falls on a Sunday
    page = desk.get(f"{PAGE}?on={on}&at=09:30&zone=Pacific/Auckland").text

    assert f'value="{on}"' in page
    assert f'<time class="soft" datetime="{on}">' in page
    assert '<span class="block small">09:30</span>' in page
    assert page.count('<span class="block small">07:00–09:59</span>') == 14  # seven mails, in the grid and in the list
    assert all(step.subject in page for step in practice.steps)
    assert "Moved: no mails on a S" in page


@pytest.mark.parametrize("asked", ["", "on=nothing&at=never", "on=9999-12-31", "zone=Nowhere/Atall", "course=99"])
def test_what_cannot_be_read_is_today_and_here(desk, practice, asked):
    page = desk.get(f"{PAGE}?{asked}").text
    assert 'value="Europe/London"' in page
    assert practice.steps[7].subject in page
    assert ("There is no time zone" in page) == ("zone" in asked)


def test_a_course_that_is_not_live_gives_nothing_and_says_so(desk, practice):
    practice.course.state = SequenceState.DRAFT
    practice.session.commit()
    assert "is not live" in desk.get(PAGE).text


def test_a_course_without_a_live_mail_gives_nothing_and_says_so(desk, practice):
    empty = factories.a_sequence(practice.session, ())
    practice.session.commit()
    assert "has no live mail" in desk.get(f"{PAGE}?course={empty.id}").text


def test_without_a_course_it_says_where_to_begin_one(desk):
    assert "No course yet" in desk.get(PAGE).text


def test_a_mail_that_comes_to_some_a_day_later_says_so(desk, practice):
    practice.steps[1].day = 1
    practice.session.commit()
    monday = utc_now().date() + timedelta(days=7 - utc_now().weekday())
    page = desk.get(f"{PAGE}?on={monday}&at=12:30").text
    assert "07:00–09:59, for some on " in page
    assert "Moved: there are 20 hours between two mails" in page


def test_a_person_has_a_calendar_of_what_was_sent_and_what_comes(desk, practice):
    practice.somebody(0, practice.now - timedelta(days=1))
    person = practice.newcomer("Ada")
    step = practice.steps[0]
    place = {"step_id": practice.steps[1].id, "started_at": practice.now}
    due = practice.now + timedelta(days=2)
    factories.an_enrolment(practice.session, person, practice.course, due_at=due, next_at=due, **place)
    practice.mail(person, practice.now, step_id=step.id)
    practice.session.commit()
    page = desk.get(f"/owner/people/{person.id}/calendar").text

    assert f"sent {practice.now.astimezone(practice_zone()):%H:%M}" in page
    assert practice.steps[7].subject in page
    assert f'href="/owner/people/{person.id}/calendar"' in desk.get(f"/owner/people/{person.id}").text


def test_who_is_on_no_course_has_an_empty_one(desk, practice):
    person = practice.newcomer("Ada")
    practice.session.commit()
    assert "No mail of a course was sent" in desk.get(f"/owner/people/{person.id}/calendar").text
    assert desk.get("/owner/people/99/calendar").status_code == 404


def practice_zone():
    from funnel.config import settings

    return settings().zone


def test_years_between_two_courses_are_not_drawn_week_by_week(desk, practice):
    person = practice.newcomer("Ada")
    for years, step in ((9, practice.steps[0]), (0, practice.steps[1])):
        practice.mail(person, practice.now - timedelta(days=years * 365), step_id=step.id)
    practice.session.commit()

    assert desk.get(f"/owner/people/{person.id}/calendar").text.count("<tr>") == 3  # the head, and two weeks
