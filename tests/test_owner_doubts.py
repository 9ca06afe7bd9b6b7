"""What looked risky stands where the owner looks: on a person's page, on each form's, and beside how strict it is."""

import re
from datetime import timedelta

import pytest

from funnel.audience import own_data, settle
from funnel.audience.risk import Sign
from funnel.db import utc_now
from funnel.insight import doubts, kept_out
from funnel.models.door import Proof
from funnel.models.people import SignUpState
from tests.factories import a_form, a_sign_up, a_subscriber
from tests.owner_data import signed_in


@pytest.fixture
def desk(app, session):
    return signed_in(app)


@pytest.fixture
def form(session):
    return a_form(session, title="Eight mails")


def words(answer):
    return " ".join(re.sub("<[^>]*>", " ", answer.text).split())


def looked(session, form, person, risk, signs, proof=Proof.NONE, ago=timedelta(hours=1)):
    kept = {"state": SignUpState.SETTLED, "subscriber_id": person.id, "created_at": utc_now() - ago}
    return a_sign_up(session, form, email=person.email, risk=risk, signs=signs, proof=proof, **kept)


def refused(session, form, email, reason=settle.NETWORK_LIMIT):
    kept = {"state": SignUpState.REFUSED, "reason": reason, "created_at": utc_now() - timedelta(hours=1)}
    return a_sign_up(session, form, email=email, **kept)


def test_a_person_s_page_says_how_risky_their_sign_up_looked_why_and_what_they_proved(session, desk, form):
    ada = a_subscriber(session)
    looked(session, form, ada, 60, [Sign.TOOL], Proof.TAP)
    looked(session, form, ada, 15, [Sign.HASTY, Sign.NO_SCRIPT], ago=timedelta(days=2))
    session.commit()
    page = words(desk.get(f"/owner/people/{ada.id}"))
    for said in (
        "60 of 100 at Eight mails",
        "A program filled it in, by its own name or without one. They tapped once more, without a script.",
        "15 of 100 at Eight mails",
        "It was filled in within four seconds; the browser runs no scripts. Nothing more was asked for.",
    ):
        assert said in page
    assert page.index("60 of 100") < page.index("15 of 100")


def test_of_one_who_did_not_look_risky_nothing_is_said(session, desk, form):
    ada = a_subscriber(session)
    looked(session, form, ada, 0, [])
    session.commit()
    assert "Looked risky" not in desk.get(f"/owner/people/{ada.id}").text


def test_who_was_merged_into_them_counts_as_them(session, form):
    ada, twin = a_subscriber(session), a_subscriber(session)
    looked(session, form, twin, 40, [Sign.ADVERT], Proof.PUZZLE)
    twin.merged_into_id = ada.id
    session.flush()
    [one] = doubts.of(session, ada.id)
    assert (one.score, one.proof, one.form_id) == (40, Proof.PUZZLE, form.id)


def test_a_form_s_page_says_how_many_it_kept_out_and_leads_to_them_alone(session, desk, form):
    other = a_form(session, title="Another")
    refused(session, form, "one@example.org")
    refused(session, form, "two@example.org", settle.NO_MAIL)
    refused(session, other, "three@example.org")
    own_data.erase(session, a_subscriber(session).id, utc_now())
    session.commit()
    page = desk.get(f"/owner/forms/{form.id}")
    assert "Kept out 2 addresses" in words(page)
    address = f"/owner/door?form={form.id}"
    assert address in page.text
    there = desk.get(address).text
    assert "Kept out at “<bdi>Eight mails</bdi>”" in there
    assert ("one@example.org" in there, "three@example.org" in there) == (True, False)
    narrowed = desk.get(f"{address}&why={settle.NO_MAIL}").text
    assert ("one@example.org" in narrowed, "two@example.org" in narrowed) == (False, True)


def test_a_form_that_kept_nobody_out_says_so_on_both_pages(session, desk, form):
    session.commit()
    assert "Kept out nobody" in words(desk.get(f"/owner/forms/{form.id}"))
    assert "Nobody was refused here in the last 30 days." in words(desk.get(f"/owner/door?form={form.id}"))


def test_a_form_that_is_none_of_ours_shows_all(session, desk, form):
    refused(session, form, "one@example.org")
    session.commit()
    for number in ("4711", "x", "9" * 30):
        assert "one@example.org" in desk.get(f"/owner/door?form={number}").text


def test_very_many_are_not_counted_one_by_one(session, desk, form, monkeypatch):
    monkeypatch.setattr(kept_out, "MOST_AT_FORM", 2)
    for number in range(4):
        refused(session, form, f"{number}@example.org")
    session.commit()
    assert "at least 2 addresses" in desk.get(f"/owner/forms/{form.id}").text


def test_letting_in_leads_back_to_the_form_s_list(session, desk, form):
    one = refused(session, form, "one@example.org")
    session.commit()
    page = desk.get(f"/owner/door?form={form.id}").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = desk.post("/owner/door/let-in", data={"one": one.id, "form": form.id, "csrf_token": token})
    assert f"form={form.id}" in answer.location


def test_how_strict_the_forms_are_leads_to_who_was_kept_out(desk):
    assert 'href="/owner/door"' in desk.get("/owner/settings/robots").text
    assert "Who was kept out" not in desk.get("/owner/settings/limits").text
