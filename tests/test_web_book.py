"""The built-in booking page: what is taken, what is refused, and that nothing typed is lost."""

import pytest
from sqlalchemy import select

from funnel.models.mail import LinkKind, Message
from funnel.models.responses import Booking
from funnel.tokens import Purpose, sign
from tests.factories import a_link, a_post
from tests.readers import PHONE, fields_of, shown

TYPED = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "phone": "+44 20 7946 0000",
    "suits": "Tuesday\nor Thursday",
    "note": "I have stairs.",
}


def ask(client, **changes):
    values = TYPED | {"token": shown(Purpose.BOOK)} | changes
    data = {name: value for name, value in values.items() if value is not None}
    return client.post("/book", data=data, headers={"User-Agent": PHONE})


def bookings(session):
    session.expire_all()
    return session.scalars(select(Booking)).all()


def test_a_request_is_kept_and_thanked_for(session, client):
    answer = ask(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/book/thanks")
    assert "Your request is with us" in client.get("/book/thanks").text
    (booking,) = bookings(session)
    assert (booking.name, booking.email, booking.phone) == ("Ada Lovelace", "ada@example.org", "+44 20 7946 0000")
    assert booking.suits.split() == ["Tuesday", "or", "Thursday"]
    assert booking.note == "I have stairs."
    assert "booking_thanks" in session.scalars(select(Message.template)).all()


def test_the_page_asks_for_no_symptoms_and_names_the_emergency_number(client):
    page = client.get("/book").text
    assert "write nothing about symptoms" in page
    assert "call 999 now" in page
    assert 'href="/privacy"' in page


def test_the_post_that_led_here_is_known_by_its_reference(session, client):
    post = a_post(session, slug="my-post")
    link = a_link(session, url="booking", kind=LinkKind.BOOKING, post_id=post.id)
    session.commit()
    arrived = client.get(f"/go/{sign(Purpose.GO, link.id, 0)}", headers={"User-Agent": PHONE}).headers["Location"]
    hidden = fields_of(client.get(arrived))
    ask(client, ref=hidden["ref"])
    assert bookings(session)[0].source == "my-post"


@pytest.mark.parametrize("reference", ["\0", "x" * 500, "ünknown", "' OR 1=1", "nobody-knows-it"])
def test_a_reference_that_is_not_ours_stops_nobody(session, client, reference):
    assert ask(client, ref=reference).status_code == 303
    assert len(bookings(session)) == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "Ada\r\nBcc: eve@example.org"),
        ("name", "=?utf-8?q?x?="),
        ("email", "nowhere"),
        ("email", "a" * 300 + "@example.org"),
        ("phone", "1" * 41),
        ("phone", "1\n2"),
        ("suits", ""),
        ("suits", "x" * 501),
        ("note", "x" * 1001),
        ("note", "a\0b"),
    ],
)
def test_what_cannot_be_taken_is_said_and_everything_typed_comes_back(session, client, field, typed):
    answer = ask(client, **{field: typed}, ref="a-reference", src="my-post")
    assert answer.status_code == 422
    assert bookings(session) == []
    assert f'href="#{field}-page"' in answer.text
    assert "autofocus" in answer.text
    back = fields_of(answer)
    assert (back["ref"], back["src"]) == ("a-reference", "my-post")
    for other in TYPED.keys() - {field}:
        assert back[other].replace("\r", "") == TYPED[other]


@pytest.mark.parametrize("name", ["Ada 🌿", "שירה כהן", "Nguyễn Văn A"])
def test_names_of_all_the_world_are_taken(session, client, name):
    assert ask(client, name=name).status_code == 303
    assert bookings(session)[0].name == name


def test_optional_fields_may_stay_empty(session, client):
    assert ask(client, phone=None, note=None).status_code == 303


def test_a_robot_is_thanked_and_nothing_is_stored(session, client):
    answer = ask(client, website="x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/book/thanks")
    assert bookings(session) == []


@pytest.mark.parametrize("seconds_ago", [0, 25 * 3600])
def test_too_soon_or_too_late_costs_a_tap_and_nothing_typed(session, client, seconds_ago):
    answer = ask(client, token=shown(Purpose.BOOK, seconds_ago=seconds_ago))
    assert answer.status_code == 422
    assert fields_of(answer)["note"] == TYPED["note"]
    assert bookings(session) == []


@pytest.mark.parametrize("token", [None, "x", "\0"])
def test_no_token_of_ours_costs_a_tap(session, client, token):
    assert ask(client, token=token).status_code == 422
    assert ask(client, token=shown(Purpose.FORM, 1)).status_code == 422
    assert bookings(session) == []


def test_over_the_limit_it_says_when_to_try_again_and_keeps_what_was_typed(session, client):
    from funnel.web.pages import book  # not above: it reads the settings

    most, _ = book.MOST[0]
    for number in range(most):
        assert ask(client, note=f"Number {number}").status_code == 303
    answer = ask(client, note="One too many")
    assert answer.status_code == 429
    assert "try again in 60 minutes" in answer.text
    assert fields_of(answer)["note"] == "One too many"
    assert len(bookings(session)) == most


def test_a_wait_of_hours_is_said_in_hours(client):
    from funnel.web.pages import book

    assert "in 3 hours" in book._words_of_limit(170)
    assert "in 45 minutes" in book._words_of_limit(45)


def test_the_page_works_when_bookings_are_taken_elsewhere_too(session, client, setting):
    setting(BOOKING_URL="https://calendar.example.org/alessandro")
    assert 'href="https://calendar.example.org/alessandro"' in client.get("/privacy").text
    assert ask(client).status_code == 303
