"""A form's own colour on the pages its readers meet: from the form to the page for leaving, and on nobody's page."""

import pytest

from funnel import tokens
from funnel.audience import confirmation, moving, own_data
from funnel.db import utc_now
from funnel.models.choices_made import NewAddress
from funnel.models.mail import LinkKind
from funnel.models.people import SignUpState, SubscriberState
from funnel.tokens import Purpose
from tests.factories import a_form, a_link, a_message, a_sign_up, a_subscriber, add

PLUM = "/colours/8a1c5b.css"


@pytest.fixture
def form(session):
    return a_form(session, slug="tips", accent="#8a1c5b")


@pytest.fixture
def ada(session, form):
    return a_subscriber(session, form_id=form.id)


def paths(session, form, ada):
    """By a name, every page that is about one form or one of its readers."""
    now, message = utc_now(), a_message(session, ada)
    waiting, late = (
        a_sign_up(session, form, subscriber_id=ada.id, state=SignUpState.SETTLED, created_at=at)
        for at in (now, now - confirmation.VALID * 2)
    )
    moved = NewAddress(
        subscriber_id=ada.id, email="a@example.net", address_hash=b"1", nonce=b"12345678", created_at=now
    )  # fmt: skip
    add(session, moved)
    booked = a_link(session, url="booked", kind=LinkKind.BOOKED)
    session.commit()
    fresh = own_data.fresh_token(ada, now)
    return {
        "form": "/f/tips",
        "sent": "/f/tips/sent",
        "privacy in a frame": "/f/tips/embed/privacy",
        "confirm": f"/confirm/{confirmation.token(waiting)}",
        "too late": f"/confirm/{confirmation.token(late)}",
        "preferences": f"/preferences/{tokens.sign(Purpose.PREFERENCES, ada.id, message.id)}",
        "leave": f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, ada.id, message.id)}",
        "new address": f"/new-address/{moving.token(moved)}",
        "my data": f"/my-data/{fresh}",
        "delete": f"/my-data/{fresh}/delete",
        "booked": f"/booked/{tokens.sign(Purpose.GO, booked.id, message.id)}",
    }


def test_it_goes_with_a_reader_from_the_form_to_the_page_for_leaving(session, client, form, ada):
    pages = paths(session, form, ada)
    plain = [name for name, path in pages.items() if PLUM not in client.get(path).text]
    led = {name: client.post(pages[name], follow_redirects=True) for name in ("confirm", "booked", "leave")}
    pressed = [name for name, answer in led.items() if PLUM not in answer.text]
    assert (plain, pressed) == ([], [])
    form.accent = ""
    session.commit()
    assert [name for name, path in pages.items() if "/colours/" in client.get(path).text] == []


def test_a_light_frame_has_it_without_its_dark_side(session, client, form):
    session.commit()
    assert f"{PLUM}?scheme=light" in client.get("/f/tips/embed/privacy?scheme=light").text


def test_behind_a_mail_it_is_that_of_the_way_back_whoever_they_are_and_by_whichever_form_they_came(
    session, client, form, ada
):
    gone = a_subscriber(session, email=None, form_id=form.id, state=SubscriberState.ERASED)
    other = a_form(session, slug="other", accent="#123456")
    brought, came = a_subscriber(session), a_subscriber(session, form_id=other.id)
    session.commit()
    for number in (ada.id, gone.id, brought.id, came.id):
        for place, purpose in (("preferences", Purpose.PREFERENCES), ("unsubscribe", Purpose.UNSUBSCRIBE)):
            assert PLUM in client.get(f"/{place}/{tokens.sign(purpose, number, 0)}").text


def test_whose_link_is_broken_or_who_is_nobody_meets_the_houses(session, client, form):
    session.commit()
    for place, purpose in (("preferences", Purpose.PREFERENCES), ("unsubscribe", Purpose.UNSUBSCRIBE)):
        assert "/colours/" not in client.get(f"/{place}/{tokens.sign(purpose, 4711, 0)}").text
    for path in ("/preferences/x", "/unsubscribe/x", "/confirm/x", "/my-data/x", "/new-address/x", "/privacy"):
        assert "/colours/" not in client.get(path).text
