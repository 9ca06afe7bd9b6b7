"""Whether all is well: what waits and what failed, and why; whether the clock runs; how the mail is taken."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.db import words
from funnel.insight import messages, whereabouts
from funnel.insight.whereabouts import Line, Where
from funnel.models.mail import Message, MessageState
from funnel.models.responses import Event, EventKind
from funnel.models.tallies import MailTally
from funnel.programme import clock

FAILED_FOR = timedelta(days=30)  # a failure is shown for so long; an unknown one until somebody looked
RATES_OVER = timedelta(days=30)
COMPLAINTS_WATCHED = 0.001  # the providers' own limits: stay below 0.1 %,
COMPLAINTS_NEVER = 0.003  # and never reach 0.3 %
BOUNCES_WATCHED = 0.02
BOUNCES_NEVER = 0.05  # the share at which sending pauses by itself
SHOWN = (Where.QUEUED, Where.SENDING, Where.DEFERRED, Where.FAILED, Where.UNKNOWN)
ENOUGH_MAILS = 1000  # with fewer, one complaint alone is over the limit and says nothing


@dataclass(frozen=True)
class Clock:
    struck_at: datetime | None
    runs: bool


@dataclass(frozen=True)
class Rate:
    """`count` of `sent` mails. `level` is good, watch or stop, and few where too few were sent to tell."""

    count: int
    sent: int
    rate: float | None
    level: str


@dataclass(frozen=True)
class Standing:
    """How receivers took the mails of the last 30 days."""

    bounces: Rate
    complaints: Rate


def queue(session: Session, now: datetime) -> list[Line]:
    """What is queued, being sent, deferred, failed or unknown, by reason: in this order, the most frequent first."""
    lines = whereabouts.waiting(session)
    sending, since = whereabouts.sending(session)
    if sending and since:
        lines.append(Line(Where.SENDING, "", sending, since))
    lines += _in_trouble(session, now)
    return sorted(lines, key=lambda line: (SHOWN.index(line.state), -line.count, line.reason))


def _in_trouble(session: Session, now: datetime) -> list[Line]:
    lately = Message.troubled_at >= now - FAILED_FOR
    where = type_coerce(Message.state, words(Where))
    query: Select[*tuple[Any, ...]] = (
        select(where, Message.reason, func.count(), func.min(Message.troubled_at))
        .where(Message.troubled_at.is_not(None), or_(lately, Message.state == MessageState.UNKNOWN))
        .group_by(Message.state, Message.reason)
    )
    return [Line(*row) for row in session.execute(query)]


def pulse(session: Session, now: datetime) -> Clock:
    """When beat, broker and worker last showed life together, and whether that is lately enough."""
    return Clock(clock.last_strike(session), clock.runs(session, now))


def standing(session: Session, now: datetime) -> Standing:
    """The rates that decide whether our mail reaches inboxes. A mail that came back twice counts once.

    They are of the mails planned in that time: an index on when each was sent would cost every mail one more write.
    Days are whole, today the last of them, as in the overview's period of 30 days.
    """
    taken = messages.counted(session, MailTally.state == MessageState.SENT, MailTally.day >= _first_day(now))
    bounces, complaints = (_events(session, kind, now) for kind in (EventKind.BOUNCE, EventKind.COMPLAINT))
    return Standing(
        bounces=_rate(bounces, taken, BOUNCES_WATCHED, BOUNCES_NEVER),
        complaints=_rate(complaints, taken, COMPLAINTS_WATCHED, COMPLAINTS_NEVER),
    )


def _events(session: Session, kind: EventKind, now: datetime) -> int:
    since = datetime.combine(_first_day(now), time(), settings().zone)
    mails = select(func.count(Event.message_id.distinct())).where(
        Event.kind == kind, Event.at >= since, ~Event.detail.has_key("delayed")
    )
    return session.scalars(mails).one()


def _first_day(now: datetime) -> date:
    return now.astimezone(settings().zone).date() - RATES_OVER + timedelta(days=1)


def _rate(count: int, sent: int, watched: float, never: float) -> Rate:
    rate = min(1.0, count / sent) if sent else None
    if rate is None or sent < ENOUGH_MAILS:
        level = "few"
    else:
        level = "good" if rate < watched else "watch" if rate < never else "stop"
    return Rate(count, sent, rate, level)
