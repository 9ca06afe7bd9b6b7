"""After the form: the mailbox page, the mail again, and that neither tells a stranger who is subscribed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import door, resending, suppression
from funnel.db import utc_now
from funnel.models.content import PostState
from funnel.models.door import DoorDay, Stop
from funnel.models.people import FormState, SignUp, SubscriberState, SuppressionReason
from funnel.tokens import Purpose
from tests.factories import a_form, a_post, a_sign_up, a_subscriber
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


def held(form, sign_up_id, ago=timedelta(seconds=10)):
    """What the button of a page held that was shown so long ago."""
    return resending.ticket(form.id, sign_up_id, utc_now() - ago)


def sends_again(client, form, token, **fields):
    return client.post(f"/f/{form.slug}/resend", data={"token": token} | fields)


def rows(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


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
    first = a_sign_up(session, form, email="ada@example.org", first_name="Ada", source="my-post")
    session.commit()
    again = sends_again(client, form, held(form, first.id), src="my-post")
    assert again.status_code == 303
    assert "src=my-post" in again.headers["Location"]
    assert "another mail is on its way" in client.get(again.headers["Location"]).text
    said = [(row.email, row.source, row.is_again) for row in rows(session)]
    assert said == [("ada@example.org", "my-post", False), ("ada@example.org", "my-post", True)]


def test_a_press_gives_back_what_was_pressed_whatever_comes_of_it(session, client, form):
    for token in (held(form, a_sign_up(session, form).id), held(form, 999), held(form, resending.NOBODY)):
        session.commit()
        assert f"t={token}&" in sends_again(client, form, token).headers["Location"]


def test_it_can_be_pressed_three_times_in_all_and_not_at_once(session, client, form):
    first = a_sign_up(session, form)
    session.commit()
    sends_again(client, form, held(form, first.id, timedelta(seconds=1)))
    assert len(rows(session)) == 1
    token = held(form, first.id)
    answers = [sends_again(client, form, token) for _ in range(5)]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(rows(session)) == 1 + resending.MOST


def test_it_ends_after_a_day(session, client, form):
    first = a_sign_up(session, form)
    session.commit()
    old = held(form, first.id, resending.VALID)
    assert sends_again(client, form, old).headers["Location"] == "/f/back-care"
    assert "Send the mail again" not in client.get(f"/f/back-care/sent?t={old}").text
    assert len(rows(session)) == 1


def test_it_is_good_at_its_own_form_alone_and_not_when_that_is_retired(session, client, form):
    other, first = a_form(session), a_sign_up(session, form)
    session.commit()
    assert sends_again(client, other, held(form, first.id)).headers["Location"] == f"/f/{other.slug}"
    form.state = FormState.RETIRED
    session.commit()
    assert sends_again(client, form, held(form, first.id)).status_code == 410
    assert len(rows(session)) == 1


def is_rush(session, form):
    (company,) = door.companies(session, [(form.id, "198.51.100.7")], utc_now())
    return company.is_rush


def test_mails_sent_again_are_no_rush_on_the_form(session, client, form, setting):
    setting(LIMIT_FORM_MINUTE="1")
    a_sign_up(session, form, created_at=utc_now())
    for _ in range(3):
        a_sign_up(session, form, created_at=utc_now(), is_again=True)
    assert not is_rush(session, form)
    a_sign_up(session, form, created_at=utc_now())
    assert is_rush(session, form)


def test_what_the_button_holds_looks_the_same_for_a_robot_and_a_person_and_says_no_number(form):
    now = utc_now()
    tokens_held = [resending.ticket(form.id, number, now) for number in (resending.NOBODY, 1, 2**62)]
    assert len({len(token) for token in tokens_held}) == 1
    assert resending.ticket(form.id, 1, now) not in tokens_held


def test_a_robot_may_ask_again_too_and_nothing_is_stored(session, client, form):
    robot = fill_in(client, form, website="x")
    token = fields_of(client.get(robot.headers["Location"]))["token"]
    assert sends_again(client, form, token).status_code == 303
    assert rows(session) == []


def test_a_robot_in_the_hidden_field_of_the_button_is_counted(session, client, form):
    token = held(form, a_sign_up(session, form).id)
    session.commit()
    answer = sends_again(client, form, token, website="x")
    assert f"t={token}&" in answer.headers["Location"]
    assert len(rows(session)) == 1
    assert session.scalars(select(DoorDay.what)).all() == [Stop.ROBOT]


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


def back(page):
    return re.findall(r'href="([^"]*)">Back to the post</a>', page.text)


def test_the_way_back_leads_to_a_post_of_ours_and_nowhere_a_stranger_could_name(session, client, form):
    theirs, standing, draft = a_post(session), a_post(session), a_post(session, state=PostState.DRAFT)
    session.commit()
    assert back(client.get(fill_in(client, form, src=theirs.slug).headers["Location"])) == [f"/posts/{theirs.slug}"]
    strange = ("https://evil.example/", "//evil.example", "../../f/x", draft.slug, "", "\x00")
    assert not [src for src in strange if back(client.get("/f/back-care/sent", query_string={"src": src}))]
    form.post_id = standing.id
    session.commit()
    assert {tuple(back(client.get("/f/back-care/sent", query_string={"src": src}))) for src in strange} == {
        (f"/posts/{standing.slug}",)
    }


def test_in_a_frame_the_page_around_is_still_there_and_nothing_leads_back(session, client, form):
    form.post_id = a_post(session).id
    session.commit()
    assert back(client.get("/f/back-care/embed/sent")) == []
