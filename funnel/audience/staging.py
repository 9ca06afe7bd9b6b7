"""A file on its way in: kept in pieces as it came, and its lines, once read, by the thousand."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from psycopg import Connection
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from funnel.audience import copied, table_file
from funnel.audience.table_file import Ear
from funnel.models.imports import Import, ImportPiece, ImportRow

PIECE = 1024 * 1024
SAMPLE_ROWS = 30
LONGEST_NAME = 120


def keep(session: Session, name: str, pieces: Iterable[bytes], now: datetime, owner_id: int | None = None) -> Import:
    """Keeps a file that came in, a piece at a time. Raises FileError when it is no table."""
    clean = "".join(sign for sign in name if sign.isprintable())[-LONGEST_NAME:]
    found = Import(name=clean or "people", size=0, encoding="", separator="", made_at=now, owner_id=owner_id)
    session.add(found)
    session.flush()
    ear = Ear()
    for number, piece in enumerate(pieces):
        ear.hear(piece)
        session.execute(insert(ImportPiece).values(import_id=found.id, number=number, piece=piece))
    spelling = ear.spelling()
    found.size, found.encoding, found.separator = ear.size, spelling.encoding, spelling.separator
    session.flush()
    return found


def piece(session: Session, import_id: int, number: int) -> bytes | None:
    """One piece of the file; None behind its end."""
    wanted = select(ImportPiece.piece).where(ImportPiece.import_id == import_id, ImportPiece.number == number)
    return session.scalar(wanted)


def spelling(found: Import) -> table_file.Spelling:
    return table_file.Spelling(found.encoding, found.separator)


def sample(session: Session, found: Import) -> list[list[str]]:
    """The first rows of the file, for the owner to see what its columns hold. Empty when its pieces are lost."""
    first = piece(session, found.id, 0) or b""
    rows: list[list[str]] = []
    try:
        for _, cells in table_file.records([first], spelling(found)):
            rows.append(cells)
            if len(rows) == SAMPLE_ROWS:
                break
    except table_file.FileError:
        pass  # what stands before it is a sample too; the check names the line
    return rows


def put(session: Session, lines: str) -> None:
    """Keeps lines that were read, as a Scribe writes them."""
    connection: Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    with connection.cursor() as cursor, cursor.copy(copied.INTO) as copy:
        copy.write(lines.encode())


def clear_pieces(session: Session, import_id: int) -> None:
    session.execute(delete(ImportPiece).where(ImportPiece.import_id == import_id))


def clear_rows(session: Session, import_id: int, most: int = 100_000) -> int:
    """Deletes the lines that were read, at most so many; returns how many."""
    of_it = ImportRow.import_id == import_id
    some = select(ImportRow.line).where(of_it).order_by(ImportRow.line).limit(most).subquery()
    last = session.scalar(select(func.max(some.c.line)))
    if last is None:
        return 0
    gone = session.execute(delete(ImportRow).where(of_it, ImportRow.line <= last))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def pieces_of(stream: Any) -> Iterator[bytes]:
    """A file that is open for reading, in pieces."""
    while piece := stream.read(PIECE):
        yield piece
