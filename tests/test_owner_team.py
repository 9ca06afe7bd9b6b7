"""The people who may sign in: invited, given a role, removed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel import tokens
from funnel.db import Session, utc_now
from funnel.house import entry
from funnel.models.house import AuditEntry, Owner, OwnerSession, Role
from funnel.models.mail import Message
from funnel.tokens import Purpose
from funnel.web.owner import accounts, sessions, totp
from tests.owner_data import PASSWORD, press, sign_in, signed_in

pytestmark = pytest.mark.usefixtures("quick_hashing")
EVA = "eva@example.org"
TEAM = "/owner/team"


@pytest.fixture
def desk(app):
    return signed_in(app)


def somebody(email: str = EVA) -> Owner:
    with Session(expire_on_commit=False) as session:
        return session.scalars(select(Owner).where(Owner.email == email)).one()


def invited(desk, role: str = "editor", email: str = EVA):
    return press(desk, TEAM, on=TEAM, email=email, role=role)


def came(desk, role: str = "editor", email: str = EVA) -> Owner:
    """Somebody invited, who has set a password."""
    invited(desk, role, email)
    with Session.begin() as session:
        owner = session.scalars(select(Owner).where(Owner.email == email)).one()
        accounts.change_password(session, owner, PASSWORD, utc_now())
    return somebody(email)


def mails() -> list[tuple[str, str]]:
    with Session.begin() as session:
        return [(one.template, one.to_address) for one in session.scalars(select(Message).order_by(Message.id))]


def audit() -> list[tuple[str, int]]:
    with Session.begin() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.detail.get("owner")) for entry in entries if entry.owner_id == 1]


def test_an_invitation_is_mailed_and_its_link_lets_a_password_be_set_and_sign_in(app, desk):
    assert invited(desk).status_code == 303
    eva = somebody()
    assert (eva.role, eva.password_hash, mails()) == (Role.EDITOR, "", [("invitation", EVA)])
    link = "/owner/enter/" + entry.token(eva, Purpose.INVITE, utc_now())
    browser = app.test_client()
    assert EVA in browser.get(link).text

    answer = press(browser, link, on=link, password=PASSWORD, password_again=PASSWORD)

    assert answer.location == "/owner/sign-in"
    assert sign_in(browser, email=EVA).location == "/owner/"
    assert browser.get(link).status_code == 404  # once
    assert ("invited somebody to sign in", eva.id) in audit()


def test_nobody_signs_in_by_an_invitation_alone(app, desk):
    invited(desk)

    assert sign_in(app.test_client(), email=EVA, password="").status_code == 422


def test_an_address_that_is_none_or_may_sign_in_already_is_refused_and_stays_typed(desk):
    came(desk)
    for email, why in (("nobody", "not a mail address"), (EVA, "may sign in already")):
        answer = invited(desk, email=email)
        assert (answer.status_code, why in answer.text, f'value="{email}"' in answer.text) == (422, True, True)
    assert desk.post(TEAM, data={}).status_code == 400


def test_a_made_up_role_is_refused(desk):
    assert invited(desk, role="god").status_code == 400


def test_who_did_not_come_is_invited_again_and_the_former_link_ends(app, desk):
    invited(desk)
    former = entry.token(somebody(), Purpose.INVITE, utc_now())
    invited(desk, role="viewer")

    assert app.test_client().get(f"/owner/enter/{former}").status_code == 404
    assert (somebody().role, len(mails())) == (Role.VIEWER, 2)


def test_a_role_is_changed(desk):
    eva = came(desk)
    press(desk, f"{TEAM}/{eva.id}/role", on=TEAM, role="viewer")

    assert somebody().role == Role.VIEWER
    assert ("changed what somebody may do", eva.id) in audit()


def test_whoever_is_removed_is_signed_out_at_once_and_may_be_asked_back(app, desk):
    eva = came(desk)
    browser = app.test_client()
    sign_in(browser, email=EVA)
    ask = f"{TEAM}/{eva.id}/remove"
    assert EVA in desk.get(ask).text
    press(desk, ask, on=ask)

    assert browser.get("/owner/").status_code == 302
    assert sign_in(browser, email=EVA).status_code == 422
    assert f"<strong>{EVA}" not in desk.get(TEAM).text
    assert desk.get(ask).status_code == 404
    invited(desk)
    assert (somebody().id, somebody().removed_at) == (eva.id, None)


@pytest.mark.parametrize("press_on", ["role", "remove"])
def test_the_last_owner_can_be_neither_removed_nor_made_less(desk, press_on):
    with Session.begin() as session:  # signed_in leaves the hash out
        session.execute(update(Owner).values(password_hash="some"))
    press(desk, f"{TEAM}/1/{press_on}", on=TEAM, role="viewer")

    assert "owner first" in (page := desk.get(TEAM).text) or "last owner" in page
    one = somebody("alessandro@example.org")
    assert (one.role, one.removed_at) == (Role.OWNER, None)


def test_an_owner_who_was_only_invited_does_not_count_as_another(desk):
    with Session.begin() as session:
        session.execute(update(Owner).values(password_hash="some"))
    invited(desk, role="owner")
    press(desk, f"{TEAM}/1/role", on=TEAM, role="viewer")

    assert somebody("alessandro@example.org").role == Role.OWNER


def test_a_colleagues_second_step_is_turned_off_and_they_hear_of_it(desk):
    eva = came(desk)
    with Session.begin() as session:
        owner = session.get_one(Owner, eva.id)
        totp.begin(session, owner, utc_now())
        owner.totp_since = utc_now()
    ask = f"{TEAM}/{eva.id}/two-step"
    assert "Turn two steps off" in desk.get(TEAM).text
    press(desk, ask, on=ask)

    assert (somebody().totp_since, somebody().totp_secret) == (None, None)
    assert ("account_changed", EVA) in mails()
    assert ("turned somebody’s two-step sign-in off", eva.id) in audit()


def test_roles_are_changed_only_by_who_typed_the_password_lately(desk):
    eva = came(desk)
    with Session.begin() as session:
        session.execute(update(OwnerSession).values(proved_at=utc_now() - sessions.PROVED - timedelta(minutes=1)))

    answer = press(desk, f"{TEAM}/{eva.id}/role", on="/owner/account", role="viewer")

    assert "Your password, please" in answer.text
    assert re.search(rf'name="kept_path" value="{TEAM}/{eva.id}/role"', answer.text)
    assert somebody().role == Role.EDITOR
    assert desk.get(f"{TEAM}/{eva.id}/remove").location == f"/owner/password-again?next={TEAM}/{eva.id}/remove"


def test_invitations_are_limited(desk):
    for number in range(11):
        invited(desk, email=f"{number}@example.org")

    assert "ten invitations within an hour" in desk.get(TEAM).text
    assert len(mails()) == 10


@pytest.mark.parametrize(
    ("purpose", "life"), [(Purpose.INVITE, timedelta(days=7)), (Purpose.FORGOTTEN, timedelta(hours=1))]
)
def test_a_link_into_an_account_is_good_for_its_time(desk, purpose, life):
    eva, now = came(desk), utc_now()
    token = entry.token(eva, purpose, now)
    with Session.begin() as session:
        assert entry.opened(session, token, now + life - timedelta(seconds=2))
        assert not entry.opened(session, token, now + life)
        assert not entry.opened(session, "made-up", now)
        assert not entry.opened(session, tokens.sign(Purpose.GO, eva.id, 9_999_999_999), now)
        assert not entry.opened(session, tokens.sign(purpose, 77, 9_999_999_999), now)
