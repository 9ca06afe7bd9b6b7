import pytest

from funnel.insight import messages, subjects
from funnel.models.mail import MessageKind, MessageState
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber


def test_the_mails_are_listed_newest_first_with_whom_they_go_to_and_why(session):
    ada = a_subscriber(session, email="ada@example.org")
    first = a_message(session, ada, step_id=a_sequence(session).steps[0].id, state=MessageState.SENT, sent_at=NOW)
    second = a_message(
        session,
        kind=MessageKind.NOTICE,
        template="booking_notice",
        to_address="owner@example.org",
        state=MessageState.DEFERRED,
        reason="greylisted",
        reply="451 4.7.1 later",
        attempts=2,
    )
    listed = messages.listed(session)
    assert [(mail.id, mail.address, mail.name) for mail in listed.rows] == [
        (second.id, "owner@example.org", "Word to the owner of a session asked for"),
        (first.id, "ada@example.org", "Mail 1"),
    ]
    assert (listed.rows[0].reason, listed.rows[0].reply, listed.rows[0].attempts) == (
        "greylisted",
        "451 4.7.1 later",
        2,
    )
    assert listed.total == 2


def test_only_the_states_asked_for_are_listed(session):
    for state in MessageState:
        a_message(session, state=state)
    found = messages.listed(session, (MessageState.FAILED, MessageState.UNKNOWN))
    assert {mail.state for mail in found.rows} == {MessageState.FAILED, MessageState.UNKNOWN}
    assert messages.listed(session).total == len(MessageState)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Plain words", "Plain words"),
        ('{{ first_name | default("Friend") }}, hello', "Friend, hello"),
        ("News from {{ practice_name }}", "News from …"),
        ("Half a {{ tag", "Half a {{ tag"),
    ],
)
def test_a_subject_is_shown_without_anybodys_name(subject, shown):
    assert subjects.shown(subject) == shown
