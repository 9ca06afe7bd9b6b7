from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.insight import letters, week
from tests.factories import add
from tests.owner_data import signed_in


@pytest.fixture
def browser(app, session):
    return signed_in(app)


def test_before_the_first_one_it_says_when_it_comes(browser):
    page = browser.get("/owner/letters").text
    assert "None yet" in page


def test_a_letter_that_was_sent_is_found_again_as_it_was(browser, session):
    now = utc_now()
    monday = week.last_monday(now)
    add(session, letters.written(session, monday, now))
    session.commit()
    assert f"/owner/letters/{monday}" in browser.get("/owner/letters").text
    page = browser.get(f"/owner/letters/{monday}")
    assert "Your week: 0 sign-ups, 0 mails sent" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "One thing to do" in browser.get(f"/owner/letters/{monday}/html?scheme=dark").text


def test_what_it_would_say_now_is_kept_nowhere(browser, session):
    assert "no letter was sent" in browser.get("/owner/letters/next").text
    assert letters.latest(session, 9) == []


@pytest.mark.parametrize("path", ["letters/2026-01-05", "letters/monday", "letters/next/html?scheme=blue"])
def test_what_is_not_there_is_a_page_not_found(browser, path):
    assert browser.get(f"/owner/{path}").status_code == 404


def test_the_week_shown_as_next_is_the_one_that_runs():
    now = utc_now()
    assert week.last_monday(now) + week.LENGTH <= now.date() + timedelta(days=1)
