"""The hosted form: what is taken, what is refused, and that what was typed comes back."""

import re

import pytest
from sqlalchemy import select

from funnel.models.people import FormState, SignUp, SignUpState
from funnel.tokens import Purpose
from tests.factories import a_form
from tests.readers import PHONE, fields_of, fill_in, shown

EMOJI_NAME, RTL_NAME = "Ada 🌿", "שירה"


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care")
    session.commit()
    return form


def sign_ups(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


def test_a_filled_in_form_becomes_one_row_and_leads_to_the_mailbox_page(session, client, form):
    answer = fill_in(client, form, first_name="Ada", timezone="Europe/Rome")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/f/back-care/sent?t=")
    (row,) = sign_ups(session)
    assert (row.email, row.first_name, row.time_zone) == ("ada@example.org", "Ada", "Europe/Rome")
    assert row.state in {SignUpState.NEW, SignUpState.SETTLED}
    assert row.wording == form.wording
    assert row.agent == PHONE


def test_its_address_with_a_slash_at_its_end_in_capitals_or_with_a_space_is_the_same_form(session, client, form):
    for place in ("/f/back-care/", "/f/Back-Care", "/f/back-care%20", "/f/BACK-CARE/embed/", "/f/back-care/embed/"):
        assert fields_of(client.get(place))["token"]
        may_be_framed = "frame-ancestors 'self'" in client.get(place).headers["Content-Security-Policy"]
        assert may_be_framed == ("embed" in place)
        assert fill_in(client, form, path=place, email="nobody").status_code == 422
    for slug in ("back-care/", "BACK-CARE"):
        signed = fill_in(client, form, path=f"/f/{slug}")
        assert signed.headers["Location"].startswith("/f/back-care/sent?t=")
    assert len(sign_ups(session)) == 2


def test_a_sign_up_is_kept_while_the_broker_is_frozen(session, client, form, frozen_redis):
    assert fill_in(client, form).status_code == 303
    assert len(sign_ups(session)) == 1


def test_the_page_says_what_comes_how_often_how_to_leave_and_what_is_kept(client, form):
    page = client.get("/f/back-care").text
    for words in (form.promise, form.rhythm, form.leaving, form.wording, 'href="/privacy"'):
        assert words in page


def test_no_page_sets_a_cookie(client, form):
    for answer in (client.get("/f/back-care"), fill_in(client, form), client.get("/f/back-care/sent")):
        assert "Set-Cookie" not in answer.headers


def test_where_a_reader_came_from_is_carried_through_every_page(session, client, form):
    first = fields_of(client.get("/f/back-care?src=my-post&utm_source=letter&utm_nonsense=1&other=2"))
    assert first["src"] == "my-post"
    assert first["utm_source"] == "letter"
    assert "other" not in first
    again = fields_of(fill_in(client, form, email="no address", **{n: first[n] for n in ("src", "utm_source")}))
    assert (again["src"], again["utm_source"]) == ("my-post", "letter")
    sent = fill_in(client, form, src=again["src"], utm_source=again["utm_source"])
    assert "src=my-post" in sent.headers["Location"]
    (row,) = sign_ups(session)
    assert (row.source, row.utm) == ("my-post", {"utm_source": "letter"})


def test_the_place_may_stand_in_the_address_of_a_pasted_form(session, client, form):
    fill_in(client, form, "/f/back-care?src=elsewhere")
    assert sign_ups(session)[0].source == "elsewhere"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", ""),
        ("email", "no address"),
        ("email", "a" * 288 + "@example.org"),
        ("email", "ada@example.org\r\nBcc: eve@example.org"),
        ("email", "ada\0@example.org"),
        ("email", "=?utf-8?q?ada?=@@example.org"),
        ("first_name", "=?utf-8?q?a=0D=0ABcc:_eve@example.org?="),
        ("first_name", "Ada\r\nBcc: eve@example.org"),
        ("first_name", "Ada\0"),
        ("first_name", "Ada\u2028Eve"),
        ("first_name", "A" * 81),
    ],
)
def test_what_cannot_stand_in_a_mail_is_refused_with_the_form_again(session, client, form, field, typed):
    answer = fill_in(client, form, **{field: typed})
    assert answer.status_code == 422
    assert sign_ups(session) == []
    page = answer.text
    assert re.search(r'role="group"[^>]*tabindex="-1" autofocus', page)
    assert f'href="#{field}-page"' in page
    (tag,) = re.findall(rf'<input[^>]*id="{field}-page"[^>]*>', page)
    assert 'aria-invalid="true"' in tag
    assert f'aria-describedby="{field}-page-error"' in tag


