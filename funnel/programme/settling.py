"""Settling: what follows for an issue's mails that wait when it is paused, goes on or is cancelled; and its end.

All of it is repeated by the clock until nothing is left to do, in chunks. What is being sent meanwhile ends by its
reply; the gate heeds the issue's state by itself, so that these only bring about sooner what it would.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, text, update
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState, ZoneMode
from funnel.models.mail import WAITING, Message, MessageKind, MessageState, Queue
from funnel.models.people import Subscriber
from funnel.models.sending import NEVER, Claim, Progress, QueueEntry
from funnel.programme import calendar, outgoing, send_times, waiting
from funnel.programme.history import among

CHUNK = 20_000
LASTS_DAYS = 30  # from its planning, or once it goes on: a relay's daily limit or a long outage must not end it
MANY_ROWS = 200  # of progress, from which on the old ones are added together
LATELY = timedelta(minutes=2)  # what is newer tells the rate

HELD = "waits: the newsletter is paused"
CANCELLED = "the newsletter was cancelled"

_ADD_UP = text(
    """
WITH gone AS (
    DELETE FROM progress WHERE newsletter_id = :newsletter AND at < :before RETURNING state, mails
)
INSERT INTO progress (newsletter_id, state, mails, at)
SELECT :newsletter, state, sum(mails), :before FROM gone GROUP BY state HAVING sum(mails) <> 0
"""
)


def hold(session: Session, ids: Collection[int], why: str = HELD) -> int:
    """Lets the mails of newsletters wait to be told, out of the way of others. Returns how many, of a chunk."""
    found = _entries(ids, QueueEntry.due_at < NEVER)
    waits = list(session.scalars(found))
    held = update(QueueEntry).where(among(QueueEntry.message_id, waits)).values(due_at=NEVER, reason=why)
    session.execute(held.execution_options(synchronize_session=False))
    return len(waits)


def release(session: Session, issue: Newsletter, ids: Collection[int], now: datetime) -> int:
    """Lets held mails go on: each is due when it was, or now, and lives on from then. Returns how many, of a chunk.

    By readers' clocks, whose hour passed more than an hour ago has it at that hour of the next day.
    """
    waits = list(session.scalars(_entries(ids, QueueEntry.due_at == NEVER)))
    if not waits:
        return 0
    spare_their_night(session, issue, waits, now)
    lasts = func.greatest(Message.expires_at, func.greatest(Message.due_at, now) + calendar.days(LASTS_DAYS))
    longer = update(Message).where(among(Message.id, waits), Message.expires_at < lasts).values(expires_at=lasts)
    session.execute(longer.execution_options(synchronize_session=False))
    again = (
        update(QueueEntry)
        .where(among(QueueEntry.message_id, waits), Message.id == QueueEntry.message_id)
        .values(due_at=func.greatest(Message.due_at, now), expires_at=Message.expires_at, reason=Message.reason)
    )
    session.execute(again.execution_options(synchronize_session=False))
    return len(waits)


def spare_their_night(session: Session, issue: Newsletter, waits: Collection[int], now: datetime) -> None:
    """By readers' clocks: the mails whose hour passed more than an hour ago have it at that hour of the next day.

    It is written on the mails alone; where they wait, their entries follow.
    """
    if issue.zone_mode is not ZoneMode.READER or not waits:
        return
    missed = and_(among(Message.id, waits), Message.due_at < now - send_times.ASKS_AFTER)
    theirs = select(Subscriber.time_zone).join(Message, Message.subscriber_id == Subscriber.id).where(missed)
    times = send_times.own_times(issue, {"", *session.scalars(theirs.distinct())}, now)
    own = send_times.table(times)
    again = update(Message).where(missed, Subscriber.id == Message.subscriber_id, own.c.zone == Subscriber.time_zone)
    session.execute(again.values(due_at=own.c.at).execution_options(synchronize_session=False))


def sweep(session: Session, ids: Collection[int], now: datetime) -> int:
    """Skips waiting mails of cancelled newsletters; returns how many, of a chunk."""
    waits = list(session.scalars(_entries(ids)))
    return waiting.skip(session, CANCELLED, now, among(Message.id, waits)) if waits else 0


def open_mails(session: Session, issue: Newsletter, ids: Collection[int]) -> int:
    """How many of an issue's mails have not ended. Asked first: entries are looked for among those of all others."""
    ended = select(func.coalesce(func.sum(Progress.mails), 0)).where(among(Progress.newsletter_id, ids))
    return issue.planned - int(session.scalars(ended).one())


