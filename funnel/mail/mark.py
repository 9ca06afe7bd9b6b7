"""The mark: how far mails were let go from this machine, in a file that no restored backup sets back.

One line, written in place: a few microseconds a claim. After a power cut it may be lost or older. Then the next claim
makes it anew, and only a restore in between would go unnoticed by it.
"""

import fcntl
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from funnel.config import bare

NAME = "sending.mark"
LENGTH = 256  # of the line

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mark:
    """`accepted_at`: of the database, by its Lineage. The numbers have certainly lasted there, whatever was cut off."""

    accepted_at: datetime
    claim_id: int = 0  # the highest, and
    transaction: int = 0  # one that is no higher than the latest claim's
    told_at: datetime | None = None  # the halt for which this machine's withdrawals were told again


def read() -> Mark | None:
    """The mark of this machine; None where there is none, or nobody can read it."""
    try:
        descriptor = os.open(_path(), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _decoded(os.pread(descriptor, LENGTH, 0))
    finally:
        os.close(descriptor)


def write(marks: Sequence[Mark]) -> None:
    """Raises the mark, or begins anew for a database accepted since. Logs what keeps it from being written."""
    try:
        try:
            _write(marks)
        except FileNotFoundError:
            _path().parent.mkdir(mode=0o700, parents=True)
            _write(marks)
    except OSError as error:
        log.error("A restored backup might go unnoticed: %s cannot be written (%s)", _path(), error.strerror)


def _write(marks: Sequence[Mark]) -> None:
    descriptor = os.open(_path(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # several processes share it
        mark = _decoded(os.pread(descriptor, LENGTH, 0))
        for other in marks:
            mark = _higher(mark, other)
        if mark:
            os.pwrite(descriptor, _encoded(mark), 0)
    finally:
        os.close(descriptor)


def _higher(old: Mark | None, new: Mark) -> Mark:
    if old is None or old.accepted_at != new.accepted_at:
        return new
    return Mark(
        new.accepted_at,
        max(old.claim_id, new.claim_id),
        max(old.transaction, new.transaction),
        new.told_at or old.told_at,
    )


def _encoded(mark: Mark) -> bytes:
    return json.dumps(vars(mark), default=str).encode().ljust(LENGTH - 1) + b"\n"


def _decoded(raw: bytes) -> Mark | None:
    try:
        found = json.loads(raw)
        told_at = datetime.fromisoformat(found["told_at"]) if found["told_at"] else None
        times = {"accepted_at": datetime.fromisoformat(found["accepted_at"]), "told_at": told_at}
        return Mark(**{**found, **times})
    except (ValueError, TypeError, KeyError):
        return None


def _path() -> Path:
    return bare().data_dir / NAME
