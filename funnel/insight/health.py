"""Whether all is well: what waits and what failed, and why; whether the clock runs; how the mail is taken."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, type_coerce
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.db import words
from funnel.insight import messages, whereabouts
from funnel.insight.whereabouts import Line, Where
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.responses import Event, EventKind
from funnel.models.sending import Claim, QueueEntry
from funnel.models.tallies import MailTally
from funnel.programme import clock

FAILED_FOR = timedelta(days=30)  # a failure is shown for so long; an unknown one until somebody looked
RATES_OVER = timedelta(days=30)
COMPLAINTS_WATCHED = 0.001  # the providers' own limits: stay below 0.1 %,
COMPLAINTS_NEVER = 0.003  # and never reach 0.3 %
BOUNCES_WATCHED = 0.02
BOUNCES_NEVER = 0.05  # the share at which sending pauses by itself
SHOWN = (Where.QUEUED, Where.SENDING, Where.DEFERRED, Where.FAILED, Where.UNKNOWN)
LATE = timedelta(minutes=5)  # a worker takes up what is due within seconds
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
    watched: float  # the rate from which to look into it,
    never: float  # and the one never to reach


@dataclass(frozen=True)
class Hands:
    """What works: `late`, since when the oldest mail is due that nobody has taken up; and how many are being sent."""

    late: dict[Queue, datetime]
    workers: int  # that hold mails right now, within their lease
    sending: int


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
    since = now - FAILED_FOR
    lines = _troubled(session, Message.troubled_at >= since)
    lately = sum(line.count for line in lines if line.state == Where.UNKNOWN)
    # Old troubles are many, and hardly any a question still: they are read only where the tallies know of one.
    if messages.counted(session, MailTally.state == MessageState.UNKNOWN) > lately:
        lines += _troubled(session, Message.troubled_at < since, Message.state == MessageState.UNKNOWN)
    return _together(lines)


def _troubled(session: Session, *which: ColumnElement[bool]) -> list[Line]:
    where = type_coerce(Message.state, words(Where))
    query: Select[*tuple[Any, ...]] = (
        select(where, Message.reason, func.count(), func.min(Message.troubled_at))
        .where(Message.troubled_at.is_not(None), *which)
        .group_by(Message.state, Message.reason)
    )
    return [Line(*row) for row in session.execute(query)]


def _together(lines: list[Line]) -> list[Line]:
    found: dict[tuple[Where, str], Line] = {}
    for line in lines:
        known = found.get((line.state, line.reason), Line(line.state, line.reason, 0, line.oldest))
        oldest = min(known.oldest, line.oldest)
        found[line.state, line.reason] = Line(line.state, line.reason, known.count + line.count, oldest)
    return list(found.values())


def pulse(session: Session, now: datetime) -> Clock:
    """When beat, broker and worker last showed life together, and whether that is lately enough."""
    return Clock(clock.last_strike(session), clock.runs(session, now))


def hands(session: Session, now: datetime) -> Hands:
    """How the queues are kept up with. A mail that is due for longer than LATE is late."""
    late = {}
    for queue in Queue:  # one look into the index each, however many wait
        oldest = session.scalar(select(func.min(QueueEntry.due_at)).where(QueueEntry.queue == queue))
        if oldest is not None and oldest < now - LATE:
            late[queue] = oldest
    held = select(func.count(Claim.worker.distinct()), func.coalesce(func.sum(func.cardinality(Claim.ids)), 0))
    workers, sending = session.execute(held.where(Claim.lease_until > now)).one()
    return Hands(late, workers, int(sending))


def standing(session: Session, now: datetime) -> Standing:
    """The rates that decide whether our mail reaches inboxes. A mail that came back twice counts once.

    They are of the mails planned in that time: an index on when each was sent would cost every mail one more write.
    Days are whole, today the last of them, as in the overview's period of 30 days.
    """
    taken = messages.counted(session, MailTally.state == MessageState.SENT, MailTally.day >= _first_day(now))
    bounces, complaints = (_count(session, kind, now) for kind in (EventKind.BOUNCE, EventKind.COMPLAINT))
    return Standing(
        bounces=_rate(bounces, taken, BOUNCES_WATCHED, BOUNCES_NEVER),
        complaints=_rate(complaints, taken, COMPLAINTS_WATCHED, COMPLAINTS_NEVER),
    )


def events(kind: EventKind, now: datetime) -> Select[*tuple[Any, ...]]:
    """The mails of which we were told so in the last 30 days: message_id, with the newest event's event_id and at."""
    since = datetime.combine(_first_day(now), time(), settings().zone)
    lately = Event.kind == kind, Event.at >= since, ~Event.detail.has_key("delayed")
    columns = Event.message_id, func.max(Event.id).label("event_id"), func.max(Event.at).label("at")
    return select(*columns).where(*lately, Event.message_id.is_not(None)).group_by(Event.message_id)


def _count(session: Session, kind: EventKind, now: datetime) -> int:
    return session.scalars(select(func.count()).select_from(events(kind, now).subquery())).one()


def _first_day(now: datetime) -> date:
    return now.astimezone(settings().zone).date() - RATES_OVER + timedelta(days=1)


def _rate(count: int, sent: int, watched: float, never: float) -> Rate:
    rate = min(1.0, count / sent) if sent else None
    if rate is None or sent < ENOUGH_MAILS:
        level = "few"
    else:
        level = "good" if rate < watched else "watch" if rate < never else "stop"
    return Rate(count, sent, rate, level, watched, never)
