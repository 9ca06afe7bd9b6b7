"""The second step of signing in: codes of an authenticator, and recovery codes."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from funnel import tokens
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner, OwnerSession, RecoveryCode
from funnel.web.owner import accounts, sessions, signin, totp
from tests.conftest import NOW
from tests.owner_data import EMAIL, PASSWORD, press, sign_in

pytestmark = pytest.mark.usefixtures("quick_hashing")
TWO_STEP = "/owner/account/two-step"
BEGIN = f"{TWO_STEP}/begin"
CODE = "/owner/sign-in/code"


@pytest.fixture
def browser(app):
    with Session.begin() as session:
        accounts.create(session, EMAIL, PASSWORD, utc_now())
    opened = app.test_client()
    sign_in(opened)
    return opened


def code(at=None, steps: int = 0) -> str:
    with Session.begin() as session:
        secret = totp._secret(session.scalars(select(Owner)).one())
    return pyotp.TOTP(secret).at((at or utc_now()) + steps * totp.STEP)


def turned_on(browser) -> list[str]:
    """Turns it on; the recovery codes as the page shows them. The code that did it is as if of long ago."""
    browser.get(TWO_STEP)
    shown = press(browser, TWO_STEP, on=TWO_STEP, code=code()).text
    with Session.begin() as session:
        session.execute(update(Owner).values(totp_step=1))
    return re.findall(r"<code>([\w-]+)</code>", shown)


def half_way(app, **fields):
    """Another browser, whose password was right."""
    opened = app.test_client()
    return opened, sign_in(opened, **fields)


def test_it_is_on_once_a_code_was_typed_and_not_before(app, browser):
    page = browser.get(TWO_STEP).text
    assert 'src="data:image/svg+xml' in page
    assert sign_in(app.test_client()).location == "/owner/"
    wrong = press(browser, TWO_STEP, on=TWO_STEP, code="000000")
    assert (wrong.status_code, "not right" in wrong.text) == (422, True)
    assert sign_in(app.test_client()).location == "/owner/"

    codes = turned_on(browser)

    assert (len(codes), len(set(codes))) == (totp.RECOVERY_CODES, totp.RECOVERY_CODES)
    assert "One more step" in half_way(app)[1].text
    assert browser.get(TWO_STEP).location == "/owner/account"


def shown(page) -> str:
    return re.search(r'address">([\w ]+)<', page.text)[1].replace(" ", "")


def test_each_beginning_has_a_secret_of_its_own_that_survives_a_wrong_code_and_is_not_kept_in_the_clear(browser):
    first = shown(browser.get(TWO_STEP))
    press(browser, BEGIN, on="/owner/account")
    second = shown(browser.get(TWO_STEP))

    assert first != second
    assert shown(browser.get(TWO_STEP)) == second
    assert shown(press(browser, TWO_STEP, on=TWO_STEP, code="000000")) == second
    with Session.begin() as session:
        assert second.encode() not in session.scalars(select(Owner.totp_secret)).one()


def test_a_secret_seen_long_ago_is_not_shown_again(clean):
    later = NOW + totp.SHOWN_FOR
    with Session.begin() as session:
        owner = accounts.create(session, EMAIL, PASSWORD, NOW)
        first = totp.begun(session, owner, NOW)
        assert totp.begun(session, owner, NOW + timedelta(minutes=1)) == first
        assert totp.pending(session, owner, later) == first
        assert totp.begun(session, owner, later) != first
        owner.totp_secret = tokens.seal(first)  # as it was kept before
        assert totp.begun(session, owner, NOW) != first


def test_whoever_has_it_on_begins_nothing(app, browser):
    turned_on(browser)
    secret = code()
    assert press(browser, BEGIN, on="/owner/account").status_code == 303
    assert code() == secret


def test_nobody_is_signed_in_by_the_password_alone(app, browser):
    turned_on(browser)
    other, _ = half_way(app)

    assert other.get("/owner/").status_code == 302
    assert "six digits" in other.get(CODE).text


def test_the_code_signs_in_and_leads_to_the_page_that_was_wanted(app, browser):
    turned_on(browser)
    other, _ = half_way(app, next="/owner/people")
    answer = press(other, CODE, on=CODE, code=code(), next="/owner/people")

    assert answer.location == "/owner/people"
    assert other.get("/owner/people").status_code == 200


def test_a_code_is_good_once_whoever_saw_it(app, browser):
    turned_on(browser)
    typed = code()
    first, second = half_way(app)[0], half_way(app)[0]

    assert press(first, CODE, on=CODE, code=typed).status_code == 303
    again = press(second, CODE, on=CODE, code=typed)
    assert (again.status_code, "was used already" in again.text) == (422, True)


@pytest.mark.parametrize(("steps", "taken"), [(-2, ""), (-1, "code"), (0, "code"), (1, "code"), (2, "")])
def test_a_code_is_good_one_step_before_and_after_its_own(clean, steps, taken):
    with Session.begin() as session:
        owner = accounts.create(session, EMAIL, PASSWORD, NOW)
        secret = totp.begin(session, owner, NOW)
        assert totp.passes(session, owner, pyotp.TOTP(secret).at(NOW + steps * totp.STEP), NOW) == taken


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "\x00", "0" * 5000])
def test_what_is_no_code_is_refused(clean, typed):
    with Session.begin() as session:
        owner = accounts.create(session, EMAIL, PASSWORD, NOW)
        totp.begin(session, owner, NOW)
        assert totp.passes(session, owner, typed, NOW) == ""


def test_an_earlier_code_is_no_good_after_a_later_one(clean):
    with Session.begin() as session:
        owner = accounts.create(session, EMAIL, PASSWORD, NOW)
        authenticator = pyotp.TOTP(totp.begin(session, owner, NOW))
        assert totp.passes(session, owner, authenticator.at(NOW + totp.STEP), NOW)
        assert not totp.passes(session, owner, authenticator.at(NOW), NOW)


def test_a_recovery_code_signs_in_once_and_says_how_many_are_left(app, browser):
    codes = turned_on(browser)
    other, _ = half_way(app)
    press(other, CODE, on=CODE, code=codes[3].upper().replace("-", " "))

    assert "You have 9 codes left." in other.get("/owner/").text
    again = half_way(app)[0]
    assert press(again, CODE, on=CODE, code=codes[3]).status_code == 422
    with Session.begin() as session:
        used = select(AuditEntry.detail).where(AuditEntry.action == "signed in").order_by(AuditEntry.id.desc())
        assert session.scalars(used.limit(1)).one() == {"step": "recovery code"}
        assert all(codes[0].encode() not in one for one in session.scalars(select(RecoveryCode.hash)))


def test_the_sixth_code_waits(app, browser):
    turned_on(browser)
    other, _ = half_way(app)
    for _ in range(signin.CODE_LIMIT[0]):
        assert press(other, CODE, on=CODE, code="000000").status_code == 422

    answer = press(half_way(app)[0], CODE, on=CODE, code=code())
    assert (answer.status_code, "Please wait" in answer.text) == (429, True)


def test_the_first_step_is_good_for_some_minutes_and_until_the_password_changes(app, browser):
    turned_on(browser)
    late, old = half_way(app)[0], half_way(app)[0]
    token = re.search(r'csrf_token" value="([^"]+)', late.get(CODE).text)[1]
    with late.session_transaction() as kept:
        kept["half_at"] -= signin.HALF_WAY.total_seconds()
    assert late.get(CODE).location == "/owner/sign-in"
    assert late.post(CODE, data={"csrf_token": token, "code": code()}).status_code == 422
    with Session.begin() as session:
        accounts.change_password(session, session.scalars(select(Owner)).one(), "seven green lanterns", utc_now())
    assert old.get(CODE).location == "/owner/sign-in"
    assert app.test_client().get(CODE).location == "/owner/sign-in"


def test_turning_it_off_asks_for_the_password_again_when_that_is_long_ago(app, browser):
    turned_on(browser)
    with Session.begin() as session:
        session.execute(update(OwnerSession).values(proved_at=utc_now() - sessions.PROVED - timedelta(seconds=1)))
    off = f"{TWO_STEP}/off"
    asked = browser.get(off).location
    assert asked == f"/owner/password-again?next={off}"
    wrong = press(browser, "/owner/password-again", on=asked, password="wrong wrong wrong", next=off)
    assert (wrong.status_code, "not your password" in wrong.text) == (422, True)
    assert press(browser, "/owner/password-again", on=asked, password=PASSWORD, next=off).location == off

    press(browser, off, on=off)

    assert sign_in(app.test_client()).location == "/owner/"


def test_the_password_again_is_not_guessed(browser):
    for _ in range(5):
        press(browser, "/owner/password-again", on="/owner/password-again", password="wrong wrong wrong")

    answer = press(browser, "/owner/password-again", on="/owner/password-again", password=PASSWORD)
    assert (answer.status_code, "Please wait" in answer.text) == (429, True)


def test_new_recovery_codes_end_the_old_ones_and_are_given_as_a_file(app, browser):
    old = turned_on(browser)
    anew = f"{TWO_STEP}/recovery"
    fresh = re.findall(r"<code>([\w-]+)</code>", press(browser, anew, on=anew).text)
    token = re.search(r'csrf_token" value="([^"]+)', browser.get("/owner/account").text)[1]

    got = browser.post(f"{TWO_STEP}/recovery.txt", data={"csrf_token": token, "recovery": fresh})

    assert "attachment" in got.headers["Content-Disposition"]
    assert set(fresh) <= set(got.text.split())
    refused = browser.post(f"{TWO_STEP}/recovery.txt", data={"csrf_token": token, "recovery": old})
    assert refused.status_code == 400
    assert press(half_way(app)[0], CODE, on=CODE, code=old[0]).status_code == 422


def test_nothing_is_turned_on_twice_nor_renewed_while_off(browser):
    anew = f"{TWO_STEP}/recovery"
    assert press(browser, anew, on=anew).location == "/owner/account"
    turned_on(browser)
    assert press(browser, TWO_STEP, on="/owner/account", code="000000").location == "/owner/account"
    for _ in range(signin.CODE_LIMIT[0] + 1):
        answer = press(browser, TWO_STEP, on="/owner/account", code="000000")
    assert answer.status_code in {302, 303, 429}
