"""A session that runs out loses no text."""

import html
import re

import pytest
from sqlalchemy import delete, select

from funnel.db import Session, utc_now
from funnel.models.house import Owner, OwnerSession
from funnel.web.owner import accounts, carried, gate, totp
from tests.owner_data import EMAIL, PASSWORD, press, sign_in
from tests.test_owner_codes import code

pytestmark = pytest.mark.usefixtures("quick_hashing")
LONG = "A long text, with “quotes”, <b>tags</b> & ampersands.\r\n\r\nIt has paragraphs.\r\n" * 1000
INVITE = {"email": "eva@example.org", "role": "editor", "words": LONG, "tags": "one"}
TEAM = "/owner/team"


@pytest.fixture
def browser(app):
    with Session.begin() as session:
        accounts.create(session, EMAIL, PASSWORD, utc_now())
    opened = app.test_client()
    sign_in(opened)
    return opened


def end_sessions() -> None:
    with Session.begin() as session:
        session.execute(delete(OwnerSession))


def inputs(page: str) -> dict[str, str]:
    """What a browser would send of the page's hidden fields."""
    found = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    pairs = [(re.search(r'name="([^"]*)"', one)[1], re.search(r'value="([^"]*)"', one, re.DOTALL)) for one in found]
    return {html.unescape(name): html.unescape(value[1]) for name, value in pairs if value}


def sent_without_session(browser, **more):
    end_sessions()
    return browser.post(TEAM, data={**INVITE, "csrf_token": "of the old session", "password": "never kept", **more})


def invited() -> bool:
    with Session.begin() as session:
        return session.scalar(select(Owner.id).where(Owner.email == "eva@example.org")) is not None


def test_what_was_typed_comes_along_through_the_sign_in_and_is_sent_then(browser):
    asked = sent_without_session(browser)
    assert (asked.status_code, gate.ENDED in html.unescape(asked.text)) == (401, True)
    assert "never kept" not in asked.text
    wrong = browser.post("/owner/sign-in", data={**inputs(asked.text), "email": EMAIL, "password": "wrong wrong"})
    assert wrong.status_code == 422

    back = browser.post("/owner/sign-in", data={**inputs(wrong.text), "email": EMAIL, "password": PASSWORD})

    assert "Nothing is lost" in back.text
    assert not invited()
    form = back.text[back.text.index(f'action="{TEAM}"') :]
    found = inputs(form)
    assert found.pop("csrf_token")
    assert found == INVITE
    assert browser.post(TEAM, data=inputs(form)).status_code == 303
    assert invited()


def test_it_comes_along_through_the_second_step_too(browser):
    browser.get("/owner/account/two-step")
    with Session.begin() as session:
        owner = session.scalars(select(Owner)).one()
        totp.begin(session, owner, utc_now())
        owner.totp_since = utc_now()
    asked = sent_without_session(browser)
    half = browser.post("/owner/sign-in", data={**inputs(asked.text), "email": EMAIL, "password": PASSWORD})
    wrong = browser.post("/owner/sign-in/code", data={**inputs(half.text), "code": "000000"})
    assert wrong.status_code == 422
    back = browser.post("/owner/sign-in/code", data={**inputs(wrong.text), "code": code()})

    assert inputs(back.text[back.text.index(f'action="{TEAM}"') :])["words"] == LONG


def test_a_stale_token_loses_nothing_either(browser):
    answer = browser.post(TEAM, data={**INVITE, "csrf_token": "stale"})

    assert (answer.status_code, "Nothing of it is lost" in answer.text) == (400, True)
    form = answer.text[answer.text.index(f'action="{TEAM}"') :]
    assert browser.post(TEAM, data=inputs(form)).location == TEAM
    assert invited()


def test_the_address_asked_for_is_kept_with_its_query(browser):
    end_sessions()
    asked = browser.post("/owner/people/1/booked?from=list", data={"note": "x"})

    assert inputs(asked.text)[carried.PATH] == "/owner/people/1/booked?from=list"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_what_another_site_posts_is_put_before_nobody(browser, origin):
    end_sessions()
    asked = browser.post(TEAM, data=INVITE, headers={"Origin": origin})

    assert asked.location == "/owner/"
    assert "Set-Cookie" not in asked.headers  # of whoever is signed in, the cookie stays
    back = browser.post(
        "/owner/sign-in",
        data={
            **inputs(browser.get("/owner/sign-in").text),
            carried.PATH: TEAM,
            "kept:email": "x",
            "email": EMAIL,
            "password": PASSWORD,
        },
        headers={"Origin": origin},
    )
    assert back.location == "/owner/"


def test_a_browsers_own_origin_is_ours(browser):
    end_sessions()
    asked = browser.post(TEAM, data=INVITE, headers={"Origin": "http://localhost"})

    assert inputs(asked.text)["kept:email"] == INVITE["email"]


@pytest.mark.parametrize("path", ["https://evil.example/owner/", "/f/back-care", "//evil.example", "/owner/\\x"])
def test_it_is_sent_to_no_page_but_the_owners(browser, path):
    end_sessions()
    page = inputs(browser.get("/owner/sign-in").text)
    back = browser.post(
        "/owner/sign-in", data={**page, carried.PATH: path, "kept:x": "y", "email": EMAIL, "password": PASSWORD}
    )

    assert back.location == "/owner/"


def test_what_is_too_much_to_carry_is_said(browser):
    end_sessions()
    answer = browser.post(TEAM, data={"words": "x" * carried.MOST_BYTES})

    assert answer.status_code == 401
    assert gate.TOO_LONG_AWAY in html.unescape(answer.text)
    assert carried.PATH not in inputs(answer.text)


def test_a_file_is_named_as_what_must_be_chosen_anew(browser):
    end_sessions()
    with open(__file__, "rb") as file:
        asked = browser.post(TEAM, data={"email": "x@example.org", "file": (file, "people.csv")})
    back = browser.post("/owner/sign-in", data={**inputs(asked.text), "email": EMAIL, "password": PASSWORD})

    assert "choose it again" in back.text


def test_what_was_typed_is_kept_while_the_password_is_asked_again(browser):
    from tests.test_owner_team import sessions, update

    with Session.begin() as session:
        session.execute(update(OwnerSession).values(proved_at=utc_now() - 2 * sessions.PROVED))
    asked = press(browser, TEAM, on="/owner/account", **INVITE)
    wrong = browser.post("/owner/password-again", data={**inputs(asked.text), "password": "wrong wrong"})
    back = browser.post("/owner/password-again", data={**inputs(wrong.text), "password": PASSWORD})

    assert inputs(back.text[back.text.index(f'action="{TEAM}"') :])["words"] == LONG
    assert press(browser, "/owner/sign-in", email="x").status_code == 422
