"""A new practice: what to do first, ticked by what was done."""

import pytest

from funnel.db import utc_now
from funnel.models.mail import MessageKind
from funnel.models.people import SubscriberState
from tests.factories import a_subscriber
from tests.owner_data import EMAIL, Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def done(desk):
    return [
        part.split("</h3>")[0].split("<h3>")[1].split("<")[0]
        for part in desk.get("/owner/").text.split('class="done"')[1:]
    ]


def test_each_step_ticks_itself_and_the_last_one_ends_the_list(desk, practice):
    session = practice.session
    assert done(desk) == ["A form and a course of mails"]
    practice.mail(None, practice.now, kind=MessageKind.TEST)
    session.commit()
    assert done(desk)[1:] == ["Read mail 1"]
    myself = a_subscriber(session, email=EMAIL.title(), state=SubscriberState.PENDING, confirmed_at=None)
    session.commit()
    assert done(desk)[2:] == ["Sign up yourself"]
    myself.state, myself.confirmed_at = SubscriberState.ACTIVE, practice.now
    session.commit()
    assert done(desk)[3:] == ["Confirm, and see what comes"]
    page = desk.get("/owner/").text
    assert "4 of 5 done" in page
    assert "The first steps" in page
    practice.newcomer("Ada")
    session.commit()
    assert "The first steps" not in desk.get("/owner/").text


def test_the_steps_lead_to_mail_1_and_the_form(desk, practice):
    page = desk.get("/owner/").text
    assert f'href="/owner/mails/{practice.steps[0].id}"' in page
    assert 'href="/f/back-care?src=myself"' in page
    assert 'href="/outbox"' in page


def test_somebody_who_never_confirmed_is_no_reader(desk, practice):
    a_subscriber(practice.session, state=SubscriberState.PENDING, confirmed_at=None)
    practice.session.commit()
    assert "The first steps" in desk.get("/owner/").text
