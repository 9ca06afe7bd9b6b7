"""What came of the mails, as the owner reads it."""

import pytest

from funnel.db import utc_now
from funnel.insight import tallies
from tests.owner_data import Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.fill(people=30, days=40)
    while tallies.refresh(session, made.now).more:
        pass
    session.commit()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def test_every_number_leads_to_as_many_people(desk, practice):
    import re

    links = re.findall(
        r'href="(/owner/mails/\d+/people\?which=\w+)" aria-label="(\d+) ', desk.get("/owner/figures").text
    )
    assert len(links) > 15
    for path, count in links:
        people = "1 person" if count == "1" else f"{count} people"
        assert (path, f"{people}, the newest first" in desk.get(path).text) == (path, True)


def test_no_rate_of_few_stands_there_bare(desk, practice):
    import re

    page = desk.get("/owner/figures").text + desk.get("/owner/mails/7/figures").text
    rates = re.findall(r'<span class="small soft">([^<]*%[^<]*)</span>', page)
    assert rates
    assert all(re.fullmatch(r"[\d.]+ % \(\d+–\d+ %\)", rate) for rate in rates)


def test_one_mail_says_why_the_others_never_get_it(desk, practice):
    page = desk.get("/owner/mails/8/figures").text
    assert "Of those who got the mail before" in page
    assert "they booked" in page
    assert "Book with Alessandro" in desk.get("/owner/mails/7/figures").text


def test_the_table_is_given_away(desk, practice):
    answer = desk.get("/owner/figures?as=csv")
    lines = answer.text.splitlines()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mails.csv"'
    assert len(lines) == 9
    assert "Find your QL in 30 seconds" in lines[2]


@pytest.mark.parametrize(
    "path",
    [
        "/owner/mails/99/figures",
        "/owner/mails/99/people",
        "/owner/mails/1/people?which=x",
        "/owner/mails/1/people?which=never",
    ],
)
def test_what_is_not_there_is_not_found(desk, practice, path):
    assert desk.get(path).status_code == 404


def test_where_nothing_is_yet_it_says_so(desk, session):
    assert "No course yet" in desk.get("/owner/figures").text
    made = Practice(session, utc_now())
    made.set_up()
    assert "None was sent yet" in desk.get("/owner/mails/1/figures").text
    assert "Nobody." in desk.get("/owner/mails/1/people?which=left").text
