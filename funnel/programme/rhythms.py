"""Regular newsletters: kept, paused, deleted; and the clock that makes their drafts and reminds of them.

Nothing here sends a newsletter: a draft is an owner's to send.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState
from funnel.models.rhythms import Rhythm, Turn
from funnel.programme import issues, notes, reminders, turns

_OF_A_TURN = re.compile(r"\{\{[^\S\n]*(month|year)[^\S\n]*\}\}")
_REMINDED_WITHIN = timedelta(days=2)  # of a day, in any zone


@dataclass(frozen=True)
class Line:
    """A rhythm, its next turn, and the last that had its draft with that draft, where there is one."""

    rhythm: Rhythm
    leaves_at: datetime
    draft_at: datetime
    last: Turn | None
    issue: Newsletter | None


def keep(session: Session, values: Mapping[str, Any], now: datetime, rhythm_id: int | None = None) -> Rhythm:
    """Keeps a new rhythm, or changes one; its next turn is the first to come that has had no draft."""
    rhythm = held(session, rhythm_id) if rhythm_id else Rhythm(created_at=now)
    for name, value in values.items():
        setattr(rhythm, name, value)
    rhythm.updated_at = now
    rhythm.next_on = _next(session, rhythm, now)
    session.add(rhythm)
    session.flush()
    return rhythm


def held(session: Session, rhythm_id: int) -> Rhythm:
    """Locked until the end of the transaction. Raises NoResultFound."""
    locked = select(Rhythm).where(Rhythm.id == rhythm_id).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def pause(session: Session, rhythm_id: int, now: datetime) -> bool:
    """Makes no drafts any more. False when it was paused already."""
    rhythm = held(session, rhythm_id)
    if rhythm.paused_at:
        return False
    rhythm.paused_at = now
    session.flush()
    return True


def resume(session: Session, rhythm_id: int, now: datetime) -> bool:
    """Goes on with the next turn to come: those that passed meanwhile are left out. False when it was not paused."""
    rhythm = held(session, rhythm_id)
    if not rhythm.paused_at:
        return False
    rhythm.paused_at = None
    rhythm.next_on = _next(session, rhythm, now)
    session.flush()
    return True


def remove(session: Session, rhythm_id: int) -> None:
    """Deletes it. Its drafts and newsletters stay, and so do the notes."""
    session.delete(held(session, rhythm_id))
    session.flush()


def listed(session: Session) -> list[Line]:
    """All of them, the one whose turn comes next first and the paused ones last."""
    found = session.scalars(select(Rhythm)).all()
    newest = select(Turn).ext(distinct_on(Turn.rhythm_id)).order_by(Turn.rhythm_id, Turn.day.desc())
    last = {turn.rhythm_id: turn for turn in session.scalars(newest)}
    numbers = [turn.newsletter_id for turn in last.values() if turn.newsletter_id]
    drafts = {one.id: one for one in session.scalars(select(Newsletter).where(Newsletter.id.in_(numbers)))}
    lines = [_line(rhythm, last.get(rhythm.id), drafts) for rhythm in found]
    return sorted(lines, key=lambda line: (line.rhythm.paused_at is not None, line.leaves_at, line.rhythm.id))


TURN_TAGS = ("month", "year")


def subject_of(pattern: str, day: date) -> str:
    """The subject of the turn of `day`."""
    return _OF_A_TURN.sub(lambda tag: f"{day:%B}" if tag[1] == "month" else str(day.year), pattern)


def due(session: Session, now: datetime) -> list[int]:
    """The rhythms that have a draft to make. There are a few of them: all are looked at, by the zone of today."""
    found = session.scalars(select(Rhythm).where(Rhythm.paused_at.is_(None)).order_by(Rhythm.id))
    return [rhythm.id for rhythm in found if turns.due(rhythm, now)[0]]


def draft(session: Session, rhythm_id: int, now: datetime) -> int:
    """Makes the draft of the rhythm's due turn, of all unsent notes, and plans word of it. Returns how many mails.

    One draft a turn, however many ask for it at once: who moves `next_on` on from what was read makes it.
    """
    rhythm = session.get(Rhythm, rhythm_id, populate_existing=True)
    if rhythm is None or rhythm.paused_at:
        return 0
    day, then = turns.due(rhythm, now)
    if day is None or not _moves_on(session, rhythm, then):
        return 0
    subject, at = subject_of(rhythm.subject, day), turns.moment(rhythm, day)
    taken = notes.take(
        session,
        subject,
        now,
        segment_id=rhythm.segment_id,
        topic_id=issues.topic_of(session, rhythm),
        send_at=at if at > now else None,
    )
    turn = Turn(
        rhythm_id=rhythm.id,
        day=day,
        newsletter_id=taken.issue.id if taken else None,
        notes=taken.notes if taken else 0,
        made_at=now,
    )
    session.add(turn)
    session.flush()
    template = reminders.DRAFT_MADE if taken else reminders.NO_NOTES
    return reminders.tell(session, turn, template, now) if rhythm.reminds else 0


def remind(session: Session, now: datetime) -> int:
    """Plans word of today's turns whose draft still is one, unless it was made today. Returns how many mails."""
    near = Turn.day.between((now - _REMINDED_WITHIN).date(), (now + _REMINDED_WITHIN).date())
    open_ones = select(Turn, Rhythm).join(Rhythm).where(near, _waits(), Rhythm.reminds, Rhythm.paused_at.is_(None))
    planned = 0
    for turn, rhythm in session.execute(open_ones.order_by(Turn.id)).all():
        at = turns.reminder_at(rhythm, turn.day)
        if at <= now < turns.end_of(turn.day) and turn.made_at < turns.end_of(turn.day - turns.DAY):
            planned += _remind_of(session, turn, now)
    return planned


def _next(session: Session, rhythm: Rhythm, now: datetime) -> date:
    day = turns.coming(rhythm, now)
    past = session.scalar(select(func.max(Turn.day)).where(Turn.rhythm_id == rhythm.id)) if rhythm.id else None
    while past and not turns.is_later(rhythm, day, past):
        day = turns.after(rhythm, day)
    return day


def _line(rhythm: Rhythm, last: Turn | None, drafts: Mapping[int, Newsletter]) -> Line:
    issue = drafts.get(last.newsletter_id) if last and last.newsletter_id else None
    day = rhythm.next_on
    return Line(rhythm, turns.moment(rhythm, day), turns.draft_at(rhythm, day), last, issue)


def _moves_on(session: Session, rhythm: Rhythm, then: date) -> bool:
    as_read = Rhythm.next_on == rhythm.next_on, Rhythm.updated_at == rhythm.updated_at, Rhythm.paused_at.is_(None)
    moved = update(Rhythm).where(Rhythm.id == rhythm.id, *as_read).values(next_on=then).returning(Rhythm.id)
    return session.scalar(moved.execution_options(synchronize_session=False)) is not None


def _waits() -> ColumnElement[bool]:
    draft_of_it = exists().where(Newsletter.id == Turn.newsletter_id, Newsletter.state == NewsletterState.DRAFT)
    return Turn.reminded_at.is_(None) & draft_of_it


def _remind_of(session: Session, turn: Turn, now: datetime) -> int:
    mine = update(Turn).where(Turn.id == turn.id, _waits()).values(reminded_at=now).returning(Turn.id)
    if session.scalar(mine.execution_options(synchronize_session=False)) is None:
        return 0
    return reminders.tell(session, turn, reminders.DRAFT_WAITS, now)
