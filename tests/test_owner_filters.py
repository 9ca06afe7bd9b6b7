"""The filter above the list of people."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from funnel.audience import muster
from funnel.db import utc_now
from funnel.models.people import SubscriberState
from tests import factories
from tests.owner_data import Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def test_filters_are_combined_said_in_words_and_taken_off_one_by_one(desk, practice):
    ada = factories.a_subscriber(practice.session, email="ada@example.org", source="ql")
    factories.a_subscriber(practice.session, email="ben@example.org", source="ql", state=SubscriberState.PENDING)
    factories.an_enrolment(practice.session, ada, practice.course)
    practice.session.commit()
    course = practice.course
    query = f"came=source-ql&state=active&at={course.id}-active&since=2000-01-01&until=2099-01-01"
    page = desk.get(f"/owner/people?{query}").text

    assert ("ada@example.org" in page, "ben@example.org" in page) == (True, False)
    for words in ("came by ql", f"{course.title}: on it now", "joined from 1 Jan 2000", "joined until 1 Jan 2099"):
        assert words in page
    assert page.count("Without: ") == 5
    without = [
        dict(parse_qsl(urlsplit(unescape(one)).query)) for one in re.findall(r'class="chip" href="([^"]+)"', page)
    ]
    whole = {"source": "ql", "state": "active", "since": "2000-01-01", "until": "2099-01-01"}
    whole |= {"course": str(course.id), "place": "active"}
    left_out = [set(whole) - set(one) for one in without]
    assert left_out == [{"state"}, {"source"}, {"since"}, {"until"}, {"course", "place"}]
    assert all(whole.items() >= one.items() for one in without)
    next_one = desk.get(f"/owner/people?at=step-{practice.steps[0].id}").text
    assert f"{course.title}: next: 1." in next_one
    assert "ada@example.org" in next_one


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("came=form-1", "came by the form"),
        ("tag=9", "tagged “a deleted tag”"),
        ("form=9", "came by what is no more"),
        ("course=9", "a course that is no more"),
        ("at=1", "was ever on it"),
        ("trait=booked&trait=quiet", "no click in 90 days"),
    ],
)
def test_every_filter_is_said_in_words(desk, practice, query, words):
    assert words in desk.get(f"/owner/people?{query}").text


def test_a_filter_that_makes_no_sense_is_left_out_and_named(desk, practice):
    practice.newcomer("Ada")
    practice.session.commit()
    page = desk.get("/owner/people?since=yesterday&state=asleep").text

    assert "Left out, since it makes no sense: state, first day." in page
    assert "1 person" in page


def test_a_part_inside_a_word_is_found_and_the_page_says_so(desk, practice):
    factories.a_subscriber(practice.session, email="grace.hopper@example.org")
    practice.session.commit()

    assert "No word of an address or name begins with “opp”" in desk.get("/owner/people?q=opp").text


def test_where_few_meet_it_all_the_page_says_how_far_it_looked(desk, practice, monkeypatch):
    for name, value in {"RARE": -1, "SMALL": 0, "WINDOWS": (1, 1)}.items():
        monkeypatch.setattr(muster, name, value)
    people = [factories.a_subscriber(practice.session, email=f"{name}@example.org") for name in ("old", "a", "b", "c")]
    practice.session.commit()
    page = desk.get("/owner/people?q=old").text

    assert "Nobody found so far" in page
    assert f"before={people[2].id}" in page
    assert "Few people meet all of this" in desk.get("/owner/people?q=c").text
