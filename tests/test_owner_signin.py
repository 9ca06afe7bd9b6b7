"""Signing in and out, and the gate before the owner's pages."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel import create_app, limits
from funnel.db import Session, utc_now
from funnel.local import ports
from funnel.models.house import AuditEntry, Owner, OwnerSession
from funnel.web.owner import accounts, sessions, signin
from tests import owner_data
from tests.owner_data import EMAIL, PASSWORD, press, sign_in

pytestmark = pytest.mark.usefixtures("quick_hashing")


@pytest.fixture
def browser(app):
    with Session.begin() as session:
        accounts.create(session, EMAIL, PASSWORD, utc_now())
    return app.test_client()


def audit() -> list[str]:
    with Session.begin() as session:
        return list(session.scalars(select(AuditEntry.action).where(AuditEntry.owner_id.is_not(None))))


def test_the_right_password_opens_the_overview(browser):
    answer = sign_in(browser)

    assert (answer.status_code, answer.location) == (303, "/owner/")
    assert browser.get("/owner/").status_code == 200
    assert audit() == ["signed in"]


def test_a_wrong_password_says_so_and_keeps_the_address(browser):
    answer = sign_in(browser, password="<b>wrong</b> & long enough")

    assert answer.status_code == 422
    assert signin.WRONG in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert "wrong</b>" not in answer.text
    assert browser.get("/owner/").status_code == 302
    assert audit() == []


@pytest.mark.parametrize(
    "email", ["nobody@example.org", "", "a" * 5000 + "@example.org", "\x00@\r\nexample.org", "Ω@é"]
)
def test_an_unknown_or_broken_address_gets_the_same_answer(browser, email):
    answer = sign_in(browser, email=email)

    assert answer.status_code == 422
    assert signin.WRONG in answer.text


def test_the_sixth_try_for_an_address_waits_whoever_makes_it(browser):
    for _ in range(signin.ADDRESS_LIMIT[0]):
        assert sign_in(browser, password="wrong wrong wrong").status_code == 422

    answer = sign_in(browser, ip="198.51.100.7")

    assert answer.status_code == 429
    assert "Please wait 15 minutes, then try again." in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= signin.ADDRESS_LIMIT[1]
    assert sign_in(browser, email="other@example.org").status_code == 422


def test_a_network_is_limited_whatever_addresses_it_tries(browser, monkeypatch):
    monkeypatch.setattr(signin, "_signs_in", lambda *_: "")  # hashing so often takes its time
    for number in range(signin.NETWORK_LIMIT[0]):
        assert sign_in(browser, email=f"{number}@example.org").status_code == 422

    assert sign_in(browser, email="one-more@example.org").status_code == 429
    assert sign_in(browser, ip="198.51.100.7").status_code == 422


def test_a_sign_in_that_succeeds_forgets_the_tries_before_it(browser):
    for _ in range(signin.ADDRESS_LIMIT[0] - 1):
        sign_in(browser, password="wrong wrong wrong")
    sign_in(browser)

    assert sign_in(browser, password="wrong wrong wrong").status_code == 422


def test_the_limit_holds_without_redis(browser, setting):
    limits._shared.cache_clear()
    setting(REDIS_URL=f"redis://127.0.0.1:{ports.free()}/0")
    try:
        for _ in range(signin.ADDRESS_LIMIT[0]):
            assert sign_in(browser, password="wrong wrong wrong").status_code == 422
        answer = sign_in(browser)
        assert (answer.status_code, "15 minutes" in answer.text) == (429, True)
    finally:
        limits._shared.cache_clear()


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/owner/people?state=active&page=2", "/owner/people?state=active&page=2"),
        ("https://evil.example/owner/", "/owner/"),
        ("//evil.example/owner/", "/owner/"),
        ("/owner/\\evil.example", "/owner/"),
        ("/owner/\r\nLocation: x", "/owner/"),
        ("/f/back-care", "/owner/"),
        ("javascript:alert(1)", "/owner/"),
    ],
)
def test_only_an_owners_page_is_led_on_to(browser, wanted, led_to):
    assert sign_in(browser, next=wanted).location == led_to


def test_a_page_asked_for_without_a_session_comes_after_the_sign_in(browser):
    away = browser.get("/owner/people?state=active")
    shown = browser.get(away.location).text

    assert away.status_code == 302
    assert re.search(r'name="next"[^>]*value="/owner/people\?state=active"', shown)


def test_signing_out_needs_a_button_and_ends_the_session(browser):
    sign_in(browser)
    assert browser.get("/owner/sign-out").status_code == 405

    answer = press(browser, "/owner/sign-out", on="/owner/")

    assert (answer.status_code, answer.location) == (303, "/owner/sign-in")
    assert "You are signed out." in browser.get("/owner/sign-in").text
    assert browser.get("/owner/").status_code == 302
    assert audit() == ["signed in", "signed out"]


def test_a_new_password_ends_every_session(browser):
    sign_in(browser)
    with Session.begin() as session:
        accounts.change_password(session, session.scalars(select(Owner)).one(), "seven green lanterns", utc_now())

    assert browser.get("/owner/").status_code == 302


@pytest.mark.parametrize(
    ("seen", "since", "status"),
    [
        (sessions.IDLE - timedelta(minutes=1), timedelta(hours=13), 200),
        (sessions.IDLE + timedelta(minutes=1), timedelta(hours=13), 302),
        (timedelta(0), sessions.LONGEST - timedelta(minutes=1), 200),
        (timedelta(0), sessions.LONGEST + timedelta(minutes=1), 302),
    ],
)
def test_a_session_ends_after_twelve_idle_hours_or_fourteen_days(browser, seen, since, status):
    sign_in(browser)
    now = utc_now()
    with Session.begin() as session:
        session.execute(update(OwnerSession).values(seen_at=now - seen, created_at=now - since))

    assert browser.get("/owner/").status_code == status


def test_a_page_asked_for_keeps_the_session_fresh_without_a_cookie_or_a_writing_a_page(browser):
    sign_in(browser)
    browser.get("/owner/")  # makes the CSRF token of its buttons
    first = last_seen()
    assert "Set-Cookie" not in browser.get("/owner/").headers
    assert last_seen() == first
    with Session.begin() as session:
        session.execute(update(OwnerSession).values(seen_at=first - sessions.NOTED_EVERY))

    browser.get("/owner/")
    assert last_seen() > first


def last_seen():
    with Session.begin() as session:
        return session.scalars(select(OwnerSession.seen_at)).one()


def test_signing_in_leaves_nothing_of_the_session_before_it(browser):
    browser.get("/owner/sign-in")
    with browser.session_transaction() as kept:
        before = kept["csrf_token"]
        kept["planted"] = "by somebody else"
    sign_in(browser)

    with browser.session_transaction() as kept:
        assert "planted" not in kept
        assert kept.get("csrf_token") != before


def test_a_form_without_its_token_is_shown_again_with_the_address(browser):
    browser.get("/owner/sign-in")

    answer = browser.post("/owner/sign-in", data={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 400
    assert signin.STALE in answer.text
    assert f'value="{EMAIL}"' in answer.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser):
    cookie = sign_in(browser).headers["Set-Cookie"]

    assert cookie.startswith("funnel=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_the_cookie_is_bound_to_the_host_under_https(clean, setting):
    setting(
        BASE_URL="https://mail.example.org",
        SMTP_URL="smtp://127.0.0.1:2525",
        MAIL_FROM="alessandro@example.org",
        PRACTICE_ADDRESS="1 Example Street, London",
    )
    cookie = create_app().test_client().get("/owner/sign-in", base_url="https://mail.example.org").headers["Set-Cookie"]

    assert cookie.startswith("__Host-funnel=")
    assert "Secure" in cookie


def test_a_rehearsal_is_named_on_the_page(browser, setting):
    assert "Rehearsal." not in browser.get("/owner/sign-in").text
    setting(DAY_SECONDS="1")
    assert "A day lasts 1 second here" in browser.get("/owner/sign-in").text


def test_somebody_signed_in_is_shown_on_each_page(app):
    browser = owner_data.signed_in(app)

    assert EMAIL in browser.get("/owner/").text
