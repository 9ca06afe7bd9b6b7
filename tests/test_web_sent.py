"""After the form: the mailbox page, the mail again, and that neither tells a stranger who is subscribed."""

import re

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import suppression
from funnel.db import utc_now
from funnel.models.people import SignUp, SubscriberState, SuppressionReason
from funnel.tokens import Purpose
from tests.factories import a_form, a_sign_up, a_subscriber
from tests.readers import fields_of, fill_in

STATES = ("new", "pending", "active", "unsubscribed", "bounced", "suppressed", "erased")


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care")
    session.commit()
    return form


def known_as(session, state):
    """An address in this state."""
    email = f"{state}@example.org"
    if state == "suppressed":
        suppression.suppress(session, tokens.address_hash(email), SuppressionReason.COMPLAINT, utc_now())
    elif state == "erased":
        suppression.suppress(session, tokens.address_hash(email), SuppressionReason.ERASURE, utc_now())
    elif state != "new":
        a_subscriber(session, email=email, state=SubscriberState(state))
    session.commit()
    return email


def seen(client, form, email):
    """All that a stranger sees of one sign-up, but for the token and what the stranger typed."""
    posted = fill_in(client, form, email=email)
    page = client.get(posted.headers["Location"])
    again = client.post("/f/back-care/resend", data={"token": fields_of(page)["token"]})
    seen = [posted, page, again, client.get(again.headers["Location"])]
    parts = [(answer.status_code, sorted(answer.headers.items()), answer.text) for answer in seen]
    text = repr(parts).replace(email, "ADDRESS")
    text = re.sub(r"t=[\w-]+|value=\"[\w-]+\"", "TOKEN", text)
    return re.sub(r"'X-Request-ID', '\w+'|'Content-Length', '\d+'", "", text)


def test_page_status_and_headers_are_the_same_for_every_state_of_an_address(session, client, form):
    everybody = {seen(client, form, known_as(session, state)) for state in STATES}
    assert len(everybody) == 1


def test_the_page_says_where_to_look_and_what_to_do(client, form, setting):
    page = client.get(fill_in(client, form).headers["Location"]).text
    for words in ("alessandro@example.org", "spam", "Send the mail again", "Start again", "seven days"):
        assert words in page
    assert "ada@example.org" not in page


def test_the_mail_again_is_one_more_row_under_the_same_limits(session, client, form):
    first = fill_in(client, form, first_name="Ada", src="my-post")
    token = fields_of(client.get(first.headers["Location"]))["token"]
    again = client.post("/f/back-care/resend", data={"token": token, "src": "my-post"})
    assert again.status_code == 303
    assert "src=my-post" in again.headers["Location"]
    assert "another mail is on its way" in client.get(again.headers["Location"]).text
    session.expire_all()
    assert [(row.email, row.source) for row in session.scalars(select(SignUp))] == [("ada@example.org", "my-post")] * 2


def test_a_robot_may_ask_again_too_and_nothing_is_stored(session, client, form):
    robot = fill_in(client, form, website="x")
    token = fields_of(client.get(robot.headers["Location"]))["token"]
    assert client.post("/f/back-care/resend", data={"token": token}).status_code == 303
    assert session.scalars(select(SignUp)).all() == []


def test_a_sign_up_that_is_deleted_by_now_is_answered_as_any_other(session, client, form):
    answer = client.post("/f/back-care/resend", data={"token": tokens.sign(Purpose.RESEND, 999)})
    assert answer.status_code == 303
    assert "/sent?t=" in answer.headers["Location"]


@pytest.mark.parametrize("token", ["", "x", "\0"])
def test_a_bad_token_leads_back_to_the_form(client, form, token):
    answer = client.post("/f/back-care/resend", data={"token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/f/back-care")


def test_a_token_for_leaving_sends_no_mail_again(session, client, form):
    token = tokens.sign(Purpose.UNSUBSCRIBE, a_sign_up(session, form).id)
    session.commit()
    client.post("/f/back-care/resend", data={"token": token})
    assert len(session.scalars(select(SignUp)).all()) == 1


@pytest.mark.parametrize("query", ["", "?t=", "?t=forged", "?t=%00"])
def test_the_page_without_a_good_token_has_no_button_for_the_mail_again(client, form, query):
    page = client.get(f"/f/back-care/sent{query}")
    assert page.status_code == 200
    assert "Send the mail again" not in page.text
    assert "Start again" in page.text


def test_the_page_is_kept_by_no_cache_and_told_to_no_other_site(client, form):
    headers = client.get("/f/back-care/sent?t=x").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
