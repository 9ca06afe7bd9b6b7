"""An issue is paused, resumed and cancelled while it is being sent: exact to the mail, and no other waits for it."""

import asyncio
import random
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import Session
from funnel.insight import issue_account
from funnel.mail import claim, delivery, desk, holding, pace, record, wishes
from funnel.models.content import NewsletterState
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.sending import NEVER, QueueEntry
from funnel.programme import outgoing, settling
from tests.balance import assert_balance
from tests.factories import a_claim, a_message
from tests.issue_cast import START, an_issue, assert_settled, counts, mails, place, readers, work
from tests.mail_cast import a_tip, send

SENT, SKIPPED, FAILED, QUEUED = MessageState.SENT, MessageState.SKIPPED, MessageState.FAILED, MessageState.QUEUED
LATER = START + timedelta(days=5)  # than any mail of it would live by itself
COUNT = 60


@pytest.fixture
def issue(session, single, monkeypatch):
    """Planned to many people, all of them claimed at once, and recorded as they are taken."""
    monkeypatch.setattr(pace, "FIRST", COUNT)
    monkeypatch.setattr(holding, "RECORDED_EVERY_S", 0.02)
    readers(session, COUNT)
    made = place(session, an_issue(session))
    work(session)
    return made


def when_taken(sink, monkeypatch, count, done):
    """Does `done` as the sink takes the mail of that number; every mail takes it a moment."""
    taken = sink.handle_DATA

    async def take(*given):
        answer = await taken(*given)
        if len(sink.caught) == count:
            done()
        await asyncio.sleep(0.005)
        return answer

    monkeypatch.setattr(sink, "handle_DATA", take)


def verb(done, issue, now=START):
    """`done` in a transaction of its own, as a page does it."""
    number = issue.id

    def act():
        with Session.begin() as own:
            done(own, number, now)

    return act


def test_a_pause_holds_what_was_not_begun_and_accounts_for_what_was(session, single, issue, monkeypatch):
    when_taken(single, monkeypatch, 5, verb(outgoing.pause, issue))
    send(session, START)
    went = len(single.caught)
    assert 5 <= went < COUNT
    assert counts(session, issue) == {SENT: went, QUEUED: COUNT - went}
    work(session)
    assert set(session.scalars(select(QueueEntry.due_at))) == {NEVER}
    account = issue_account.account(session, issue.id, START)
    assert (account.states[SENT], account.held, account.in_hand, account.holds) == (went, COUNT - went, 0, True)
    assert send(session, LATER) == 0
    assert_balance(session, waiting=COUNT - went)


def test_it_goes_on_where_it_stopped_and_nobody_gets_it_twice_or_too_late(session, single, issue, monkeypatch):
    when_taken(single, monkeypatch, 5, verb(outgoing.pause, issue))
    send(session, START)
    work(session)
    outgoing.resume(session, issue.id, LATER)
    work(session, LATER)
    assert set(session.scalars(select(QueueEntry.due_at))) == {LATER}
    assert min(session.scalars(select(QueueEntry.expires_at))) == LATER + timedelta(days=settling.LASTS_DAYS)
    send(session, LATER)
    assert single.counts == {mail.message_id: 1 for mail in mails(session)}
    work(session, LATER)
    assert_settled(session, issue)


def test_cancelling_skips_what_was_not_begun_and_says_so(session, single, issue, monkeypatch):
    when_taken(single, monkeypatch, 5, verb(outgoing.cancel, issue))
    send(session, START)
    went = len(single.caught)
    assert 5 <= went < COUNT
    work(session)
    assert counts(session, issue) == {SENT: went, SKIPPED: COUNT - went}
    assert {mail.reason for mail in mails(session) if mail.state is SKIPPED} == {settling.CANCELLED}
    assert_settled(session, issue, NewsletterState.CANCELLED)


def test_the_clock_sweeps_a_cancelled_issue_in_chunks_without_a_worker(session, issue, monkeypatch):
    monkeypatch.setattr(settling, "CHUNK", 7)
    outgoing.pause(session, issue.id, START)
    work(session)
    outgoing.cancel(session, issue.id, START)
    work(session)
    assert counts(session, issue) == {SKIPPED: COUNT}
    assert_settled(session, issue, NewsletterState.CANCELLED)


