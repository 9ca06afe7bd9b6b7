"""Sign-ups settled together: what comes of each is what would have come of it alone, after those before it."""

import threading
from datetime import timedelta
from functools import partial
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from funnel import tokens
from funnel.audience import answer, domains, ledger, mailbox, settle, suppression
from funnel.audience.visit import truncated
from funnel.db import Session
from funnel.models.door import CausedMail, MailServer, Proof
from funnel.models.mail import Message
from funnel.models.people import Consent, SignUp, SignUpState, Subscriber, SubscriberState, SuppressionReason
from funnel.models.sending import QueueEntry
from tests.audience_cast import count, slow_locks  # noqa: F401 (a fixture)
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up, a_subscriber

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TIGHT = {"LIMIT_MINUTE": "6", "LIMIT_FORM_MINUTE": "4", "LIMIT_NETWORK_HOUR": "1", "LIMIT_NETWORK_DAY": "2"}
BOTHERED = ("ada@example.org", "ADA@example.org", "a.d.a@gmail.com", "ada@googlemail.com")
MARKED = ("in@example.org", "told@example.org", "left@example.org", "late@example.org", "erased@example.org")
LOST = ("bounced@example.org", "ada@gone.example", "often@example.org", "often+x@example.org")
NETWORKS = ("", "192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "2001:db8::/64", "2001:db8:0:1::/64")
AGO = [MINUTE] * 10 + [2 * HOUR, 2 * DAY, 8 * DAY]
STATES = [SignUpState.NEW] * 10 + [SignUpState.SETTLED, SignUpState.REFUSED]


# All that is kept, each row under a name that both ways share.
ROWS = [
    select(SignUp, Subscriber.email).outerjoin(Subscriber, Subscriber.id == SignUp.subscriber_id).order_by(SignUp.id),
    select(Subscriber).order_by(Subscriber.address_hash),
    select(Consent, Subscriber.email).join(Subscriber, Subscriber.id == Consent.subscriber_id).order_by("sign_up_id"),
    select(CausedMail).order_by("mailbox_hash", "template", "at", "id"),
    select(Message, Subscriber.email).join(Subscriber, Subscriber.id == Message.subscriber_id).order_by("key"),
    select(QueueEntry, Message.key).join(Message, Message.id == QueueEntry.message_id).order_by("key"),
]
DRAWN = {"message_id", "subscriber_id"}  # numbers of what is made, which go on after a rollback


@pytest.fixture
def crowded(session, setting):
    """A world in which some have had enough, are in, are gone, or are not to be mailed."""
    setting(**TIGHT)
    domains.keep(session, "gone.example", MailServer.NONE, NOW - MINUTE)
    told = a_subscriber(session, email="told@example.org")
    for email, template, ago in (
        (told.email, "already_in", HOUR),
        ("late@example.org", "confirmation", 5 * MINUTE),
        *[("often@example.org", "confirmation", hours * HOUR) for hours in (1, 2, 3)],
    ):
        ledger.write(session, mailbox.hash_of(email), template, NOW - ago)
    a_subscriber(session, email="in@example.org")
    a_subscriber(session, email="late@example.org", state=SubscriberState.PENDING)
    a_subscriber(session, email="left@example.org", state=SubscriberState.UNSUBSCRIBED, ended_at=NOW - DAY)
    for email, reason in (("erased", SuppressionReason.ERASURE), ("bounced", SuppressionReason.BOUNCE)):
        suppression.suppress(session, tokens.address_hash(f"{email}@example.org"), reason, NOW)
    return session


@settings(max_examples=8, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9))
def test_a_crowd_is_settled_as_one_after_the_other_would_be(crowded, seed):
    session, dice, world = crowded, Random(seed), crowded.begin_nested()
    forms = [a_form(session), a_form(session)]
    ids = [_comes(session, dice, forms, number) for number in range(dice.randint(20, 50))]
    at_once = dice.randint(10, 50)
    found = []
    for way in (_one_by_one, partial(_together, at_once=at_once)):
        start = session.begin_nested()
        way(session, ids)
        session.flush()
        found.append([_told(row) for rows in ROWS for row in session.execute(rows)])
        start.rollback()
    world.rollback()
    assert found[0] == found[1]


