"""Notes: thoughts jotted down between two clients, until a newsletter is begun with them.

Their words are checked when they stand in a newsletter, and not before: half a sentence may be kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, text, update
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter
from funnel.models.rhythms import Note
from funnel.programme import issues, outgoing
from funnel.programme.history import among

LONGEST = 10_000
KEPT = timedelta(days=30)  # once it is deleted, as long as it can be brought back
TWICE = timedelta(minutes=1)  # within which the same words are the same press
MOST_TAKEN = 50  # into one newsletter: of more, the oldest
GREETING = 'Hello {{ first_name | default("there") }},'
SIGNED = "{{ practitioner_name }}"
MADE = "made of your notes"
EMPTY = "Please write something first."
TOO_LONG = f"Please shorten it to {LONGEST:,} signs or fewer, or make two notes of it."
MEANWHILE = "Somebody changed this note meanwhile. Your words stand here, unsaved; what is kept now stands below them."

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('notes'))")
_HEADING = re.compile(r"#{1,6}[ \t]+(?=\S)")


class BadNote(ValueError):  # noqa: N818 (it names what was found)
    """What cannot be kept as a note, in words for its writer."""


@dataclass(frozen=True)
class Taken:
    """The newsletter that was begun, and how many notes it is made of."""

    issue: Newsletter
    notes: int


def write(session: Session, words: str, now: datetime) -> Note:
    """Keeps a new note; pressed twice, one. Raises BadNote."""
    tidy = _tidy(words)
    session.execute(_ONE_AT_A_TIME)
    just_now = Note.body == tidy, Note.created_at > now - TWICE, Note.deleted_at.is_(None)
    if before := session.scalar(select(Note).where(*just_now).limit(1)):
        return before
    note = Note(body=tidy, created_at=now, updated_at=now)
    session.add(note)
    session.flush()
    return note


def change(session: Session, note_id: int, words: str, seen_at: str, now: datetime) -> Note | None:
    """Says the note's new words; None when it is gone. `seen_at`: when it was last changed, as its editor saw it.

    Raises BadNote, changing nothing, when somebody was quicker.
    """
    note = held(session, note_id)
    if note is None:
        return None
    tidy = _tidy(words)
    if tidy != note.body:
        if seen_at != note.updated_at.isoformat():
            raise BadNote(MEANWHILE)
        note.body, note.updated_at = tidy, now
        session.flush()
    return note


def held(session: Session, note_id: int) -> Note | None:
    """The note, locked until the end of the transaction; None when there is none, or it was deleted."""
    found = select(Note).where(Note.id == note_id, Note.deleted_at.is_(None)).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def remove(session: Session, note_id: int, now: datetime) -> bool:
    """Deletes the note; `bring_back` undoes that for a month. False when it was not there."""
    session.execute(delete(Note).where(Note.deleted_at < now - KEPT))
    gone = update(Note).where(Note.id == note_id, Note.deleted_at.is_(None)).values(deleted_at=now)
    return session.scalar(gone.returning(Note.id)) is not None


def bring_back(session: Session, note_id: int) -> bool:
    """Undoes `remove`. False when it is gone for good, or there already."""
    back = update(Note).where(Note.id == note_id, Note.deleted_at.is_not(None)).values(deleted_at=None)
    return session.scalar(back.returning(Note.id)) is not None


def is_unsent() -> ColumnElement[bool]:
    """Which notes wait for a newsletter: those in none, and those in a draft that was thrown away."""
    thrown = select(Newsletter.id).where(outgoing.is_thrown_away())
    return and_(Note.deleted_at.is_(None), or_(Note.newsletter_id.is_(None), Note.newsletter_id.in_(thrown)))


def unsent(session: Session) -> int:
    """How many."""
    return session.scalars(select(func.count()).select_from(Note).where(is_unsent())).one()


def take(
    session: Session,
    subject: str,
    now: datetime,
    *,
    owner_id: int | None = None,
    segment_id: int | None = None,
    topic_id: int | None = None,
    send_at: datetime | None = None,
) -> Taken | None:
    """Begins a draft with all unsent notes, the oldest first, which are used then; None when there are none.

    `send_at` is a proposal: nothing leaves before an owner sends it.
    """
    rows = select(Note).where(is_unsent()).order_by(Note.created_at, Note.id).limit(MOST_TAKEN).with_for_update()
    found = list(session.scalars(rows.execution_options(populate_existing=True)))
    if not found:
        return None
    issue = Newsletter(
        subject=subject,
        body=composed(note.body for note in found),
        segment_id=segment_id,
        topic_id=topic_id,
        rule={"is": "segment", "segment": segment_id} if segment_id else None,
        send_at=send_at,
        created_at=now,
    )
    issues.add(session, issue, owner_id=owner_id, why=MADE, now=now)
    used = update(Note).where(among(Note.id, [note.id for note in found]))
    session.execute(used.values(newsletter_id=issue.id).execution_options(synchronize_session="fetch"))
    return Taken(issue, len(found))


def also_in(session: Session, issue: Newsletter) -> list[str]:
    """The subjects of the other newsletters that were begun with notes which stand in this one as well."""
    words = func.regexp_replace(Note.body, r"^#+\s+", "")
    theirs = Note.newsletter_id == Newsletter.id, Note.created_at <= issue.created_at
    stand = func.strpos(literal(issue.body), words) > 0
    rows = select(Newsletter.id, Newsletter.subject).join(Note, and_(*theirs, stand))
    others = rows.where(Newsletter.id != issue.id, ~outgoing.is_thrown_away()).distinct().order_by(Newsletter.id)
    return [subject for _, subject in session.execute(others)]


def composed(bodies: Iterable[str]) -> str:
    """A newsletter's Markdown: each note a part of it, under its heading where its first line is one."""
    parts = (_HEADING.sub("## ", body.strip(), count=1) if _HEADING.match(body.strip()) else body.strip()
             for body in bodies)  # fmt: skip
    return "\n\n".join([GREETING, *parts, SIGNED]) + "\n"


def _tidy(words: str) -> str:
    tidy = words.replace("\r\n", "\n").replace("\0", "").strip()
    if not tidy:
        raise BadNote(EMPTY)
    if len(tidy) > LONGEST:
        raise BadNote(TOO_LONG)
    return tidy
