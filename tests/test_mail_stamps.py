"""A mail that was claimed and did not leave counts as had by nobody; what went before it counts as it did."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import orders
from funnel.mail import claim, gate, hours, record
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome, Reply, Stage, outcome
from funnel.models.content import NewsletterState
from funnel.models.mail import MessageState, Queue
from funnel.models.people import Pace
from funnel.models.sending import MarketingStamp
from funnel.programme import outgoing
from funnel.programme.outgoing import Order
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_stamp, a_subscriber
from tests.issue_cast import START, an_issue, assert_settled, place, readers, work
from tests.mail_cast import a_newsletter, a_tip, claimed

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = outcome(Reply(Stage.RCPT, 451, "4.2.0 Later"), "relay")
NEVER = outcome(Reply(Stage.DOT, 554, "5.6.0 Not like this"), "relay")
TAKEN = outcome(Reply(Stage.DOT, 250, "2.0.0 Ok"), "relay")
SILENT = Outcome(Meaning.UNKNOWN, "nobody can say")


@pytest.fixture
def person(session):
    return a_subscriber(session, pace=Pace.MONTHLY)


def stamp(session, person):
    session.expire_all()
    found = session.get(MarketingStamp, person.id)
    return found and (found.at, found.message_id, found.newsletter_at)


def had(session, person, ago, kind="newsletter", state="sent"):
    """A mail they had, as a claim stamped it."""
    mail = a_message(session, person, kind=kind, state=state, sent_at=NOW - ago, ended_at=NOW - ago)
    a_stamp(session, person, NOW - ago, message_id=mail.id, newsletter_at=NOW - ago if kind == "newsletter" else None)
    return mail


def test_an_issue_called_off_before_it_left_is_no_newsletter_they_had(session, person):
    readers(session, 1)
    first = place(session, an_issue(session))
    work(session)
    number = claim.new_id(session)
    assert len(claim.claim(session, Queue.BULK, START, 10, number)) == 2
    outgoing.cancel(session, first.id, START)
    record.hand_back_all(session, number, "called off")
    work(session, START)
    assert_settled(session, first, NewsletterState.CANCELLED)
    assert session.scalars(select(MarketingStamp)).all() == []
    orders.place(session, an_issue(session, subject="Mended").id, Order(), START)
    work(session, START + timedelta(minutes=6))
    assert len(claim.claim(session, Queue.BULK, START + timedelta(minutes=6), 10, number)) == 2


@pytest.mark.parametrize("answer", [LATER, NEVER, None])
def test_refused_put_off_or_given_back_it_leaves_the_stamp_of_before(session, person, answer):
    before = had(session, person, 40 * DAY)
    a_newsletter(session, person)
    (found,) = claimed(session)
    assert stamp(session, person) == (NOW, found.id, NOW)
    results, back = ([Result(found, answer)], []) if answer else ([], [found])
    record.record(session, found.claim_id, results, NOW, back)
    assert stamp(session, person) == (NOW - 40 * DAY, before.id, NOW - 40 * DAY)


@pytest.mark.parametrize("answer", [TAKEN, SILENT])
def test_what_left_or_may_have_left_keeps_it(session, person, answer):
    had(session, person, 40 * DAY)
    a_newsletter(session, person)
    (found,) = claimed(session)
    record.record(session, found.claim_id, [Result(found, answer)], NOW)
    assert stamp(session, person) == (NOW, found.id, NOW)


def test_a_tip_given_back_says_nothing_of_newsletters(session):
    person = a_subscriber(session)
    before = had(session, person, 2 * DAY, state="unknown")
    a_tip(session, person)
    (found,) = claimed(session)
    assert stamp(session, person) == (NOW, found.id, NOW - 2 * DAY)
    record.hand_back(session, found.claim_id, [found.id], "given back")
    assert stamp(session, person) == (NOW - 2 * DAY, before.id, NOW - 2 * DAY)


def test_one_that_waits_for_the_hours_of_tips_holds_nothing_back(session):
    steps = a_sequence(session, window_start=0, window_end=1, weekends=True).steps
    person = a_subscriber(session)
    a_tip(session, person, step_id=steps[1].id)
    noon = NOW.replace(hour=12)
    found = claimed(session, noon)
    assert hours.within(session, found, noon) == []
    assert stamp(session, person) is None


def test_a_mail_that_overtook_it_keeps_its_own_stamp_and_the_month_is_that_of_before(session):
    person = a_subscriber(session)
    had(session, person, 40 * DAY)
    issue, tip = a_newsletter(session, person), a_tip(session, person, queue=Queue.URGENT)
    (first,), (second,) = claimed(session, queue=Queue.BULK), claimed(session, queue=Queue.URGENT)
    assert (first.id, second.id) == (issue.id, tip.id)
    record.hand_back(session, first.claim_id, [first.id], "given back")
    assert stamp(session, person) == (NOW, tip.id, NOW - 40 * DAY)


def test_what_another_worker_has_in_hand_counts_as_had(session):
    person = a_subscriber(session)
    issue = a_newsletter(session, person)
    a_tip(session, person, queue=Queue.URGENT, due_at=NOW + HOUR)
    claimed(session)
    (second,) = claimed(session, NOW + HOUR, Queue.URGENT)
    record.hand_back(session, second.claim_id, [second.id], "given back")
    assert stamp(session, person) == (NOW, issue.id, NOW)


def test_what_was_had_before_a_merging_counts_for_the_one_kept(session):
    person = a_subscriber(session)
    double = a_subscriber(session, state="erased", merged_into_id=person.id)
    before = had(session, double, 3 * DAY)
    a_newsletter(session, person)
    (found,) = claimed(session)
    record.hand_back(session, found.claim_id, [found.id], "given back")
    assert stamp(session, person) == (NOW - 3 * DAY, before.id, NOW - 3 * DAY)


def test_a_mail_put_off_does_not_hold_back_the_next_one(session):
    person = a_subscriber(session)
    a_tip(session, person)
    (found,) = claimed(session)
    record.record(session, found.claim_id, [Result(found, LATER)], NOW)
    issue = a_newsletter(session, person, due_at=NOW)
    assert [one.id for one in claimed(session)] == [issue.id]
    assert claimed(session, NOW + HOUR) == []
    assert session.get_one(type(issue), found.id).reason == gate.QUIET
    assert session.get_one(type(issue), found.id).state == MessageState.DEFERRED
