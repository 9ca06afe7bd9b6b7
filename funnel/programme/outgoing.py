"""Outgoing issues: what the owner does with one, from scheduling to its end. Each verb acts in some states only.

It is a conditional UPDATE on that state, so of two at once one is refused in words, and it waits for a planner that is
at work on the issue just now: for one chunk. What the state says holds from the next claim on (mail/gate).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, and_, case, func, literal, or_, select, text, update
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.sending import GUARD, Rest
from funnel.programme import send_times
from funnel.programme.send_times import ASKS_AFTER, UNDO
from funnel.programme.subject_trial import Trial

State = NewsletterState
WORDINGS = (Part.A, Part.B, Part.REST)  # parts that are sent with their issue

STANDS = {
    State.DRAFT: "It is a draft: nothing of it is scheduled or sent.",
    State.SCHEDULED: "It is scheduled, and nothing of it has been sent.",
    State.SENDING: "It is being sent.",
    State.PAUSED: "It is paused.",
    State.SENT: "It has been sent.",
    State.CANCELLED: "It was cancelled.",
}
NO_ISSUE = "There is no such newsletter."
PAST = "That time is past."
NO_SUBJECT = "It has no subject."
NO_WORDS = "It has no words."
BEGUN = "It had begun to leave when it was cancelled: write a new one from it."
NOT_LATE = "It is not late: it leaves by itself when its time has come."
IN_DOUBT = "A backup was restored that does not know whether it was sent since: say first which it is."


# Written out, for the partial indexes; and built once, since it is asked several times a second.
_STOPPED = select(Newsletter.id).where(text("state = 'paused' AND ended_at IS NULL OR state = 'cancelled'"))


class NotNow(ValueError):  # noqa: N818 (it names what was found)
    """What was asked for cannot be done with the issue as it stands; in words for the owner."""


@dataclass(frozen=True)
class Order:
    """What is scheduled. `at` None: now, that is in five minutes. `rule`: as `orders.place` unfolds it; None: all."""

    at: datetime | None = None
    zone_mode: ZoneMode = ZoneMode.PRACTICE
    rule: dict[str, Any] | None = None
    with_course: bool = False
    segment_id: int | None = None
    trial: Trial | None = None
    topic_id: int | None = None


def is_issue() -> ColumnElement[bool]:
    """Which newsletters are issues, and no wordings of one."""
    return or_(Newsletter.part.is_(None), Newsletter.part == Part.RESEND)


def is_thrown_away() -> ColumnElement[bool]:
    """Which newsletters are drafts that were thrown away, and can be fetched back."""
    return and_(Newsletter.state == State.CANCELLED, Newsletter.started_at.is_(None))


def issue_of() -> ColumnElement[int]:
    """The issue of which a newsletter is a wording, or else itself."""
    return case((Newsletter.part.in_(WORDINGS), Newsletter.parent_id), else_=Newsletter.id)


def family(session: Session, issue_id: int) -> list[int]:
    """The ids under which its mails are: its own, and those of its wordings."""
    parts = select(Newsletter.id).where(Newsletter.parent_id == issue_id, Newsletter.part.in_(WORDINGS))
    return [issue_id, *session.scalars(parts.order_by(Newsletter.id))]


def names(issue_id: int) -> Select[int]:
    """The same as a select, for a condition."""
    parts = and_(Newsletter.parent_id == issue_id, Newsletter.part.in_(WORDINGS))
    return select(Newsletter.id).where(or_(Newsletter.id == issue_id, parts))


def schedule(session: Session, issue_id: int, order: Order, now: datetime) -> Newsletter:
    """Lets a draft, or one scheduled before, leave by `order`; `audience/orders` asks before that whom it reaches.

    Until `starts_at`, at least five minutes from now, `unschedule` takes it back whole. Raises NotNow.
    """
    soonest = now + UNDO
    if order.at is not None and order.at < now:
        raise NotNow(PAST)
    send_at = max(order.at or soonest, soonest)
    zone_mode = order.zone_mode if order.at else ZoneMode.PRACTICE
    trial = order.trial
    issue = moved(
        session,
        issue_id,
        State.SCHEDULED,
        (State.DRAFT, State.SCHEDULED),
        send_at=send_at,
        starts_at=send_times.starts_at(session, send_at, zone_mode, soonest),
        scheduled_at=now,
        zone_mode=zone_mode,
        rule=order.rule,
        with_course=order.with_course,
        segment_id=order.segment_id,
        topic_id=order.topic_id,
        subject_b=trial and trial.subject,
        trial_percent=trial and trial.percent,
        trial_hours=trial and trial.hours,
        doubted_at=None,  # whoever schedules it has been asked
    )
    for words, why in ((issue.subject, NO_SUBJECT), (issue.body, NO_WORDS)):
        if not words.strip():
            raise NotNow(why)
    return issue


def unschedule(session: Session, issue_id: int) -> Newsletter:
    """Makes a scheduled issue a draft again: nothing of it was planned. Raises NotNow when its time has come."""
    return moved(session, issue_id, State.DRAFT, (State.SCHEDULED,), send_at=None, starts_at=None, scheduled_at=None)


def confirm_late(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """Lets an issue leave whose time passed while the service was down. Raises NotNow, for one in time too."""
    late = and_(Newsletter.starts_at < now - ASKS_AFTER, Newsletter.doubted_at.is_(None))
    return moved(session, issue_id, State.SCHEDULED, (State.SCHEDULED,), late, otherwise=NOT_LATE, starts_at=now)


def start(session: Session, now: datetime) -> list[int]:
    """Begins the issues whose time has come; returns their ids. One that is over an hour late waits to be asked for.

    None while the guard rests: in a database that was set back, it may have been sent.
    """
    if session.get(Rest, GUARD) is not None:
        return []
    in_time = Newsletter.starts_at <= now, Newsletter.starts_at >= now - ASKS_AFTER
    due = update(Newsletter).where(Newsletter.state == State.SCHEDULED, *in_time, Newsletter.doubted_at.is_(None))
    begun = due.values(state=State.SENDING, started_at=now).returning(Newsletter.id)
    return list(session.scalars(begun.execution_options(synchronize_session=False)))


def pause(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """Nothing of it leaves any more but what is past its final dot right now. Raises NotNow."""
    return moved(session, issue_id, State.PAUSED, (State.SENDING,), paused_at=now)


def resume(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """Lets it go on where it stopped; the hours of a trial did not run meanwhile. Raises NotNow."""
    paused_for = func.coalesce(literal(now, DateTime(timezone=True)) - Newsletter.paused_at, timedelta())
    return moved(
        session,
        issue_id,
        State.SENDING,
        (State.PAUSED,),
        Newsletter.doubted_at.is_(None),
        paused_at=None,
        trial_ends_at=Newsletter.trial_ends_at + paused_for,
    )


def cancel(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """Sends no more of it, for good; what waits is skipped by the clock. A scheduled one is unscheduled instead."""
    stopped = (State.SENDING, State.PAUSED)
    return moved(session, issue_id, State.CANCELLED, stopped, paused_at=None, doubted_at=None, cancelled_at=now)


def throw_away(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """Cancels a draft: nobody gets it. `fetch_back` undoes that. Raises NotNow."""
    return moved(session, issue_id, State.CANCELLED, (State.DRAFT,), cancelled_at=now, ended_at=now)


def fetch_back(session: Session, issue_id: int) -> Newsletter:
    """Makes what `throw_away` cancelled a draft again. Raises NotNow, for what had begun to leave too."""
    which = is_thrown_away()
    return moved(
        session, issue_id, State.DRAFT, (State.CANCELLED,), which, otherwise=BEGUN, cancelled_at=None, ended_at=None
    )


def reopen(session: Session, issue_id: int) -> Newsletter:
    """Lets mails of an issue be sent that had ended: it is being sent, again or still. Raises NotNow."""
    return moved(session, issue_id, State.SENDING, (State.SENDING, State.SENT), ended_at=None)


def reopen_ended(session: Session, issue_id: int) -> None:
    """The same of an issue that has been sent; nothing of another. Whoever is ending it is waited for."""
    held = select(Newsletter).where(Newsletter.id == issue_id).with_for_update()
    issue = session.scalars(held.execution_options(populate_existing=True)).one()
    if issue.state is State.SENT:
        reopen(session, issue_id)


def under_way(session: Session) -> list[int]:
    """The issues that the clock has something to do with, the oldest first."""
    states = (State.SENDING, State.PAUSED, State.CANCELLED)
    found = select(Newsletter.id).where(Newsletter.state.in_(states), Newsletter.ended_at.is_(None), is_issue())
    return list(session.scalars(found.order_by(Newsletter.id)))


def stopped(session: Session) -> frozenset[int]:
    """The newsletters, wordings among them, of which nothing is to be begun: paused, or cancelled at any time."""
    return frozenset(session.scalars(_STOPPED))


def held(session: Session, issue_id: int) -> Newsletter | None:
    """The issue as it is now, ours until the transaction ends; None while somebody else has it."""
    row = select(Newsletter).where(Newsletter.id == issue_id).with_for_update(skip_locked=True)
    return session.scalar(row.execution_options(populate_existing=True))


def moved(
    session: Session,
    issue_id: int,
    into: NewsletterState,
    out_of: tuple[NewsletterState, ...],
    *which: ColumnElement[bool],
    otherwise: str = "",
    **changes: Any,
) -> Newsletter:
    """The issue, with its wordings brought from one of the states `out_of` `into` another, where `which` holds too.

    Raises NotNow: it stands otherwise, it is in doubt, or `otherwise`.
    """
    found_there = update(Newsletter).where(Newsletter.id == issue_id, Newsletter.state.in_(out_of), is_issue(), *which)
    found = session.scalar(
        found_there.values(state=into, **changes).returning(Newsletter.id).execution_options(synchronize_session=False)
    )
    issue = session.get(Newsletter, issue_id, populate_existing=True)
    if issue is None or not (issue.part is None or issue.part is Part.RESEND):
        raise NotNow(NO_ISSUE)
    if found is None:
        why = IN_DOUBT if issue.doubted_at else otherwise
        raise NotNow(why if why and issue.state in out_of else STANDS[issue.state])
    ended = {"ended_at": changes["ended_at"]} if "ended_at" in changes else {}
    parts = update(Newsletter).where(Newsletter.parent_id == issue_id, Newsletter.part.in_(WORDINGS))
    session.execute(parts.values(state=into, **ended).execution_options(synchronize_session=False))
    return issue
