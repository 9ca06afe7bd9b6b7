"""One's own account: password, address, and where one is signed in."""

import pytest
from sqlalchemy import select

from funnel.audience.visit import Visit
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner, OwnerSession
from funnel.models.mail import Message
from funnel.web.owner import accounts, sessions
from tests.owner_data import EMAIL, PASSWORD, press, sign_in

pytestmark = pytest.mark.usefixtures("quick_hashing")
ACCOUNT = "/owner/account"
NEW = "seven green lanterns"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


@pytest.fixture
def app_with_owner(app):
    with Session.begin() as session:
        accounts.create(session, EMAIL, PASSWORD, utc_now())
    return app


@pytest.fixture
def browser(app_with_owner):
    opened = app_with_owner.test_client()
    sign_in(opened)
    return opened


@pytest.fixture
def other(app_with_owner):
    """Another device of the same owner."""
    opened = app_with_owner.test_client()
    opened.environ_base["HTTP_USER_AGENT"] = PHONE
    sign_in(opened)
    return opened


def change(browser, what, **fields):
    return press(browser, f"{ACCOUNT}/{what}", on=ACCOUNT, **{"password": PASSWORD, **fields})


def told() -> list[str]:
    with Session.begin() as session:
        return list(session.scalars(select(Message.to_address).where(Message.template == "account_changed")))


def test_a_new_password_signs_out_everywhere_else_and_the_owner_hears_of_it(browser, other):
    answer = change(browser, "password", new_password=NEW, new_password_again=NEW)

    assert answer.location == ACCOUNT
    assert browser.get(ACCOUNT).status_code == 200
    assert other.get(ACCOUNT).status_code == 302
    assert told() == [EMAIL]
    assert sign_in(other, password=NEW).location == "/owner/"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"password": "wrong wrong wrong"}, "present password is not right"),
        ({"new_password_again": "other"}, "are not the same"),
        ({"new_password": "short", "new_password_again": "short"}, "shorter than 12"),
    ],
)
def test_a_password_is_not_changed_without_the_present_one_or_to_a_poor_one(browser, other, fields, why):
    answer = change(browser, "password", **{"new_password": NEW, "new_password_again": NEW, **fields})

    assert (answer.status_code, why in answer.text) == (422, True)
    assert (browser.get(ACCOUNT).status_code, other.get(ACCOUNT).status_code) == (200, 200)
    assert told() == []


def test_the_present_password_is_not_guessed_here_either(browser):
    for _ in range(5):
        change(browser, "password", password="wrong wrong wrong")

    assert "one try too many" in change(browser, "password", new_password=NEW, new_password_again=NEW).text


def test_a_changed_address_signs_in_and_the_old_one_is_told(browser):
    change(browser, "address", email="A.New@example.org")

    assert told() == [EMAIL]
    assert sign_in(browser, email="a.new@example.org").location == "/owner/"
    assert sign_in(browser).status_code == 422


@pytest.mark.parametrize(("email", "why"), [("none", "not a mail address"), ("eva@example.org", "somebody else")])
def test_an_address_that_is_none_or_anothers_is_refused_and_stays_typed(browser, email, why):
    with Session.begin() as session:
        accounts.create(session, "eva@example.org", PASSWORD, utc_now())
    answer = change(browser, "address", email=email)

    assert (answer.status_code, why in answer.text, f'value="{email}"' in answer.text) == (422, True, True)


def test_each_session_is_shown_with_its_device_and_a_cut_network(browser, other):
    page = browser.get(ACCOUNT).text

    assert "Safari on iPhone" in page
    assert "from 192.0.2.0/24" in page
    assert page.count("this one") == 1


def test_one_session_is_ended_and_the_others_go_on(browser, other):
    with Session.begin() as session:
        mine, theirs = session.scalars(select(OwnerSession.id).order_by(OwnerSession.id))
    press(browser, f"{ACCOUNT}/sessions/{theirs}/end", on=ACCOUNT)
    press(browser, f"{ACCOUNT}/sessions/{mine}/end", on=ACCOUNT)  # this one is ended by signing out

    assert (browser.get(ACCOUNT).status_code, other.get(ACCOUNT).status_code) == (200, 302)


def test_everywhere_else_is_signed_out_at_once(browser, other, app_with_owner):
    stranger = app_with_owner.test_client()
    with Session.begin() as session:
        accounts.create(session, "eva@example.org", PASSWORD, utc_now())
    sign_in(stranger, email="eva@example.org")
    press(browser, f"{ACCOUNT}/sessions/end", on=ACCOUNT)

    assert [one.get(ACCOUNT).status_code for one in (browser, other, stranger)] == [200, 302, 200]
    press(browser, f"{ACCOUNT}/sessions/end", on=ACCOUNT)
    assert "signed in nowhere else" in browser.get(ACCOUNT).text
    with Session.begin() as session:
        done = session.scalars(select(AuditEntry.action)).all()
    assert done.count("signed out everywhere else") == 1


def test_a_cookie_is_kept_as_a_hash_and_old_sessions_are_swept_at_the_next_sign_in(clean):
    with Session.begin() as session:
        owner = accounts.create(session, EMAIL, PASSWORD, utc_now() - 2 * sessions.LONGEST)
        cookie = sessions.begin(session, owner, Visit("", ""), utc_now() - 2 * sessions.LONGEST)
        assert cookie.encode() not in session.scalars(select(OwnerSession.hash)).one()
        sessions.begin(session, owner, Visit("", ""), utc_now())
        assert len(session.scalars(select(OwnerSession)).all()) == 1
        assert sessions.found(session, cookie, utc_now()) is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Mac"),
        ("curl/8", "A browser"),
    ],
)
def test_a_browser_is_called_as_people_call_it(agent, words):
    assert sessions.device(agent) == words


def test_a_session_of_somebody_removed_is_over(browser):
    with Session.begin() as session:
        session.scalars(select(Owner)).one().removed_at = utc_now()

    assert browser.get(ACCOUNT).status_code == 302
