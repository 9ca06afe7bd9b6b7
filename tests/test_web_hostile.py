"""What no browser sends and anybody can: each is answered, and none of it makes an error page."""

import io

import pytest
from sqlalchemy import select

from funnel.audience import confirmation, own_data
from funnel.db import utc_now
from funnel.models.people import Consent, SignUp, Subscriber, SubscriberState
from funnel.tokens import Purpose, sign
from tests.factories import a_form, a_post, a_sign_up, a_subscriber
from tests.readers import shown

BODIES = ("[1]", '"x"', "null", "{", '{"email": 5, "first_name": [1]}', '{"first_name": "\\ud800", "email": "\\u0000"}')
ODD_AGENT = "Mozilla/5.0 \x00\x80\x9f\x1b[2J (X11)"


@pytest.fixture
def doors(session) -> dict[str, str]:
    """Everything that a stranger, or the owner of a token, may post to."""
    form = a_form(session, slug="tips")
    a_post(session, slug="post")
    person = a_subscriber(session, state=SubscriberState.PENDING, confirmed_at=None)
    asked = a_sign_up(session, form, subscriber_id=person.id, email=person.email, created_at=utc_now())
    session.commit()
    return {
        "form": "/f/tips",
        "book": "/book",
        "name": f"/my-data/{own_data.fresh_token(person, utc_now())}/name",
        "sign-in": "/owner/sign-in",
        "confirm": f"/confirm/{confirmation.token(asked)}",
        "leave": f"/unsubscribe/{sign(Purpose.UNSUBSCRIBE, person.id, 0)}",
    }


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("door", ["form", "book", "name", "sign-in"])
def test_json_is_not_a_form(session, client, doors, door, body):
    answer = client.post(doors[door], data=body, content_type="application/json")
    assert answer.status_code < 500
    assert session.scalars(select(Subscriber.first_name)).one() in {"Ada", ""}


@pytest.mark.parametrize("door", ["form", "book", "name", "sign-in"])
def test_a_file_is_not_a_field(client, doors, door):
    fields = ("email", "first_name", "name", "suits", "note", "phone", "timezone", "password")
    files = {name: (io.BytesIO(b"typed"), "file.txt") for name in fields}
    assert client.post(doors[door], data=files, content_type="multipart/form-data").status_code < 500


@pytest.mark.parametrize("door", ["form", "confirm", "leave"])
def test_a_browsers_name_is_kept_as_text_that_can_be(session, client, doors, door):
    fields = {"email": "ada@example.org", "token": shown(Purpose.FORM, 1)}
    assert client.post(doors[door], data=fields, headers={"User-Agent": ODD_AGENT}).status_code < 400
    kept = select(SignUp.agent) if door == "form" else select(Consent.agent)
    assert "Mozilla/5.0 [2J (X11)" in session.scalars(kept).all()


@pytest.mark.parametrize("query", ["%00", "%ED%A0%80", "9" * 5000, "-1", "%0d%0aSet-Cookie:%20a=b", "<script>"])
@pytest.mark.parametrize("path", ["/", "/posts/post", "/f/tips", "/f/tips/sent", "/book", "/outbox", "/owner/sign-in"])
def test_a_query_may_hold_anything(client, doors, path, query):
    names = ("src", "utm_source", "ref", "t", "again", "page", "next")
    answer = client.get(f"{path}?{'&'.join(f'{name}={query}' for name in names)}")
    assert answer.status_code < 400
    assert "a=b" not in answer.headers.get("Set-Cookie", "")
    assert "<script>" not in answer.text
