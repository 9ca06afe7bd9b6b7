"""`messages unknown`: what may have arrived, and what the operator decides."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import unknown
from funnel.models.house import AuditEntry
from funnel.models.mail import MessageKind, MessageState
from tests.factories import a_message
from tests.mail_cast import a_tip


@pytest.fixture
def run(app):
    def ran(*words, **more):
        result = app.test_cli_runner().invoke(args=("messages", "unknown", *words), **more)
        return result.exit_code, result.output

    return ran


@pytest.fixture
def mails(session):
    """Two tips and a test whose address is gone, all unknown."""
    ended = {"state": MessageState.UNKNOWN, "ended_at": utc_now(), "attempts": 1, "reason": "no answer came"}
    made = [a_tip(session, **ended), a_tip(session, **ended), a_message(session, kind=MessageKind.TEST, **ended)]
    session.commit()
    return made


def states(session, mails):
    session.expire_all()
    return [mail.state.value for mail in mails]


def test_they_are_listed_with_what_is_known(run, mails):
    code, said = run()
    assert code == 0, said
    assert said.count("Mail 2  (no answer came)") == 2
    assert f"(no answer came; cannot be sent again: {unknown.NO_ADDRESS})" in said
    assert run(str(mails[0].id))[1].count("\n") == 1


def test_those_named_are_sent_again_and_the_others_left(run, session, mails):
    code, said = run("--resend", str(mails[0].id), str(mails[2].id), "999")
    assert code == 0, said
    assert "1 to be sent again." in said
    assert f"Left as they were: {mails[2].id}, 999." in said
    assert states(session, mails) == ["queued", "unknown", "unknown"]
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.owner_id is None
    assert f"/owner/unknown/decided/{entry.id}" in said


def test_all_are_taken_as_arrived_once_that_is_confirmed(run, session, mails):
    assert run("--accept", input="n\n")[0] == 1
    assert states(session, mails) == ["unknown"] * 3
    code, said = run("--accept", input="y\n")
    assert (code, "3 taken as arrived." in said) == (0, True)
    assert states(session, mails) == ["sent"] * 3


def test_a_script_is_not_asked_and_nothing_to_do_is_no_entry(run, session):
    assert run("--resend", "--yes") == (0, "0 to be sent again.\n")
    assert not session.scalars(select(AuditEntry)).all()


@pytest.mark.parametrize("words", [("--resend", "--accept"), ("--resend", "x"), ("--resend", str(2**63))])
def test_what_makes_no_sense_is_refused(run, session, mails, words):
    assert run(*words)[0] == 2
    assert states(session, mails) == ["unknown"] * 3
