"""Withdrawals: who must not be written to, kept outside the database too, where no older copy of it forgets them.

A file under DATA_DIR that only grows, a line each: when, what, whose (the keyed hash of the address), a checksum.
A withdrawal is written before its transaction is committed, and what takes it back after: whatever is killed between
the two, the file errs towards not writing to somebody. So may a line stand there of a wish whose commit failed; it is
told again only when a backup was restored, and then to somebody who did ask.
"""

import fcntl
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zlib import crc32

from sqlalchemy.orm import Session

from funnel.config import bare
from funnel.db import after_commit, before_commit

NAME = "withdrawals"
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"

_LINE = re.compile(r"(\S+) (\w+) ([0-9a-f]{32}) ([0-9a-f]{8})\n?")
_SILENT = "withdrawals are told again"

log = logging.getLogger(__name__)


class Kind(StrEnum):
    LEFT = "left"
    ERASED = "erased"
    UNBOOKED = "unbooked"  # what they typed to ask for a session was erased
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"  # by the owner
    RETURNED = "returned"  # confirmed afresh: takes back that they left
    LIFTED = "lifted"  # by the owner: takes back what was suppressed


TAKEN_BACK = {Kind.RETURNED: (Kind.LEFT,), Kind.LIFTED: (Kind.BOUNCED, Kind.COMPLAINED, Kind.SUPPRESSED)}


@dataclass(frozen=True)
class Line:
    at: datetime
    kind: Kind
    address_hash: bytes

    def encoded(self) -> bytes:
        words = f"{self.at.astimezone(UTC).strftime(TIME)} {self.kind} {self.address_hash.hex()}"
        return f"{words} {crc32(words.encode()):08x}\n".encode()


def note(session: Session, kind: Kind, address_hash: bytes | None, at: datetime) -> None:
    """Has it written with this transaction. Nothing for somebody whose address is not known any more."""
    if address_hash is not None and _SILENT not in session.info:
        (after_commit if kind in TAKEN_BACK else before_commit)(session, write, Line(at, kind, address_hash))


@contextmanager
def silence(session: Session) -> Iterator[None]:
    """Within it nothing is noted: what is done comes from the file."""
    session.info[_SILENT] = True
    try:
        yield
    finally:
        del session.info[_SILENT]


def write(lines: Iterable[Line]) -> None:
    """Adds lines durably. That they cannot be written is logged: nobody is kept from leaving by a full disk."""
    path = bare().data_dir / NAME
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _append(path, b"".join(line.encoded() for line in lines))
    except OSError as error:
        log.error(
            "A withdrawal stands in the database only, and a restored backup would forget it: %s cannot be written "
            "(%s). Make room, or let the account that Funnel runs as write there",
            path,
            error.strerror,
        )


def standing(path: Path | None = None) -> dict[bytes, dict[Kind, datetime]]:
    """By address: what was told of it and not taken back since, and when. Raises OSError for what cannot be read."""
    found: dict[bytes, dict[Kind, datetime]] = defaultdict(dict)
    # By time, since what is written after its commit may come a moment behind what followed it.
    for line in sorted(read(path or bare().data_dir / NAME), key=lambda line: line.at):
        if line.kind in TAKEN_BACK:
            for kind in TAKEN_BACK[line.kind]:
                found[line.address_hash].pop(kind, None)
        found[line.address_hash][line.kind] = line.at
    return found


def read(path: Path) -> list[Line]:
    """The lines of a file, none when there is no file. A damaged one, as a power cut leaves it, is left out."""
    try:
        raw = path.read_bytes().decode("ascii", "replace").splitlines()
    except FileNotFoundError:
        return []
    lines = [line for words in raw if (line := _line(words))]
    if damaged := sum(bool(words.strip("\0 ")) for words in raw) - len(lines):
        log.warning("%s: %s lines are damaged, and left out", path, damaged)
    return lines


def _line(words: str) -> Line | None:
    found = _LINE.fullmatch(words)
    if not found or int(found[4], 16) != crc32(words.rpartition(" ")[0].encode()):
        return None
    try:
        return Line(datetime.fromisoformat(found[1]), Kind(found[2]), bytes.fromhex(found[3]))
    except ValueError:  # of a later version
        return None


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        while data:
            written = os.write(descriptor, b"\n" * torn + data)
            data, torn = data[max(0, written - torn) :], False
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not size:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The name of a new file lasts only once its folder is written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
