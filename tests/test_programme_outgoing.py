"""What the owner does with an issue: each verb in every state, two at once, and taken back in time."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from funnel.audience import orders
from funnel.db import Session
from funnel.mail import wishes
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import MessageState
from funnel.models.sending import GUARD, Rest
from funnel.programme import outgoing, send_times
from funnel.programme.outgoing import NotNow, Order
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber, add
from tests.issue_cast import START, an_issue, mails, place, readers, whose, work

State = NewsletterState
MINUTE = timedelta(minutes=1)

VERBS = {
    "schedule": lambda own, number: orders.place(own, number, Order(), NOW),
    "unschedule": outgoing.unschedule,
    "confirm_late": lambda own, number: outgoing.confirm_late(own, number, NOW),
    "pause": lambda own, number: outgoing.pause(own, number, NOW),
    "resume": lambda own, number: outgoing.resume(own, number, NOW),
    "cancel": lambda own, number: outgoing.cancel(own, number, NOW),
    "retry": lambda own, number: wishes.retry(own, number, NOW),
}
LEADS_TO = {
    ("schedule", State.DRAFT): State.SCHEDULED,
    ("schedule", State.SCHEDULED): State.SCHEDULED,
    ("unschedule", State.SCHEDULED): State.DRAFT,
    ("confirm_late", State.SCHEDULED): State.SCHEDULED,
    ("pause", State.SENDING): State.PAUSED,
    ("resume", State.PAUSED): State.SENDING,
    ("cancel", State.SENDING): State.CANCELLED,
    ("cancel", State.PAUSED): State.CANCELLED,
    ("retry", State.SENDING): State.SENDING,
    ("retry", State.SENT): State.SENDING,
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_in_every_state_leads_where_it_should_or_is_refused_in_words(session, verb):
    for state in State:
        issue = an_issue(session, state=state, starts_at=NOW - timedelta(days=1))
        of_it = {"kind": "newsletter", "newsletter_id": issue.id, "template": "newsletter"}
        a_message(session, a_subscriber(session), state=MessageState.FAILED, **of_it)
        expected = LEADS_TO.get((verb, state))
        if expected is None:
            with pytest.raises(NotNow) as refused:
                VERBS[verb](session, issue.id)
            assert str(refused.value) == outgoing.STANDS[state]
        else:
            VERBS[verb](session, issue.id)
        session.expire_all()
        assert issue.state == (expected or state)


def test_a_wording_is_no_issue_and_a_number_of_none_is_neither(session):
    issue = an_issue(session, state="sending", subject_b="Stools")
    part = an_issue(session, state="sending", parent_id=issue.id, part=Part.A)
    for verb in VERBS.values():
        for number in (part.id, 10**9):
            with pytest.raises(NotNow, match=outgoing.NO_ISSUE):
                verb(session, number)


def test_now_is_in_five_minutes_and_until_then_nothing_is_planned(session):
    people = readers(session, 3)
    issue = place(session, an_issue(session))
    assert (issue.send_at, issue.starts_at) == (START, START)
    work(session, START - timedelta(microseconds=1))
    assert (issue.state, mails(session)) == (State.SCHEDULED, [])
    work(session, START)
    assert (issue.state, issue.planned, whose(session)) == (State.SENDING, 3, people)
    assert_balance(session, waiting=3)


def test_undoing_in_time_is_exact(session):
    readers(session, 3)
    issue = place(session, an_issue(session))
    outgoing.unschedule(session, issue.id)
    work(session, START + MINUTE)
    assert (issue.state, issue.starts_at, mails(session)) == (State.DRAFT, None, [])
    with pytest.raises(NotNow, match="It is a draft"):
        outgoing.unschedule(session, issue.id)


def test_undoing_when_it_has_begun_is_refused(session):
    readers(session, 3)
    issue = place(session, an_issue(session))
    work(session, START)
    with pytest.raises(NotNow, match="It is being sent"):
        outgoing.unschedule(session, issue.id)


def test_a_time_less_than_five_minutes_ahead_is_five_minutes_ahead(session):
    readers(session, 1)
    issue = place(session, an_issue(session), at=NOW + MINUTE)
    assert issue.starts_at == START
    assert place(session, issue, at=NOW + timedelta(days=2)).starts_at == NOW + timedelta(days=2)
    with pytest.raises(NotNow, match=outgoing.PAST):
        orders.place(session, issue.id, Order(at=NOW - MINUTE), NOW)


def test_an_issue_without_words_or_readers_is_refused(session):
    issue = an_issue(session)
    with pytest.raises(NotNow, match=orders.NOBODY):
        orders.place(session, issue.id, Order(), NOW)
    session.rollback()
    readers(session, 1)
    for changes, why in (({"subject": " "}, outgoing.NO_SUBJECT), ({"body": "\n"}, outgoing.NO_WORDS)):
        with pytest.raises(NotNow, match=why):
            orders.place(session, an_issue(session, **changes).id, Order(), NOW)


def at_once(*verbs):
    """Several in transactions of their own, all begun before any is committed; what each came to."""
    ready, found = threading.Barrier(len(verbs)), []

    def one(verb):
        try:
            with Session.begin() as own:
                ready.wait(10)
                verb(own)
            found.append("done")
        except NotNow:
            found.append("refused")

    threads = [threading.Thread(target=one, args=(verb,)) for verb in verbs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sorted(found)


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (State.DRAFT, ("schedule", "unschedule")),
        (State.SCHEDULED, ("unschedule", "unschedule")),
        (State.SENDING, ("pause", "pause")),
        (State.PAUSED, ("resume", "resume")),
        (State.PAUSED, ("cancel", "cancel")),
    ],
)
def test_of_two_at_once_one_is_done_and_the_other_told_or_both_one_after_the_other(session, state, verbs):
    readers(session, 2)
    issue = an_issue(session, state=state)
    session.commit()
    number = issue.id
    found = at_once(*(lambda own, verb=verb: VERBS[verb](own, number) for verb in verbs))
    session.expire_all()
    if len(set(verbs)) == 1:
        assert (found, issue.state) == (["done", "refused"], LEADS_TO[verbs[0], state])
    else:
        assert (found, issue.state) in ((["done", "refused"], State.SCHEDULED), (["done", "done"], State.DRAFT))


def test_undoing_and_beginning_at_once_leave_a_draft_without_mails_or_an_issue_that_goes(session):
    readers(session, 2)
    issue = place(session, an_issue(session))
    number = issue.id
    found = at_once(lambda own: outgoing.unschedule(own, number), lambda own: outgoing.start(own, START))
    work(session, START)
    undone = found == ["done", "done"] and issue.state is State.DRAFT
    assert undone != (issue.state is State.SENDING)
    assert len(mails(session)) == (0 if undone else 2)


def test_an_issue_whose_time_passed_over_an_hour_ago_asks_first(session):
    people = readers(session, 2)
    issue = place(session, an_issue(session))
    late = START + send_times.ASKS_AFTER + MINUTE
    work(session, late)
    assert (issue.state, mails(session)) == (State.SCHEDULED, [])
    assert send_times.lateness(issue, late) == send_times.ASKS_AFTER + MINUTE
    outgoing.confirm_late(session, issue.id, late)
    assert send_times.lateness(issue, late) is None
    work(session, late)
    assert (issue.state, whose(session)) == (State.SENDING, people)
    assert {mail.due_at for mail in mails(session)} == {late}


def test_an_issue_that_is_a_little_late_goes_unasked_and_a_late_one_may_get_another_time(session):
    readers(session, 2)
    first, other = place(session, an_issue(session)), place(session, an_issue(session))
    work(session, START + send_times.ASKS_AFTER)
    assert {first.state, other.state} == {State.SENDING}
    late = place(session, an_issue(session))
    tomorrow = START + timedelta(days=1)
    orders.place(session, late.id, Order(at=tomorrow + MINUTE), tomorrow)
    assert send_times.lateness(late, tomorrow) is None
    with pytest.raises(NotNow, match=outgoing.NOT_LATE):
        outgoing.confirm_late(session, late.id, tomorrow)


def test_nothing_begins_while_the_guard_rests(session):
    readers(session, 1)
    issue = place(session, an_issue(session))
    guard = add(session, Rest(name=GUARD, why="restored", seconds=0, since=NOW))
    work(session)
    assert issue.state is State.SCHEDULED
    session.delete(guard)
    work(session)
    assert issue.state is State.SENDING


def test_a_part_is_there_once(session):
    issue = an_issue(session)
    an_issue(session, parent_id=issue.id, part=Part.RESEND)
    with pytest.raises(IntegrityError):
        an_issue(session, parent_id=issue.id, part=Part.RESEND)
    session.rollback()
    assert session.get(Newsletter, issue.id) is None