def due(session: Session, ids: Collection[int], now: datetime, most: int) -> int:
    """How many of their mails could leave now, or wait to be let go; `most` at the most."""
    found = _mine(ids).where(or_(QueueEntry.due_at <= now, QueueEntry.due_at == NEVER))
    return session.scalars(select(func.count()).select_from(found.limit(most).subquery())).one()


def in_hand(session: Session, ids: Sequence[int]) -> int:
    """How many of their mails are being sent right now."""
    held = select(func.unnest(Claim.ids).label("id")).cte("held").prefix_with("MATERIALIZED")
    mine = select(literal(1).label("one")).where(Message.id == held.c.id, Message.newsletter_id.in_(ids))
    found = mine.limit(1).lateral("mine")
    return session.scalars(select(func.count(found.c.one)).select_from(held.join(found, literal(True)))).one()


def finish(session: Session, issue: Newsletter, now: datetime) -> bool:
    """Ends an issue that is held (`outgoing.held`), once all is planned and none of its mails waits or is being sent.

    Counted in the mails themselves, each in its last state: planned = sent + skipped + failed + unknown + expired.
    Returns whether it did.
    """
    if issue.ended_at or not (issue.planned_at or issue.state is NewsletterState.CANCELLED):
        return False
    if issue.state not in (NewsletterState.SENDING, NewsletterState.CANCELLED):
        return False
    ids = outgoing.family(session, issue.id)
    if session.scalar(_entries(ids).limit(1)) or in_hand(session, ids):
        return False
    states = recounted(session, ids)
    if sum(states.values()) != issue.planned or any(states.get(state) for state in WAITING):
        return False
    state = NewsletterState.SENT if issue.state is NewsletterState.SENDING else issue.state
    ended = update(Newsletter).where(Newsletter.id.in_(ids)).values(state=state, ended_at=now)
    session.execute(ended.execution_options(synchronize_session="fetch"))
    return True


def reopen(session: Session, message_ids: Collection[int]) -> None:
    """Issues that had been sent are being sent again, where these mails, which wait again, are theirs.

    So they can be paused and cancelled, and end anew.
    """
    theirs = select(Message.newsletter_id).where(
        among(Message.id, message_ids), Message.kind == MessageKind.NEWSLETTER, Message.newsletter_id.is_not(None)
    )
    if not (said := [number for number in session.scalars(theirs.distinct()) if number]):
        return
    issues = session.scalars(select(outgoing.issue_of()).where(among(Newsletter.id, said)).distinct()).all()
    for issue_id in sorted(issues):
        outgoing.reopen_ended(session, issue_id)


def recounted(session: Session, ids: Sequence[int]) -> dict[MessageState, int]:
    """Their mails by state, counted in the mails: a second for a million. Pages read what adds up to the same."""
    rows = select(Message.state, func.count()).where(
        Message.newsletter_id.in_(ids), Message.kind == MessageKind.NEWSLETTER
    )
    return {row[0]: row[1] for row in session.execute(rows.group_by(Message.state))}


def add_up(session: Session, newsletter_id: int, now: datetime) -> None:
    """Adds old rows of progress together, where they have become many. Whoever reads meanwhile sees the same sums."""
    rows = select(func.count()).select_from(Progress).where(Progress.newsletter_id == newsletter_id)
    if session.scalars(rows).one() > MANY_ROWS:
        session.execute(_ADD_UP, {"newsletter": newsletter_id, "before": now - LATELY})


def _entries(ids: Collection[int], *which: ColumnElement[bool]) -> Select[Any]:
    """A chunk of their mails in the queue; those that somebody else holds are passed by."""
    return _mine(ids).where(*which).limit(CHUNK).with_for_update(skip_locked=True)


def _mine(ids: Collection[int]) -> Select[Any]:
    mine = (QueueEntry.queue == Queue.BULK, QueueEntry.kind == MessageKind.NEWSLETTER)
    return select(QueueEntry.message_id).where(*mine, among(QueueEntry.newsletter_id, ids))
