"""`flask sending`: what is held back, and how it goes on."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import guard, rests
from funnel.models.house import AuditEntry
from tests.factories import a_message, a_subscriber


@pytest.fixture
def run(app):
    def ran(*words):
        result = app.test_cli_runner().invoke(args=("sending", *words))
        return result.exit_code, result.output

    return ran


@pytest.fixture
def rest(session):
    def begun(name, why="no"):
        rests.begin(session, name, why, utc_now(), 300, 3600)
        session.commit()

    return begun


def test_with_nothing_held_back_it_says_so(run):
    assert run("status") == (0, "Nothing is held back: mails leave as they are due.\n")
    assert run("resume") == (0, "Nothing was held back.\n")


def test_what_is_held_back_is_shown_with_its_name_and_what_waits_before_it(run, rest, session):
    a_message(session, a_subscriber(session), reason="waits: no")
    rest("stream:bulk", "10 refusals in a row about us: 550 5.7.1 Spam")
    code, said = run("status")
    assert code == 0
    waiting, paused = said.splitlines()
    assert waiting.split() == ["1", "queued", "(waits:", "no)"]
    assert paused.startswith("Tips and newsletters are paused since ")
    assert paused.endswith(": 10 refusals in a row about us: 550 5.7.1 Spam  [stream:bulk]")


def test_one_goes_on_and_the_others_do_not(run, rest, session):
    rest("stream:bulk")
    rest("domain:example.org")
    assert run("resume", "domain:example.org") == (0, "domain:example.org: goes on.\n")
    assert [row.name for row in rests.resting(session, utc_now())] == ["stream:bulk"]
    noted = session.scalars(select(AuditEntry)).one()
    assert (noted.owner_id, noted.action, noted.detail) == (None, "ended a rest", {"rest": "domain:example.org"})


def test_all_go_on_the_guard_first(run, rest, session):
    person = a_subscriber(session)
    mail = a_message(session, person, due_at=utc_now() - timedelta(hours=1))
    guard.halt(session, guard.RESTORED, utc_now())
    rest("stream:bulk")
    code, said = run("resume")
    doubted = "1 mails may have been sent before the restore, and are unknown now."
    assert (code, said.splitlines()) == (0, [doubted, "guard: goes on.", "stream:bulk: goes on."])
    assert rests.resting(session, utc_now()) == []
    session.expire_all()
    assert mail.state == "unknown"


def test_for_whoever_knows_that_nothing_was_sent_what_waits_is_sent(run, session):
    mail = a_message(session, a_subscriber(session), due_at=utc_now() - timedelta(hours=1))
    guard.halt(session, guard.RESTORED, utc_now())
    session.commit()
    assert run("resume", "guard", "--nothing-was-sent") == (0, "guard: goes on.\n")
    session.expire_all()
    assert (mail.state, rests.resting(session, utc_now())) == ("queued", [])


def test_what_is_not_held_back_is_refused(run, rest, session):
    rest("stream:bulk")
    code, said = run("resume", "stream:urgent")
    assert code == 1
    assert "stream:urgent is not held back" in said
    assert rests.resting(session, utc_now() + timedelta(seconds=1))
