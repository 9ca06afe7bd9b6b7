import random

import pytest

from funnel.insight import counts, messages, subjects, tallies
from funnel.insight.whereabouts import Where
from funnel.models.mail import MessageKind, MessageState
from funnel.models.tallies import BLOCK
from tests.conftest import NOW
from tests.factories import a_claim, a_message, a_sequence, a_subscriber


def listed(session, states=()):
    tallies.freshen(session, NOW)
    return messages.listed(session, states)


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
    found = listed(session)
    assert [(mail.id, mail.address, mail.name) for mail in found.rows] == [
        (second.id, "owner@example.org", "Word to the owner of a session asked for"),
        (first.id, "ada@example.org", "Mail 1"),
    ]
    assert (found.rows[0].reason, found.rows[0].reply, found.rows[0].attempts) == (
        "greylisted",
        "451 4.7.1 later",
        2,
    )
    assert found.total == 2


def test_what_is_being_sent_is_told_from_what_waits(session):
    sending, waits = a_message(session), a_message(session)
    put_off = [a_message(session, state=MessageState.DEFERRED) for _ in range(2)]
    a_claim(session, sending, put_off[0])
    assert [mail.state for mail in listed(session).rows] == [
        Where.DEFERRED,
        Where.SENDING,
        Where.QUEUED,
        Where.SENDING,
    ]
    for where, expected in (
        ([Where.SENDING], [put_off[0], sending]),
        ([Where.QUEUED], [waits]),
        ([Where.DEFERRED], [put_off[1]]),
        ([Where.SENDING, Where.QUEUED], [put_off[0], waits, sending]),
    ):
        found = listed(session, where)
        assert ([mail.id for mail in found.rows], found.total) == ([mail.id for mail in expected], len(expected))


def test_only_the_states_asked_for_are_listed(session):
    for state in MessageState:
        a_message(session, state=state)
    found = listed(session, (Where.FAILED, Where.UNKNOWN))
    assert {mail.state for mail in found.rows} == {Where.FAILED, Where.UNKNOWN}
    for where in set(Where) - {Where.SENDING}:
        assert [mail.state for mail in listed(session, [where]).rows] == [where]
    assert listed(session).total == len(MessageState)


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


def every_page(session, states=()):
    first = messages.listed(session, states)
    return [mail.id for page in range(1, first.pages + 1) for mail in messages.listed(session, states, page).rows]


def test_pages_that_are_found_by_the_tallies_miss_no_mail_and_tell_none_twice(session):
    dice, made = random.Random(7), []
    ended = (MessageState.SENT, MessageState.FAILED, MessageState.SKIPPED)
    for block, mails in ((1, 3), (2, 130), (4, 1), (9, 60)):
        for number in dice.sample(range(BLOCK), mails):
            made += [a_message(session, id=block * BLOCK + number, state=dice.choice(ended))]
    counts.count_mails(session, range(10))
    newest = sorted(made, key=lambda mail: -mail.id)
    assert every_page(session) == [mail.id for mail in newest]
    for states in ((Where.FAILED,), (Where.SENT, Where.SKIPPED), (Where.EXPIRED,)):
        wanted = [mail.id for mail in newest if mail.state.value in states]
        assert (every_page(session, states), messages.listed(session, states).total) == (wanted, len(wanted))


def test_a_mail_that_no_tally_knows_yet_stands_on_the_first_page(session):
    a_message(session, state=MessageState.SENT)
    tallies.refresh(session, NOW)
    newest = a_message(session, state=MessageState.FAILED)
    assert [mail.id for mail in messages.listed(session, [Where.FAILED]).rows] == [newest.id]
