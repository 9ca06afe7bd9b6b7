"""What came of the mails, as the owner reads it."""

import re

import pytest

from funnel.db import utc_now
from funnel.insight import reasons, tallies
from funnel.web.owner import figures
from tasks.insight import drop
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
    links = re.findall(
        r'href="(/owner/mails/\d+/people\?which=\w+)" aria-label="(\d+) ', desk.get("/owner/figures").text
    )
    assert len(links) > 15
    for path, count in links:
        people = "1 person" if count == "1" else f"{count} people"
        assert (path, f"{people}, the newest first" in desk.get(path).text) == (path, True)


def test_no_rate_of_few_stands_there_bare(desk, practice):
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


@pytest.fixture
def many(monkeypatch):
    """As where people are too many to be looked at while somebody waits."""
    monkeypatch.setattr(reasons, "MANY", 1)
    wanted = []
    monkeypatch.setattr(figures, "nudge", lambda task, *numbers: wanted.append((task, numbers)))
    return wanted


def test_among_many_people_why_they_never_get_it_is_counted_by_a_worker(desk, practice, many):
    exact = desk.get("/owner/mails/8/people?which=never")
    assert exact.headers["Location"].endswith("/owner/mails/8/figures#drop")
    assert "It is being counted" in desk.get("/owner/mails/8/figures").text
    assert many == [(drop, (7, 8))]  # the list has asked for it already
    drop(7, 8)
    page = desk.get("/owner/mails/8/figures").text
    assert "they booked" in page
    assert "As of " in page


def test_what_was_counted_long_ago_is_counted_anew_when_somebody_looks(desk, practice, many, session):
    reasons.keep(session, 7, 8, practice.now - 2 * reasons.GOOD_FOR)
    assert "they booked" in desk.get("/owner/mails/8/figures").text
    assert many == [(drop, (7, 8))]
    desk.get("/owner/mails/8/figures")
    assert len(many) == 1


def test_its_list_has_as_many_people_as_were_counted(desk, practice, many):
    drop(7, 8)
    page = desk.get("/owner/mails/8/figures").text
    count = re.search(r'which=never" aria-label="(\d+) ', page)[1]
    assert f"{count} people, the newest first" in desk.get("/owner/mails/8/people?which=never").text
