"""Robots and people: the dated token, the honeypot, and that a person never loses what was typed."""

import pytest
from sqlalchemy import func, select

from funnel import tokens
from funnel.models.people import SignUp
from funnel.tokens import Purpose
from funnel.web.pages.trap import LATEST_S, SOONEST_S
from tests.factories import a_form
from tests.readers import fields_of, fill_in, shown

HOUR_S = 3600


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care")
    session.commit()
    return form


def count(session):
    return session.scalar(select(func.count()).select_from(SignUp))


def test_a_robot_sees_the_page_everybody_sees_and_nothing_is_stored(session, client, form):
    robot = fill_in(client, form, website="https://spam.example")
    person = fill_in(client, form)
    assert robot.status_code == person.status_code == 303
    assert count(session) == 1
    pages = [client.get(answer.headers["Location"]).text for answer in (robot, person)]
    ids = [answer.headers["Location"].partition("t=")[2] for answer in (robot, person)]
    assert pages[0].replace(ids[0], "") == pages[1].replace(ids[1], "")


def test_the_honeypot_is_out_of_a_persons_way(client, form):
    page = client.get("/f/back-care").text
    assert '<div class="beside" aria-hidden="true">' in page
    assert 'name="website" type="text" tabindex="-1" autocomplete="off"' in page


@pytest.mark.parametrize("seconds_ago", [SOONEST_S, HOUR_S, LATEST_S - 60])
def test_a_form_filled_in_at_a_persons_pace_is_taken(session, client, form, seconds_ago):
    token = shown(Purpose.FORM, form.id, seconds_ago=seconds_ago)
    assert fill_in(client, form, token=token).status_code == 303


@pytest.mark.parametrize(
    ("seconds_ago", "words"),
    [(0, "That was quick"), (SOONEST_S - 0.5, "quick"), (LATEST_S + 60, "open for more than a day"), (-60, "quick")],
)
def test_too_soon_or_too_late_costs_a_tap_and_nothing_typed(session, client, form, seconds_ago, words):
    token = shown(Purpose.FORM, form.id, seconds_ago=seconds_ago)
    answer = fill_in(client, form, first_name="Ada", token=token, src="my-post")
    assert answer.status_code == 422
    assert words in answer.text
    assert count(session) == 0
    back = fields_of(answer)
    assert (back["email"], back["first_name"], back["src"]) == ("ada@example.org", "Ada", "my-post")


def test_the_form_shown_again_keeps_a_good_token_so_that_the_next_tap_passes(client, form):
    token = shown(Purpose.FORM, form.id)
    assert fields_of(fill_in(client, form, email="no address", token=token))["token"] == token


def test_the_form_shown_again_gets_a_fresh_token_when_the_old_one_has_ended(client, form):
    old = shown(Purpose.FORM, form.id, seconds_ago=LATEST_S + 60)
    fresh = fields_of(fill_in(client, form, token=old))["token"]
    assert tokens.read(Purpose.FORM, fresh)[1] > tokens.read(Purpose.FORM, old)[1]


def forged(form):
    return [
        None,  # a plain form pasted into somebody's page
        "",
        "x",
        "ü" * 40,
        "a" * 5000,
        "\0",
        shown(Purpose.FORM, form.id).swapcase(),
        shown(Purpose.FORM, form.id + 1),
        shown(Purpose.BOOK),
        tokens.sign(Purpose.FORM),
        tokens.sign(Purpose.FORM, form.id, 2**62),
    ]


@pytest.mark.parametrize("which", range(11))
def test_a_form_without_a_token_of_ours_leads_to_one_more_tap(session, client, form, which):
    answer = fill_in(client, form, token=forged(form)[which], first_name="Ada")
    assert answer.status_code == 422
    assert count(session) == 0
    back = fields_of(answer)
    assert (back["email"], back["first_name"]) == ("ada@example.org", "Ada")
    assert tokens.read(Purpose.FORM, back["token"])[0] == form.id


def test_a_pasted_form_with_a_slip_asks_both_things_at_once(session, client, form):
    asked = fill_in(client, form, token=None, email="ada@gmial.com")
    assert "Did you mean" in asked.text
    hidden = fields_of(asked) | {"token": shown(Purpose.FORM, form.id), "answer": "yes"}
    assert client.post("/f/back-care", data=hidden).status_code == 303
    assert count(session) == 1
