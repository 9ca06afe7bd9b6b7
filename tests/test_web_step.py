"""One step more: who is asked for it, what lets them in, and that it says nothing of who is subscribed."""

import html
import json
import re
from datetime import timedelta

import altcha
import pytest
from flask import template_rendered
from sqlalchemy import select

from funnel.audience.risk import Sign
from funnel.db import Session, utc_now
from funnel.models.door import DoorDay, Proof, SpentPuzzle, Stop
from funnel.models.people import SignUp
from funnel.tokens import Purpose
from funnel.web.pages import puzzle, step, trap
from tests.factories import a_form, a_sign_up
from tests.readers import PHONE, fields_of, shown

TOOL, ELSEWHERE = "curl/8.0", "198.51.100.7"


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care")
    session.commit()
    return form


@pytest.fixture
def post(client, form):
    """post(agent=…, **fields) fills in the form from another network."""

    def posted(agent=TOOL, to=form, place="", network=ELSEWHERE, **fields):
        values = {"email": "ada@example.org", "token": shown(Purpose.FORM, to.id), "timezone": "Europe/London"}
        return client.post(
            f"/f/{to.slug}{place}",
            data=values | fields,
            headers={"User-Agent": agent},
            environ_base={"REMOTE_ADDR": network},
        )

    return posted


