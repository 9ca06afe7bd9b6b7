"""An owner says whether a newsletter was sent in the time that a restored backup does not know."""

from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.models.content import NewsletterState
from tests.newsletter_desk import LIST, ONE, order, ready, under_way
from tests.owner_data import press, signed_in

ASK = f"{ONE}/forgotten"


@pytest.fixture
def desk(app):
    return signed_in(app)


def scheduled(session, at, **changes):
    times = {"send_at": at, "starts_at": at, "scheduled_at": at - timedelta(days=1)}
    return ready(session, state="scheduled", doubted_at=utc_now(), **times, **changes)


def test_one_that_was_to_leave_asks_and_the_second_press_names_it_the_time_and_what_may_happen(desk, session):
    at = utc_now() - timedelta(hours=3)
    issue = scheduled(session, at)
    page = desk.get(ONE).text
    assert "It may have been sent already" in page
    assert "Send it now anyway" not in page
    assert "asks you" in desk.get(LIST).text
    asked = desk.get(ASK).text
    assert "Send “Chairs” now?" in asked
    assert f"{at:%H:%M}" in asked
    assert "all of them get it a second time" in asked
    assert "3 people" in asked
    press(desk, ASK, on=ASK)
    session.expire_all()
    assert (issue.doubted_at, issue.state) == (None, NewsletterState.SCHEDULED)
    assert issue.starts_at > at
    assert "There is nothing to be asked" in desk.get(ASK).text


def test_one_that_was_sent_is_over_by_a_press(desk, session):
    issue = scheduled(session, utc_now() + timedelta(hours=3))
    press(desk, f"{ASK}/sent", on=ONE)
    session.expire_all()
    assert (issue.doubted_at, issue.planned, issue.planned_at is None) == (None, 0, False)


def test_one_that_was_on_its_way_is_not_let_go_on_by_its_usual_button(desk, session):
    issue = under_way(session, utc_now(), state="paused", paused_at=utc_now(), doubted_at=utc_now())
    page = desk.get(ONE).text
    assert "More of it may have been sent" in page
    assert "/resume" not in page
    press(desk, f"{ONE}/resume", on=f"{ONE}/cancel")
    session.expire_all()
    assert issue.state is NewsletterState.PAUSED
    assert "say first which it is" in desk.get(ONE).text
    assert "they get it a second time" in desk.get(ASK).text
    press(desk, ASK, on=ASK)
    session.expire_all()
    assert issue.state is NewsletterState.SENDING


def test_a_draft_of_before_the_backup_warns_above_the_button_that_sends(desk, session):
    ready(session, doubted_at=utc_now())
    assert "It may have been sent already" in order(desk).text