def test_a_cancelled_issue_is_not_over_while_some_of_it_is_being_sent(session, issue):
    first, *_ = mails(session)
    held = a_claim(session, first)
    outgoing.cancel(session, issue.id, START)
    work(session)
    assert (issue.state, issue.ended_at) == (NewsletterState.CANCELLED, None)
    account = issue_account.account(session, issue.id, START)
    assert (account.in_hand, account.waiting, account.states[SKIPPED]) == (1, 0, COUNT - 1)
    record.hand_back(session, held.id, [first.id], desk.GIVEN_BACK)
    work(session)
    assert_settled(session, issue, NewsletterState.CANCELLED)


def test_other_mails_go_while_an_issue_is_paused(session, single, issue):
    outgoing.pause(session, issue.id, START)
    tip = a_tip(session, due_at=START, expires_at=LATER)
    while send(session, START + timedelta(minutes=1)):
        pass
    session.refresh(tip)
    assert (tip.state, len(single.caught)) == (SENT, 1)
    assert {mail.reason for mail in mails(session)} == {""}
    assert set(session.scalars(select(QueueEntry.reason))) == {settling.HELD}


def test_the_gate_alone_holds_a_paused_issue_and_skips_a_cancelled_one(session, issue):
    outgoing.pause(session, issue.id, START)
    assert claim.claim(session, Queue.BULK, START, COUNT, claim.new_id(session)) == []
    assert set(session.scalars(select(QueueEntry.due_at))) == {NEVER}
    assert {mail.due_at for mail in mails(session)} == {START}
    outgoing.resume(session, issue.id, START)
    work(session)
    outgoing.cancel(session, issue.id, START)
    assert claim.claim(session, Queue.BULK, START, COUNT, claim.new_id(session)) == []
    assert {(mail.state, mail.reason) for mail in mails(session)} == {(SKIPPED, settling.CANCELLED)}
    assert_balance(session, waiting=0)


def test_a_test_of_a_paused_issue_goes_all_the_same(session, single, issue):
    outgoing.pause(session, issue.id, START)
    words = {"template": "newsletter", "newsletter_id": issue.id, "to_address": "owner@example.org"}
    trial = a_message(session, None, kind=MessageKind.TEST, queue=Queue.URGENT, due_at=START, **words)
    send(session, START, Queue.URGENT)
    assert trial.state is SENT
    assert issue_account.account(session, issue.id, START).ended == 0


def test_stopped_again_and_again_at_random_everybody_gets_it_once(session, single, issue, monkeypatch):
    chance, over, number, turns = random.Random(3), threading.Event(), issue.id, []

    def turn_it_on_and_off():
        while not over.wait(chance.uniform(0, 0.04)):
            for turn in (outgoing.pause, outgoing.resume):
                with suppress(outgoing.NotNow), Session.begin() as own:
                    turn(own, number, START)
                    turns.append(turn)

    when_taken(single, monkeypatch, -1, None)
    monkeypatch.setattr(delivery, "LOOK_S", 0.005)
    session.commit()
    thread = threading.Thread(target=turn_it_on_and_off)
    thread.start()
    while len(single.caught) < COUNT:
        work(session)
        send(session, START)
    over.set()
    thread.join()
    assert len(turns) > 4
    with suppress(outgoing.NotNow):
        outgoing.resume(session, number, START)
    work(session)
    assert single.counts == {mail.message_id: 1 for mail in mails(session)}
    assert len(single.caught) == COUNT
    assert_settled(session, issue)


def test_what_failed_or_was_put_off_is_tried_again_and_the_issue_ends_anew(session, single, issue):
    single.at("RCPT", "550 No", times=1)
    single.at("RCPT", "451 4.2.0 Busy", times=1)
    send(session, START)
    work(session)
    found = counts(session, issue)
    assert (found[FAILED], found[MessageState.DEFERRED], issue.state) == (1, 1, NewsletterState.SENDING)
    assert wishes.retry(session, issue.id, START) == (1, 1)
    send(session, START)
    work(session)
    assert counts(session, issue) == {SENT: COUNT}
    assert_settled(session, issue)
    with pytest.raises(outgoing.NotNow, match=wishes.NOTHING_TO_RETRY):
        wishes.retry(session, issue.id, START)


def test_an_issue_that_was_sent_is_being_sent_again_while_a_failed_mail_is_retried(session, single, issue):
    single.at("RCPT", "550 No", times=1)
    send(session, START)
    work(session)
    assert_settled(session, issue)
    wishes.retry(session, issue.id, START)
    assert (issue.state, issue.ended_at) == (NewsletterState.SENDING, None)
    work(session)
    assert issue.state is NewsletterState.SENDING
    send(session, START)
    work(session)
    assert counts(session, issue) == {SENT: COUNT}
    assert session.scalars(select(Message.state).distinct()).all() == [SENT]
    assert_settled(session, issue)