def sign_ups(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


def tapped(form, email="ada@example.org", network=ELSEWHERE, **when):
    return {"step": shown(Purpose.STEP, form.id, salt=step.whose(email, network), **when)}


def solved(form, now=None):
    made = altcha.Challenge.from_dict(json.loads(puzzle.challenge(form.id, now or utc_now())))
    return {"altcha": altcha.Payload(made, altcha.solve_challenge(made)).to_base64()}


@pytest.fixture(autouse=True)
def easy(monkeypatch):
    monkeypatch.setattr(puzzle, "FEWEST", 1)
    monkeypatch.setattr(puzzle, "MOST", 3)
    monkeypatch.setattr(puzzle, "COST", 10)


def test_a_person_at_home_is_asked_for_nothing_more(session, post):
    assert post(agent=PHONE).status_code == 303
    (row,) = sign_ups(session)
    assert (row.proof, row.risk, row.signs, row.wide) == (Proof.NONE, 0, [], "198.51.100.0/24")


def test_who_looks_risky_gets_the_form_again_with_what_was_typed_and_nothing_is_kept(session, post, form):
    answer = post(first_name="Ada", src="my-post")
    assert answer.status_code == 422
    assert step.WORDS in answer.text
    back = fields_of(answer)
    assert (back["email"], back["first_name"], back["src"]) == ("ada@example.org", "Ada", "my-post")
    assert back["step"]
    assert sign_ups(session) == []
    (found,) = session.scalars(select(DoorDay))
    assert (found.form_id, found.what, found.times) == (form.id, Stop.STEP, 1)


def test_one_more_tap_lets_in_without_a_script_but_not_at_once(session, post, form):
    assert post(**tapped(form, seconds_ago=1)).status_code == 422
    assert post(**tapped(form)).status_code == 303
    (row,) = sign_ups(session)
    assert (row.proof, row.signs, row.risk) == (Proof.TAP, [Sign.TOOL], 60)


def test_a_tap_for_another_form_or_with_a_made_up_token_counts_for_nothing(session, post):
    other = a_form(session)
    session.commit()
    for token in (tapped(other), {"step": "made-up"}, {"step": shown(Purpose.FORM, 1)}):
        assert post(**token).status_code == 422


def test_a_tap_is_good_once_and_what_is_shown_then_is_good_again(session, post, form, monkeypatch):
    tap = tapped(form)
    assert post(**tap).status_code == 303
    again = post(**tap)
    assert again.status_code == 422
    assert len(sign_ups(session)) == 1
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    assert post(step=fields_of(again)["step"]).status_code == 303


def test_a_tap_is_good_for_the_address_that_was_typed_and_from_its_network(session, post, form):
    for wrong in (tapped(form, "zoe@example.org"), tapped(form, network="203.0.113.9")):
        assert post(**wrong).status_code == 422
    assert post(email=" Ada@EXAMPLE.org", **tapped(form)).status_code == 303


def test_a_tap_is_good_for_twenty_minutes(post, form):
    assert post(**tapped(form, seconds_ago=19 * 60)).status_code == 303
    assert post(**tapped(form, seconds_ago=21 * 60)).status_code == 422


def test_a_tap_that_came_too_soon_need_not_wait_from_anew(post, form):
    tap = tapped(form, seconds_ago=1)
    assert fields_of(post(**tap))["step"] == tap["step"]


def test_a_page_is_drawn_before_its_row_of_the_count_is_locked(app, session, post, form):
    """All who are stopped at a form share that row: it may be held no longer than a commit takes."""
    post()
    free = []

    def look(_sender, **_drawn):
        with Session.begin() as other:
            free.append(other.scalars(select(DoorDay).with_for_update(nowait=True)).one().times)

    with template_rendered.connected_to(look, app):
        assert post().status_code == 422
    assert free == [1]


def test_a_solved_puzzle_lets_in_once(session, post, form):
    answer = solved(form)
    assert post(**answer).status_code == 303
    assert [row.proof for row in sign_ups(session)] == [Proof.PUZZLE]
    assert post(email="zoe@example.org", **answer).status_code == 422
    assert len(sign_ups(session)) == 1


def test_a_page_that_was_posted_is_good_for_nothing_more_with_its_puzzle_or_without(session, post, form):
    page = solved(form) | tapped(form)
    assert post(**page).status_code == 303
    again = post(**page)
    assert again.status_code == 422
    assert step.WORDS in again.text
    assert fields_of(again)["email"] == "ada@example.org"
    assert post(step=page["step"]).status_code == 422
    assert [row.proof for row in sign_ups(session)] == [Proof.PUZZLE]


def test_a_tap_counts_beside_a_puzzle_that_ran_out(session, post, form):
    late = solved(form, utc_now() - puzzle.GOOD_FOR - timedelta(minutes=1))
    assert post(**late, **tapped(form)).status_code == 303
    assert [row.proof for row in sign_ups(session)] == [Proof.TAP]


def test_a_solved_puzzle_is_spent_while_redis_is_away_too(session, post, form, frozen_redis):
    answer = solved(form)
    assert [post(**answer).status_code, post(email="zoe@example.org", **answer).status_code] == [303, 422]


def test_a_puzzle_of_another_form_an_old_one_or_a_made_up_one_lets_nobody_in(session, post, form):
    other = a_form(session)
    session.commit()
    good = altcha.Payload.from_base64(solved(form)["altcha"]).to_dict()
    wrong = altcha.Payload.from_dict(good | {"solution": good["solution"] | {"counter": 999}})
    foreign = altcha.create_challenge("PBKDF2/SHA-256", 1, counter=1, data={"form": str(form.id)}, hmac_secret="x" * 32)
    answers = [
        solved(other)["altcha"],
        solved(form, utc_now() - puzzle.GOOD_FOR - timedelta(minutes=1))["altcha"],
        wrong.to_base64(),
        altcha.Payload(foreign, altcha.solve_challenge(foreign)).to_base64(),
        "e30=",
        "W10=",
        "no base64",
        "A" * (puzzle.LONGEST + 1),
    ]
    assert [post(altcha=answer).status_code for answer in answers] == [422] * len(answers)
    assert sign_ups(session) == []
    assert session.scalars(select(SpentPuzzle)).all() == []


def test_the_page_holds_a_puzzle_for_its_form(post, form):
    (found,) = re.findall(r'data-puzzle="([^"]*)"', post().text)
    assert json.loads(html.unescape(found))["parameters"]["data"] == {"form": str(form.id)}


def test_in_a_frame_the_step_is_the_same(session, post, form):
    answer = post(place="/embed")
    assert answer.status_code == 422
    assert "data-puzzle" in answer.text
    assert post(place="/embed", **tapped(form)).status_code == 303


def test_the_question_about_a_typo_is_not_asked_twice(session, post, form):
    first = post(email="ada@gmial.com", answer="keep")
    assert first.status_code == 422
    assert fields_of(first)["answer"] == "keep"
    assert post(email="ada@gmial.com", answer="keep", **tapped(form, "ada@gmial.com")).status_code == 303


def test_many_from_one_network_are_asked_whatever_came_of_those_before(session, post, form):
    def before(state):
        for _ in range(4):
            a_sign_up(session, form, network=ELSEWHERE, wide="198.51.100.0/24", created_at=utc_now(), state=state)
        session.commit()

    before("refused")
    disposable = {"email": "ada@mailinator.com"}
    assert post(agent=PHONE, **disposable).status_code == 422
    assert post(agent=PHONE, network="203.0.113.9", **disposable).status_code == 303


def test_strictness_moves_the_threshold(post, setting):
    found = {}
    for number, strictness in enumerate(("relaxed", "usual", "strict")):
        setting(STRICTNESS=strictness)
        found[strictness] = [
            post(agent=PHONE, email="ada@mailinator.com", network=f"192.0.{number}.1").status_code,
            post(network=f"192.0.{number}.2").status_code,
        ]
    assert found == {"relaxed": [303, 303], "usual": [303, 422], "strict": [422, 422]}


def test_in_a_rush_who_looks_odd_is_asked_and_the_rush_is_counted(session, post, form, setting):
    setting(LIMIT_FORM_MINUTE="1")
    for _ in range(2):
        a_sign_up(session, form, created_at=utc_now())
    session.commit()
    assert post(agent=PHONE).status_code == 303
    assert post(agent=PHONE, first_name="hGtRfDxZ").status_code == 422
    assert session.scalars(select(DoorDay.what)).all() == [Stop.RUSH]


def test_a_robot_in_the_hidden_field_is_counted_and_nothing_else_is_kept(session, post, form):
    for _ in range(2):
        assert post(website="https://spam.example").status_code == 303
    (found,) = session.scalars(select(DoorDay))
    assert (found.what, found.times) == (Stop.ROBOT, 2)
    assert sign_ups(session) == []


def test_throw_away_addresses_are_sent_back_where_the_owner_says_so(session, post, setting):
    assert post(agent=PHONE, email="ada@mailinator.com").status_code == 303
    setting(REFUSE_DISPOSABLE="on")
    answer = post(agent=PHONE, email="zoe@mailinator.com")
    assert answer.status_code == 422
    assert "thrown away within the hour" in answer.text
    assert fields_of(answer)["email"] == "zoe@mailinator.com"
    assert len(sign_ups(session)) == 1
