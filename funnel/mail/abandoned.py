"""Abandoned journals: what dead processes knew of their mails, for whoever gets the lock (sending.md, "Certainty")."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funnel.mail import frames, held
from funnel.mail.journal import MAGIC, RECORD, STAGES, SUFFIX, boot_id
from funnel.mail.replies import Reply

READ_AHEAD = 1 << 20

log = logging.getLogger(__name__)


@dataclass
class Found:
    """The journal of a process that is dead, ours to replay until the next one is asked for."""

    path: Path
    file: held.Held = field(repr=False)
    name: str = ""  # its Journal.name; empty, as all of the header, where that is lost
    host: str = ""
    boot_id: str = ""
    original: bool = False  # the file that its process wrote, and no copy
    # False: a record is damaged, and others may be lost. One that is torn off at the end is no loss: its write never
    # returned, so no dot followed it.
    whole: bool = True
    entries: dict[int, dict[int, Reply | None]] = field(default_factory=dict)  # of claims, messages; None: only a dot

    def remove(self) -> None:
        """Takes it away, once the database has durably committed all that it tells. Raises OSError."""
        self.file.remove()


def journals(folder: Path) -> Iterator[Found]:
    """The journals whose processes are dead, each locked until the next is asked for.

    What is no journal of ours, or cannot be read, is logged and left where it is.
    """
    held.sweep(folder)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        file = found = None
        try:
            if file := held.taken(path):
                found = _read(file)
        except (OSError, ValueError) as error:
            log.warning("The journal %s is not read: %s", path, error)
        try:
            if found:
                yield found
        finally:
            if file:
                file.let_go()


def same_boot(found: Found) -> bool:
    """Whether it holds every record of its process, so that a mail without a dot was certainly not handed over.

    It does when it is whole, its process ran since this machine was started, and wrote this very file: a copy, as a
    restored backup brings it, lacks what came later. No host's name is asked: a container made anew has another, and
    the same kernel with all that was written.
    """
    return found.whole and found.original and found.boot_id == boot_id()


def _read(file: held.Held) -> Found:
    """Raises OSError, and ValueError for a file that is no journal of this version."""
    found = Found(file.path, file)
    with open(file.descriptor, "rb", buffering=READ_AHEAD, closefd=False) as source:
        magic = source.read(len(MAGIC))
        if not MAGIC.startswith(magic.rstrip(b"\0")):
            raise ValueError("it is none, or of another version of Funnel")
        bodies = frames.bodies(source)
        header = next(bodies, None)  # none after a power cut, which may leave the file empty or full of zeros
        if header is None:
            found.whole = False
        else:
            _recognise(found, json.loads(header))
        for body in bodies:
            if body is None or len(body) < RECORD.size or body[0] > len(STAGES):
                found.whole = False
            else:
                _note(found, body)
    return found


def _recognise(found: Found, header: dict[str, Any]) -> None:
    found.name, found.host, found.boot_id = header["name"], header["host"], header["boot_id"]
    same_file = header["inode"] == os.fstat(found.file.descriptor).st_ino
    found.original = same_file and found.path.name == f"{found.name}{SUFFIX}"


def _note(found: Found, body: bytes) -> None:
    kind, code, claim_id, message_id = RECORD.unpack_from(body)
    text = body[RECORD.size :].decode(errors="replace")
    reply = Reply(STAGES[kind - 1], code, text) if kind else None
    found.entries.setdefault(claim_id, {})[message_id] = reply
