"""What happened lately, as a page."""

from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.models.responses import EventKind
from funnel.web.owner import lately
from tests.import_cast import bring, check, start
from tests.owner_data import Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def test_it_is_read_on_page_by_page_and_can_be_narrowed(desk, practice):
    for number in range(lately.ROWS + 5):
        person = practice.newcomer(f"Reader{number}")
        person.created_at = person.confirmed_at = practice.now - timedelta(hours=number + 1)
    practice.event(EventKind.UNSUBSCRIBE, person, None, practice.now)
    practice.booking(person, None, practice.now)
    practice.session.commit()
    page = desk.get("/owner/lately?kind=sign-up").text
    assert page.count("signed up") == lately.ROWS
    further = page.split('class="button quiet" href="')[1].split('"')[0].replace("&amp;", "&")
    page = desk.get(further).text
    assert page.count("signed up") == 5
    assert "That is all." in page
    assert desk.get("/owner/lately?kind=booking").text.count("<time") == 1
    assert "booked" in desk.get("/owner/lately").text


def test_with_nothing_it_says_what_will_stand_there(desk, practice):
    assert "The first sign-up will stand here." in desk.get("/owner/lately").text
    assert "Show all that happened" in desk.get("/owner/lately?kind=left").text


@pytest.mark.parametrize("before", ["yesterday", "2026-03-01T10:00"])
def test_a_time_that_is_none_is_passed_over(desk, practice, before):
    assert desk.get(f"/owner/lately?before={before}").status_code == 200


def test_the_people_of_a_file_are_one_line_and_not_a_thousand(desk, practice):
    practice.newcomer("Ada")
    practice.session.commit()
    over = bring("Email,First name\n" + "".join(f"reader-{at}@example.net,Rita\n" for at in range(30)))
    check(over)
    start(over)
    page = desk.get("/owner/lately").text
    assert "30 people" in page
    assert f'<a href="/owner/people/import/{over}" dir="auto">people.csv</a>' in page
    assert ("Rita" in page, "Ada" in page) == (False, True)
    assert "30 people" in desk.get("/owner/lately?kind=import").text