def _comes(session, dice, forms, number) -> int:
    known = dice.random() < 0.3
    email = dice.choice(BOTHERED + MARKED + LOST) if known else f"reader-{number}@example.org"
    network = dice.choice((*NETWORKS, *[f"203.0.113.{number}"] * 9))
    row = a_sign_up(
        session,
        dice.choice(forms),
        email=email,
        mailbox_hash=mailbox.mark(email),
        network=network or None,
        wide=truncated(network) or None,
        proof=dice.choice([*Proof, Proof.NONE, Proof.NONE]),
        state=dice.choice(STATES),
        signs=["hasty"] * dice.randint(0, 1),
        created_at=NOW - dice.choice(AGO) + timedelta(milliseconds=number),
    )
    return row.id


def _one_by_one(session, ids):
    for number in ids:
        settle.settle(session, number, NOW)


def _together(session, ids, at_once):
    for first in range(0, len(ids), at_once):
        outcome = settle.settle_all(session, ids[first : first + at_once], NOW)
        settle.refuse_others(session, outcome.full, NOW)


def _told(row) -> list[object]:
    """All that stands in it, but for numbers drawn."""
    found = []
    for part in row:
        if not hasattr(part, "__table__"):
            found.append(part)
            continue
        columns = part.__table__.columns.keys()
        drawn = DRAWN if isinstance(part, SignUp) else {*DRAWN, "id"}
        found += [(name, getattr(part, name)) for name in columns if name not in drawn]
    return found


def test_two_crowds_and_one_alone_at_once_keep_every_limit_and_wait_for_no_circle(session, setting, slow_locks):
    """Each of 39 mailboxes twice, from three networks of one street, in orders that would meet head-on.

    Odd numbers: with even ones, no two that work at once would have a mailbox in common.
    """
    setting(LIMIT_NETWORK_HOUR="3")
    form, ids = a_form(session), []
    for number in range(80):
        network = f"192.0.2.{number % 3}"
        email = f"reader-{number % 39}@example.org"
        ids.append(a_sign_up(session, form, email=email, network=network, wide=truncated(network)).id)
    session.commit()
    begun, errors = threading.Barrier(3), []

    def work(crowds):
        begun.wait()
        try:
            for crowd in crowds:
                with Session.begin() as own:
                    settle.settle_all(own, crowd, NOW)
        except Exception as error:
            errors.append(error)

    turns = [[ids[0:40:2], ids[40:80:2]], [ids[79:39:-2], ids[39:0:-2]], [[number] for number in reversed(ids)]]
    threads = [threading.Thread(target=work, args=(crowds,)) for crowds in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert count(session, SignUp, SignUp.state == SignUpState.NEW) == 0
    settled = select(SignUp.network, func.count()).where(SignUp.state == SignUpState.SETTLED).group_by(SignUp.network)
    assert dict(session.execute(settled).all()) == {f"192.0.2.{number}": 3 for number in range(3)}
    assert count(session, Message) == count(session, CausedMail) == count(session, Subscriber) == 9


def test_who_only_tapped_waits_behind_all_others(session, monkeypatch):
    form = a_form(session)
    tapped, plain, solved = (
        a_sign_up(session, form, proof=proof).id for proof in (Proof.TAP, Proof.NONE, Proof.PUZZLE)
    )
    assert settle.waiting(session) == [plain, solved, tapped]
    assert settle.waiting(session, [plain]) == [solved, tapped]
    monkeypatch.setattr(settle, "AT_ONCE", 1)
    assert settle.waiting(session) == [plain]


def test_others_are_refused_so_many_at_once_by_what_was_full_first(session):
    form = a_form(session)
    ids = [a_sign_up(session, form, email="ada@example.org", network=f"192.0.2.{n}").id for n in range(12)]
    outcome = settle.settle_all(session, ids[:2], NOW)
    assert (outcome.settled, [one.reason for one in outcome.full]) == (2, [settle.ADDRESS_LIMIT])
    assert [settle.refuse_others(session, outcome.full, NOW, limit=6) for _ in range(3)] == [6, 4, 0]
    refused = count(session, SignUp, SignUp.reason == settle.ADDRESS_LIMIT, SignUp.settled_at == NOW)
    assert (refused, count(session, Message)) == (11, 1)


def test_a_crowd_of_which_nobody_is_new_is_nothing(session):
    row = a_sign_up(session, state=SignUpState.REFUSED)
    assert settle.settle_all(session, [row.id, 4711], NOW) == settle.Outcome()


def test_who_was_let_in_by_another_way_meanwhile_is_told_so(session):
    a_subscriber(session, email="ada@example.org")
    row = a_sign_up(session, email="ada@example.org")
    answer.answer_all(session, [row], answer.Before(), NOW)  # nobody was known when the locks were taken
    assert row.reason == answer.TOLD
    assert count(session, Subscriber) == 1