def test_what_was_typed_comes_back_beside_the_error(client, form):
    back = fields_of(fill_in(client, form, email="ada at example.org", first_name="Ada <b>", timezone="Europe/Rome"))
    assert (back["email"], back["first_name"], back["timezone"]) == ("ada at example.org", "Ada <b>", "Europe/Rome")


@pytest.mark.parametrize("name", [EMOJI_NAME, RTL_NAME, "Zoë", "O’Neill-Ng"])
def test_names_of_all_the_world_are_taken(session, client, form, name):
    assert fill_in(client, form, first_name=name).status_code == 303
    assert sign_ups(session)[0].first_name == name


def test_an_unknown_time_zone_is_dropped_and_stops_nobody(session, client, form):
    assert fill_in(client, form, timezone="Mars/Olympus\0").status_code == 303
    assert sign_ups(session)[0].time_zone == ""


@pytest.mark.parametrize("path", ["/f/none-such", "/f/%00", "/f/" + "a" * 5000, "/posts/%00", "/posts/none-such"])
def test_a_form_or_post_that_is_not_there_is_a_friendly_404(client, form, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_an_unknown_form_cannot_be_posted_to(session, client, form):
    assert fill_in(client, form, "/f/none-such").status_code == 404
    assert sign_ups(session) == []


def test_a_sandboxed_frame_may_post(session, client, form):
    token = shown(Purpose.FORM, form.id)
    answer = client.post("/f/back-care", data={"email": "ada@example.org", "token": token}, headers={"Origin": "null"})
    assert answer.status_code == 303


def test_a_slip_of_the_fingers_is_asked_about_and_one_tap_passes(session, client, form):
    asked = fill_in(client, form, email="ada@gmial.com", first_name="Ada", src="my-post")
    assert asked.status_code == 422
    assert "Did you mean" in asked.text
    assert "ada@gmail.com" in asked.text
    assert sign_ups(session) == []
    hidden = fields_of(asked)
    assert client.post("/f/back-care", data=hidden | {"answer": "yes"}).status_code == 303
    assert client.post("/f/back-care", data=hidden | {"answer": "keep"}).status_code == 303
    assert [row.email for row in sign_ups(session)] == ["ada@gmail.com", "ada@gmial.com"]
    assert {row.first_name for row in sign_ups(session)} == {"Ada"}
    assert {row.source for row in sign_ups(session)} == {"my-post"}


def test_whoever_meant_neither_gets_the_form_back_with_all_of_it(session, client, form):
    hidden = fields_of(fill_in(client, form, email="ada@gmial.com", first_name="Ada"))
    back = client.post("/f/back-care", data=hidden | {"answer": "change"})
    assert back.status_code == 422
    assert fields_of(back)["email"] == "ada@gmial.com"
    assert sign_ups(session) == []


def test_one_that_is_closed_offers_those_in_its_language_first_and_then_in_the_practice_s(session, client, form):
    for place, code in enumerate(("es", "en", "es", "fr", "de", "it")):
        a_form(session, slug=f"other-{place}", title=f"Title {code}", language=code)
    form.language, form.state = "es", FormState.RETIRED
    session.commit()
    page = client.get("/f/back-care", headers={"Accept-Language": "de"})
    assert page.status_code == 410
    assert re.findall("Title (..)", page.text) == ["es", "es", "en"]
