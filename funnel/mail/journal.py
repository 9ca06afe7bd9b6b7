"""The journal: what only the sending process knows, kept where it outlives that process (sending.md, "Certainty").

One record before the final dot of a mail and one for its reply, so that after a kill it is known on which side of the
dot each mail was. A finished write survives the process. It need not survive a power cut: that shows by another boot id
or a missing file, and then what is not recorded is unknown. So nothing here, no folder either, is ever fsynced.

A file is the magic line and then frames, the first of which is the header.
"""

import errno
import functools
import json
import os
import re
import secrets
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

from funnel.config import bare
from funnel.mail import frames, held
from funnel.mail.replies import LONGEST_REPLY, Reply, Stage

MAGIC = b"funnel journal 1\n"  # counts up with any change of the records below, the order of Stage included
SUFFIX = ".journal"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DOT = 0  # a record's kind; an answer's is the number of its stage, from one
STAGES = tuple(Stage)
RECORD = struct.Struct("<BHqq")  # kind, reply code, claim, message; after it the reply's text

_KINDS = {stage: kind for kind, stage in enumerate(STAGES, 1)}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class JournalError(OSError):
    """A journal cannot be made or written, so that no dot may follow. The text says why and how to mend it."""


def folder() -> Path:
    """Where the journals are: DATA_DIR/journal, made when missing, closed to other accounts. Raises JournalError."""
    path = bare().data_dir / "journal"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from None
    return path


def dot(claim_id: int, message_id: int) -> bytes:
    """The record that the final dot of this mail is about to be written."""
    return frames.framed(RECORD.pack(DOT, 0, claim_id, message_id))


def answer(claim_id: int, message_id: int, reply: Reply) -> bytes:
    """The record of the reply that ended this mail, with the first 300 signs of its text."""
    text = reply.text[:LONGEST_REPLY].encode("utf-8", "replace")
    return frames.framed(RECORD.pack(_KINDS[reply.stage], reply.code, claim_id, message_id) + text)


class Journal:
    """The journal of this process, locked as long as it lives. Opened after the fork; a child has none of it.

    Used from one thread only.
    """

    def __init__(self, folder: Path) -> None:
        """Makes one in `folder`. Raises JournalError."""
        host = os.uname().nodename
        self.name = f"{re.sub('[^A-Za-z0-9.-]', '_', host)[:64]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.size = 0  # in bytes, the header among them
        self._torn = False
        try:
            self._file = held.made(folder / f"{self.name}{SUFFIX}")
        except OSError as error:
            raise _refused(folder, error) from None
        try:
            self.write(MAGIC + frames.framed(_header(self.name, host, self._file)))
            self._file.show(folder / f"{self.name}{SUFFIX}")
        except OSError as error:
            self.close()
            raise _refused(folder, error) from None
        self._start = self.size

    @property
    def path(self) -> Path:
        return self._file.path

    def write(self, records: bytes) -> None:
        """Appends `records` in one write. Raises JournalError: then none of them counts, and no dot may follow."""
        if self._torn:
            self._cut(self.size)
        try:
            written = os.write(self._file.descriptor, records)
        except OSError as error:
            self._torn = True
            raise _refused(self.path.parent, error) from error
        if written != len(records):
            self._torn = True  # to be cut off before the next write: what follows a torn record cannot be read
            raise _refused(self.path.parent, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self.size += written

    def clear(self) -> None:
        """Empties it, once the database has durably committed all that it tells. Raises JournalError."""
        self._cut(self._start)

    def close(self, keep: bool = False) -> None:
        """Lets it go. It is removed as well, unless it must stay for whoever replays it."""
        if not keep and self._file.descriptor != held.CLOSED:
            self._file.remove()
        self._file.let_go()

    def _cut(self, size: int) -> None:
        try:
            os.ftruncate(self._file.descriptor, size)
        except OSError as error:
            raise _refused(self.path.parent, error) from error
        self.size, self._torn = size, False


@functools.cache
def boot_id() -> str:
    """Tells this start of this machine from every other, of any machine."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        # macOS: there this clock goes on through sleep, so the difference is the second of the start. Should it drift,
        # it names another boot: then mails are called unknown that never left, and none leaves twice.
        started = round(time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))
        return f"{os.uname().nodename} {started}"


def _header(name: str, host: str, file: held.Held) -> bytes:
    inode = os.fstat(file.descriptor).st_ino
    facts = {"name": name, "host": host, "pid": os.getpid(), "boot_id": boot_id(), "inode": inode}
    return json.dumps(facts | {"started": datetime.now(UTC).isoformat(timespec="seconds")}).encode()


def _refused(folder: Path, error: OSError) -> JournalError:
    if isinstance(error, JournalError):
        return error
    if isinstance(error, held.NoLocksError):
        mend = "Its file system knows no locks: set DATA_DIR to a folder on a local disk"
    elif error.errno in _FULL:
        mend = "Make room on that disk"
    else:
        mend = "Let the account that Funnel runs as write there, or set DATA_DIR to another folder"
    return JournalError(
        f"No journal can be kept in {folder} ({error.strerror}), and without one no mail leaves. {mend}"
    )
