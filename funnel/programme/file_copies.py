"""What the content files last said, beside what is said here: an edit on a page outlives every restart and upgrade."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from funnel.models.editing import FileCopy, Kind


def of(session: Session, kind: Kind, of_id: int) -> FileCopy | None:
    """None for what was made here, or whose file is gone."""
    return session.get(FileCopy, (kind, of_id))


def heard(
    session: Session, kind: Kind, of_id: int, content: Mapping[str, str], now: datetime, *, is_new: bool
) -> FileCopy:
    """Writes down what the file says now. `followed` of the answer: whether its noun is to say the same.

    Something that stood here before there was a file of its name was made here, and stays as it is.
    """
    copy = of(session, kind, of_id)
    if copy is None:
        copy = FileCopy(kind=kind, of_id=of_id, content=dict(content), followed=is_new, at=now)
        session.add(copy)
    elif copy.content != dict(content):
        copy.content, copy.at = dict(content), now
    return copy


def followers(session: Session, kind: Kind) -> dict[int, bool]:
    """Of every noun of this kind that has a file: whether it follows it."""
    rows = session.execute(select(FileCopy.of_id, FileCopy.followed).where(FileCopy.kind == kind))
    return {row.of_id: row.followed for row in rows}


def part(session: Session, kind: Kind, of_id: int) -> None:
    """From now on what is said here stays, whatever the file says."""
    session.execute(update(FileCopy).where(FileCopy.kind == kind, FileCopy.of_id == of_id).values(followed=False))


def rejoin(session: Session, kind: Kind, of_id: int) -> None:
    """The file is followed again: what it says has just been taken."""
    session.execute(update(FileCopy).where(FileCopy.kind == kind, FileCopy.of_id == of_id).values(followed=True))


def forget(session: Session, kind: Kind, of_id: int) -> None:
    """The file is gone; what was edited here is from now on as if it had been made here."""
    session.execute(delete(FileCopy).where(FileCopy.kind == kind, FileCopy.of_id == of_id))
