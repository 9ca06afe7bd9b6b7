"""Two owners who press at the very same moment: whoever comes second hears of the first, and overwrites nothing."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.models.house import Owner, Role
from funnel.web.owner import accounts, relays, settings
from tests.owner_data import EMAIL, press, signed_in
from tests.test_owner_settings import GOOD

WORDS = {"ask": "Ready?", "not_you": "Close it.", "done": "In!", "next": "Soon."}
RELAY = {"host": "localhost", "port": "2525", "encryption": "never", "username": "", "password": "", "save": "1"}
EVA = "eva@example.org"


@pytest.fixture
def desk(app):
    return signed_in(app)


def waits_for_a_lock():
    with Session() as own:
        return own.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))


def second(session, act):
    """What `act` comes to, begun while `session` is under way and ended after its commit."""
    with ThreadPoolExecutor(1) as other:
        acting = other.submit(act)
        while not waits_for_a_lock() and not acting.done():
            pass
        session.commit()
        return acting.result(30)


@pytest.mark.parametrize(
    ("page", "typed", "name", "value"),
    [
        ("/owner/settings/practice", GOOD, "PRACTITIONER_NAME", "Anna"),
        ("/owner/settings/words/page", WORDS, "words:page", {**WORDS, "done": "Welcome!"}),
        ("/owner/settings/relays/new", RELAY, stored.RELAYS, ["smtp://other.localhost"]),
    ],
)
def test_what_was_saved_a_moment_before_is_not_overwritten(desk, page, typed, name, value):
    shown = desk.get(page).text
    fields = {one: re.search(rf'name="{one}" value="([^"]*)"', shown)[1] for one in ("mark", "csrf_token")}
    with Session() as session:
        stored.keep(session, {name: stored.sealed(value) if name == stored.RELAYS else value}, utc_now())
        answer = second(session, lambda: desk.post(page, data={**typed, **fields}))
    assert (answer.status_code, settings.MEANWHILE in answer.text) == (409, True)
    with Session() as session:
        kept = stored.rows(session)[name]
    assert (stored.relay_urls(kept) if name == stored.RELAYS else kept) == value


def test_a_mail_server_is_not_removed_that_was_changed_a_moment_before(desk):
    press(desk, "/owner/settings/relays/new", on="/owner/settings/relays/new", **RELAY, mark=mark(desk, "new"))
    fields = {"mark": mark(desk, "1"), "csrf_token": mark(desk, "1", "csrf_token")}
    with Session() as session:
        stored.keep(session, {stored.RELAYS: stored.sealed(["smtp://other.localhost"])}, utc_now())
        second(session, lambda: desk.post("/owner/settings/relays/1/remove", data=fields))
    assert relays.CHANGED_SINCE in desk.get("/owner/settings/relays").text


def mark(desk, which, name="mark"):
    return re.search(rf'name="{name}" value="([^"]*)"', desk.get(f"/owner/settings/relays/{which}").text)[1]


def test_what_does_not_go_with_what_came_since_is_not_taken_back(desk, setting):
    real = {**RELAY, "host": "mail.example.org", "encryption": "required"}
    press(desk, "/owner/settings/relays/new", on="/owner/settings/relays/new", **real, mark=mark(desk, "new"))
    removed = press(
        desk, "/owner/settings/relays/1/remove", on="/owner/settings/relays/1", mark=mark(desk, "1")
    ).location.rpartition("=")[2]
    setting(DAY_SECONDS="1")
    press(desk, f"/owner/settings/undo/{removed}", on="/owner/settings/relays")
    assert "do not go together. a rehearsal would mail real people" in desk.get("/owner/settings/relays").text
    with Session() as session:
        assert stored.RELAYS not in stored.rows(session)


def invited(session, me):
    return accounts.invite(session, EVA, Role.EDITOR, me, utc_now())


def created(session, me):
    return accounts.create(session, EVA, "seven green lanterns", utc_now())


def moved(session, me):
    return accounts.change_address(session, session.get_one(Owner, me), EVA, utc_now())


@pytest.mark.parametrize("act", [invited, created, moved])
@pytest.mark.usefixtures("quick_hashing")
def test_of_two_who_want_one_address_the_second_hears_why_not(clean, act):
    with Session.begin() as session:
        me = accounts.create(session, EMAIL, "seven green lanterns", utc_now()).id

    def want():
        with Session.begin() as other:
            act(other, me)

    with Session() as session:
        created(session, None)
        with pytest.raises(accounts.AccountError, match=r"may sign in already|is an owner already|somebody else"):
            second(session, want)
    with Session() as session:
        assert len(session.scalars(select(Owner).where(Owner.email == EVA)).all()) == 1
