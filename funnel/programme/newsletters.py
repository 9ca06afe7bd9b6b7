"""Planning an issue: one mail to each person it is for, in chunks that each are one transaction.

Where it stands is kept with the newsletter: a planner that was killed is followed by the next one, and of two at once
one passes by. Who signs up meanwhile has a higher id and is reached too. Who had it before they were merged has it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, distinct, func, literal, select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Subscriber
from funnel.programme import calendar, outgoing, plan, send_times, settling, subject_trial
from funnel.programme.history import HAD, among

TEMPLATE = "newsletter"  # of a message whose words are a newsletter's
CHUNK = 20_000  # people looked at in one transaction, so that no lock and no rollback lasts for long
LASTS_DAYS = settling.LASTS_DAYS


@dataclass(frozen=True)
class _Window:
    """The next people by id."""

    people: int
    last: int
    zones: list[str]


def is_planning(issue: Newsletter) -> bool:
    """Whether mails of it are to be planned now: not while a trial waits for its end."""
    waits = issue.trial_ends_at is not None and issue.winner is None
    return issue.state is NewsletterState.SENDING and issue.planned_at is None and not waits


def queue(session: Session, issue_id: int, whom: ColumnElement[bool], now: datetime, limit: int = CHUNK) -> int:
    """Looks at the next `limit` people by id and plans the mails to those of `whom`, a condition on Subscriber.

    Returns how many were looked at. 0: nothing of it is to be planned now, or somebody else is at it.
    """
    issue = outgoing.held(session, issue_id)
    if issue is None or not is_planning(issue):
        return 0
    window = _window(session, issue, limit)
    if not window.people:
        _walked_through(issue, now)
        session.flush()
        return 0
    mine = select(Subscriber.id).where(Subscriber.id > issue.planned_to, Subscriber.id <= window.last, whom)
    if once := _had_before_merging(session, outgoing.family(session, issue.id), issue.planned_to, window.last):
        mine = mine.where(~among(Subscriber.id, once))
    for part in _parts(issue):
        number, chosen = issue.id, mine
        if part:
            number = subject_trial.wording(session, issue, part, now).id
            chosen = mine.where(subject_trial.tried(issue, part))
        issue.planned += plan.plan_people(
            session,
            _timed(issue, chosen.order_by(Subscriber.id), window, now),
            kind=MessageKind.NEWSLETTER,
            key=f"newsletter:{issue.id}",  # the issue's, so that nobody gets two wordings of it
            template=TEMPLATE,
            newsletter_id=number,
            due_at=now,
            expires_at=now + calendar.days(LASTS_DAYS),
            now=now,
        )
    issue.planned_to, issue.looked_at = window.last, issue.looked_at + window.people
    session.flush()
    return window.people


def had(session: Session, subscriber_ids: Collection[int]) -> set[int]:
    """The issues that any of these people had, perhaps had, or have on its way; all wordings of each."""
    mails = select(Message.newsletter_id).where(
        among(Message.subscriber_id, subscriber_ids),
        Message.kind == MessageKind.NEWSLETTER,
        Message.state.in_(HAD),
    )
    found = {number for number in session.scalars(mails) if number}
    theirs = select(outgoing.issue_of()).where(among(Newsletter.id, found))
    return found | set(session.scalars(select(Newsletter.id).where(outgoing.issue_of().in_(theirs))))


def _had_before_merging(session: Session, ids: Sequence[int], after: int, last: int) -> set[int]:
    """Those of a chunk who had the issue, or have it on its way, as somebody who was merged into them since."""
    merged = select(Subscriber.id, Subscriber.merged_into_id).where(
        Subscriber.merged_into_id > after, Subscriber.merged_into_id <= last
    )
    whose = {number: into for number, into in session.execute(merged) if into}
    if not whose:
        return set()
    whose |= {into: into for into in whose.values()}  # a mail that waited then was handed over to them
    mails = select(Message.subscriber_id).where(
        among(Message.subscriber_id, list(whose)),
        Message.kind == MessageKind.NEWSLETTER,
        Message.newsletter_id.in_(ids),
        Message.state.in_(HAD),
    )
    return {whose[number] for number in session.scalars(mails) if number}


def _window(session: Session, issue: Newsletter, limit: int) -> _Window:
    zone = Subscriber.time_zone if issue.zone_mode is ZoneMode.READER else literal("")
    ahead = select(Subscriber.id, zone.label("zone")).where(Subscriber.id > issue.planned_to)
    chunk = ahead.order_by(Subscriber.id).limit(limit).subquery()
    zones = func.array_agg(distinct(chunk.c.zone)) if issue.zone_mode is ZoneMode.READER else literal(None)
    people, last, found = session.execute(select(func.count(), func.max(chunk.c.id), zones).select_from(chunk)).one()
    return _Window(people, last or 0, found or [])


def _parts(issue: Newsletter) -> tuple[Part | None, ...]:
    """What is planned in this walk through the people; None: the issue itself."""
    if issue.subject_b is None:
        return (None,)
    return (Part.REST,) if issue.winner else (Part.A, Part.B)


def _walked_through(issue: Newsletter, now: datetime) -> None:
    if issue.subject_b is None or issue.winner:
        issue.planned_at = now
    else:
        issue.trial_to = issue.planned_to
        issue.trial_ends_at = subject_trial.end(issue, now)


def _timed(issue: Newsletter, people: Select[int], window: _Window, now: datetime) -> Select[Any]:
    """`people` with the moment at which each is due, where that is their own."""
    if issue.zone_mode is ZoneMode.PRACTICE:
        return people
    times = send_times.own_times(issue, {"", *window.zones}, now)
    own = send_times.table(times)
    due = func.greatest(func.coalesce(own.c.at, times[""]), now)
    return people.outerjoin(own, own.c.zone == Subscriber.time_zone).add_columns(due.label("due_at"))
