"""The reckoning before sending says what the gate says of the mails when they are planned."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from funnel.audience import recipients
from funnel.insight.reckoning import reckon
from funnel.mail import gate
from funnel.models.mail import MessageKind
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import QueueEntry
from funnel.programme import calendar, plan
from tests import factories
from tests.conftest import NOW
from tests.rule_folk import Folk
from tests.rule_reference import meets
from tests.test_audience_rule import BY_DICE


def planned(session, folk, condition):
    """Plans an issue to these people, and has the gate judge each of its mails."""
    issue = folk.issues[0]
    plan.plan_people(
        session,
        select(Subscriber.id).where(condition),
        kind=MessageKind.NEWSLETTER,
        key=f"newsletter:{issue.id}",
        template="newsletter",
        newsletter_id=issue.id,
        due_at=NOW,
        expires_at=NOW + timedelta(days=3),
        now=NOW,
    )
    columns = [column for column in QueueEntry.__table__.c if column.name not in ("message_id", "reason")]
    ours = QueueEntry.kind == MessageKind.NEWSLETTER, QueueEntry.due_at == NOW
    entries = select(QueueEntry.message_id.label("id"), *columns).where(*ours)
    due = entries.cte("due")
    values = gate.times(NOW) | {"resting": []}
    return list(session.execute(select(gate.judged(due)), values))


@BY_DICE
@given(st.data(), st.integers(0, 10**6), st.booleans())
def test_it_says_what_the_gate_says_of_each_mail(session, data, seed, with_course):
    session.rollback()
    folk = Folk(session, seed)
    rule = data.draw(st.one_of(st.none(), folk.rules()))
    told = reckon(session, rule, with_course, NOW)
    there = [one for one in folk.rows(Subscriber) if one.state != SubscriberState.ERASED]
    expected = sum(rule is None or meets(folk, rule, one) for one in there)
    mails = planned(session, folk, recipients.condition(rule, with_course, NOW))
    verdicts = Counter(mail.verdict for mail in mails)
    skipped = Counter(mail.reason for mail in mails if mail.verdict == gate.Verdict.SKIP)
    held = [mail.until for mail in mails if mail.verdict == gate.Verdict.HOLD]

    assert told.gets == verdicts[gate.Verdict.GO] + verdicts[gate.Verdict.HOLD]
    assert {why: told.left_out.get(why, 0) for why in (gate.PAUSED, gate.HAD_THIS_MONTH)} == {
        why: skipped[why] for why in (gate.PAUSED, gate.HAD_THIS_MONTH)
    }
    assert (told.later, told.until) == (len(held), max(held, default=None))
    assert told.segment == told.gets + told.in_course + sum(told.left_out.values())
    assert told.segment == expected


def test_everybody_who_is_left_out_is_told_with_the_reason(session):
    course = factories.a_sequence(session)
    for state in SubscriberState:
        factories.a_subscriber(session, state=state)
    factories.an_enrolment(session, factories.a_subscriber(session), course)
    factories.a_subscriber(session, paused_until=NOW + timedelta(days=1))
    late = factories.a_subscriber(session)
    factories.a_stamp(session, late, NOW - timedelta(hours=5))
    told = reckon(session, None, False, NOW)

    assert told.left_out == {
        "they have not confirmed": 1,
        "they left": 1,
        "the address does not take mail": 1,
        "they complained": 1,
        "they paused": 1,
    }
    assert (told.segment, told.gets, told.in_course, told.later) == (8, 2, 1, 1)
    assert told.until == NOW - timedelta(hours=5) + calendar.quiet()
    assert reckon(session, None, True, NOW).gets == 3


def test_who_waits_today_does_not_tomorrow(session):
    late = factories.a_subscriber(session)
    factories.a_stamp(session, late, NOW - timedelta(hours=5))
    tomorrow = reckon(session, None, False, NOW + timedelta(days=1))
    assert (tomorrow.gets, tomorrow.later, tomorrow.until) == (1, 0, None)
