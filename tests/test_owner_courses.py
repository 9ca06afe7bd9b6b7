"""Courses: made, switched on and off, and their hours and days, on their pages."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Sequence, SequenceState
from funnel.models.house import AuditEntry
from tests.factories import an_enrolment
from tests.owner_data import Practice, press, signed_in, token

HOURS = "/owner/courses/1"
GOOD = {"title": "Back care", "start": "08:00", "end": "11:00", "weekdays": ["1", "3"]}


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


def save(desk, **changes):
    return desk.post(HOURS, data={"csrf_token": token(desk, HOURS)} | GOOD | changes)


def course(session, number=1):
    session.expire_all()
    return session.get(Sequence, number)


def said(answer):
    return " ".join(re.sub("<[^>]+>", "", answer.text).split())


def test_hours_weekdays_and_blackouts_are_saved_and_told(desk, practice):
    answer = save(desk, first=["2026-12-24", ""], last=["2026-12-26", ""], name=["Christmas", ""])

    assert (answer.status_code, answer.location) == (303, HOURS)
    saved = course(practice.session)
    assert (saved.title, saved.window_start, saved.window_end, saved.weekdays) == ("Back care", 480, 660, 0b0001010)
    assert saved.blackouts == [{"from": "2026-12-24", "to": "2026-12-26", "name": "Christmas"}]
    page = said(desk.get("/owner/mails"))
    assert "between 08:00 and 11:00 by the reader’s own clock, on Tuesday and Thursday" in page
    assert "from 2026-12-24 to 2026-12-26 (Christmas)" in page
    assert 'value="Christmas"' in desk.get(HOURS).text
    assert practice.session.scalars(select(AuditEntry.action)).all() == ["changed a course’s settings"]


def test_what_leaves_no_day_is_refused_and_stays_typed(desk, practice):
    answer = save(desk, weekdays=[], first=["2026-01-01"], last=["2027-01-01"], name=["A long rest"])

    assert answer.status_code == 422
    assert "Choose one day at least" in answer.text
    assert 'value="A long rest"' in answer.text
    assert 'value="08:00"' in answer.text
    assert course(practice.session).weekdays == 31


def test_a_second_course_is_made_empty_and_listed(desk, practice):
    answer = press(desk, "/owner/courses/new", on="/owner/courses/new", title="Sleep better")

    assert answer.location == "/owner/mails#course-2"
    page = said(desk.get("/owner/mails"))
    assert "Sleep better not live" in page
    assert "No mail yet. The first one you add is the welcome" in page
    assert course(practice.session, 2).state == SequenceState.DRAFT
    assert "No form leads to this course yet" in desk.get("/owner/courses/2").text


def test_a_title_that_is_refused_says_why(desk, practice):
    answer = press(desk, "/owner/courses/new", on="/owner/courses/new", title="We cure backs")

    assert answer.status_code == 422
    assert "promises too much" in answer.text
    assert 'value="We cure backs"' in answer.text


def test_pausing_says_who_is_held_and_which_form_leads_here(desk, practice):
    due = practice.now + timedelta(days=1)
    an_enrolment(practice.session, practice.newcomer("Ada"), practice.course, step_id=2, due_at=due, next_at=due)
    practice.session.commit()
    told = said(desk.get("/owner/courses/1/state?to=draft"))
    assert "1 person on it is held where they are" in told
    assert "leads here: who confirms meanwhile gets no mail" in told

    press(desk, "/owner/courses/1/state", on="/owner/courses/1/state?to=draft", to="draft")

    assert course(practice.session).state == SequenceState.DRAFT
    assert "Put it live" in desk.get("/owner/mails").text
    assert "goes on with the mail" in said(desk.get("/owner/courses/1/state"))
    press(desk, "/owner/courses/1/state", on="/owner/courses/1/state?to=live", to="live")
    assert course(practice.session).state == SequenceState.LIVE


def test_a_course_without_mails_says_so_before_it_goes_live(desk, practice):
    press(desk, "/owner/courses/new", on="/owner/courses/new", title="Empty")

    assert "It has no mail that is live" in said(desk.get("/owner/courses/2/state"))
    assert "Nobody is on it" in said(desk.get("/owner/courses/2/state?to=retired"))


def test_what_is_not_there_is_not_found_and_what_is_no_state_refused(desk, practice):
    assert desk.get("/owner/courses/9").status_code == 404
    assert press(desk, "/owner/courses/9", on=HOURS).status_code == 404
    assert press(desk, "/owner/courses/9/state", on=HOURS, to="live").status_code == 404
    assert press(desk, "/owner/courses/1/state", on=HOURS, to="gone").status_code == 400
