from datetime import timedelta

import pytest

from funnel.insight import health, tallies
from funnel.insight.whereabouts import Line, Where
from funnel.models.mail import MessageState
from funnel.models.responses import EventKind
from funnel.programme import clock
from tests.conftest import NOW
from tests.factories import a_claim, a_message, an_event

HOUR = timedelta(hours=1)


def queue(session):
    tallies.freshen(session, NOW)
    return health.queue(session, NOW)


def test_what_waits_or_went_wrong_is_counted_by_state_and_reason_with_its_oldest(session):
    for state, reason, hours in (
        (MessageState.QUEUED, "", 1),
        (MessageState.QUEUED, "", 3),
        (MessageState.QUEUED, "the connection broke", 2),
        (MessageState.DEFERRED, "greylisted", 5),
        (MessageState.DEFERRED, "greylisted", 4),
    ):
        tried = int(bool(reason))
        a_message(session, state=state, reason=reason, due_at=NOW - hours * HOUR, attempts=tried)
    for minutes, count in ((1, 2), (2, 1)):
        sending = [a_message(session) for _ in range(count)]
        a_claim(session, *sending, made_at=NOW - timedelta(minutes=minutes))
    for state, reason in (
        (MessageState.FAILED, "no such address"),
        (MessageState.FAILED, "refused"),
        (MessageState.FAILED, "refused"),
        (MessageState.UNKNOWN, "the connection was lost"),
        (MessageState.SENT, ""),
        (MessageState.SKIPPED, "they left"),
        (MessageState.EXPIRED, "too late"),
    ):
        a_message(session, state=state, reason=reason, ended_at=NOW - HOUR)
    assert queue(session) == [
        Line(Where.QUEUED, "", 2, NOW - 3 * HOUR),
        Line(Where.QUEUED, "the connection broke", 1, NOW - 2 * HOUR),
        Line(Where.SENDING, "", 3, NOW - timedelta(minutes=2)),
        Line(Where.DEFERRED, "greylisted", 2, NOW - 5 * HOUR),
        Line(Where.FAILED, "refused", 2, NOW - HOUR),
        Line(Where.FAILED, "no such address", 1, NOW - HOUR),
        Line(Where.UNKNOWN, "the connection was lost", 1, NOW - HOUR),
    ]


def test_an_old_failure_is_history_and_an_old_unknown_one_still_a_question(session):
    long_ago = NOW - health.FAILED_FOR - HOUR
    for state in (MessageState.FAILED, MessageState.UNKNOWN):
        a_message(session, state=state, reason="x", ended_at=long_ago)
    assert [line.state for line in queue(session)] == [MessageState.UNKNOWN]


def test_the_clock_that_stopped_is_seen(session):
    assert health.pulse(session, NOW) == health.Clock(None, False)
    clock.strike(session, NOW)
    assert health.pulse(session, NOW) == health.Clock(NOW, True)
    assert not health.pulse(session, NOW + HOUR).runs


@pytest.mark.parametrize(
    ("sent", "complaints", "level"),
    [(3000, 2, "good"), (3000, 3, "watch"), (3000, 9, "stop"), (999, 9, "few"), (0, 0, "few")],
)
def test_complaints_are_held_against_the_providers_limits(session, monkeypatch, sent, complaints, level):
    rate = health._rate(complaints, sent, health.COMPLAINTS_WATCHED, health.COMPLAINTS_NEVER)
    assert (rate.level, rate.rate) == (level, complaints / sent if sent else None)


def test_the_rates_are_of_the_mails_of_the_last_thirty_days(session):
    mails = [a_message(session, state=MessageState.SENT, ended_at=NOW - HOUR) for _ in range(4)]
    old = a_message(session, state=MessageState.SENT, due_at=NOW - health.RATES_OVER - HOUR)
    for mail, at, detail in (
        (mails[0], NOW, {}),
        (mails[0], NOW, {}),
        (mails[1], NOW, {"delayed": True}),
        (old, NOW - health.RATES_OVER - HOUR, {}),
    ):
        an_event(session, EventKind.BOUNCE, mail, at=at, detail=detail)
    an_event(session, EventKind.COMPLAINT, mails[2])
    tallies.freshen(session, NOW)
    standing = health.standing(session, NOW)
    assert (standing.bounces.count, standing.bounces.sent, standing.bounces.rate) == (1, 4, 0.25)
    assert (standing.complaints.count, standing.complaints.level) == (1, "few")
