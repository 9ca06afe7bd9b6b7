"""The mails that the local catcher took, as numbered files: how they are stored, listed and read.

A mail's envelope stands above its own headers as X-Envelope-From and X-Envelope-To, as a mail server would add
Return-Path (RFC 5321 §4.4); below them the mail is as it came, byte for byte.
"""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path

PAGE_MAILS = 50
KEPT_MAILS = 5_000
LONGEST_HEADERS_BYTES = 64 * 1024
NAME = re.compile(r"([1-9]\d{0,17})\.eml")


@dataclass(frozen=True)
class CaughtMail:
    """One line of the list. Texts are decoded and on one line; they are a stranger's words: escape them."""

    number: int
    subject: str
    to: str
    sender: str
    date: datetime  # when it was caught, UTC
    size: int  # bytes


def store(folder: Path, number: int, sender: str, recipients: list[str], data: bytes) -> Path:
    """Writes a mail as `<number>.eml`, whole or not at all, and lets go of the one that is KEPT_MAILS older."""
    target = folder / f"{number}.eml"
    unfinished = folder / f"{number}.new"
    envelope = [f"X-Envelope-From: <{sender}>", *(f"X-Envelope-To: <{address}>" for address in recipients)]
    unfinished.write_bytes("".join(f"{line}\r\n" for line in envelope).encode() + data)
    unfinished.rename(target)
    (folder / f"{number - KEPT_MAILS}.eml").unlink(missing_ok=True)
    return target


def numbers(folder: Path) -> list[int]:
    """The numbers of all mails kept, newest first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted((int(found[1]) for name in names if (found := NAME.fullmatch(name))), reverse=True)


def mails(folder: Path, page: int = 1) -> list[CaughtMail]:
    """Page `page` (from 1) of the mails, newest first, PAGE_MAILS each; a page that is not there is empty."""
    start = (max(page, 1) - 1) * PAGE_MAILS
    return [mail for number in numbers(folder)[start : start + PAGE_MAILS] if (mail := _mail(folder, number))]


def read(folder: Path, number: int) -> bytes:
    """A mail, raw, with its envelope above it. Raises FileNotFoundError when there is none of that number."""
    return (folder / f"{int(number)}.eml").read_bytes()


def _mail(folder: Path, number: int) -> CaughtMail | None:
    try:
        with (folder / f"{number}.eml").open("rb") as file:
            headers = BytesHeaderParser(policy=compat32).parsebytes(file.read(LONGEST_HEADERS_BYTES))
            facts = os.fstat(file.fileno())
    except FileNotFoundError:  # let go of between the list and here
        return None
    return CaughtMail(
        number=number,
        subject=_decoded(headers.get("Subject", "")),
        to=_decoded(headers.get("To", "")),
        sender=_decoded(headers.get("From", "")),
        date=datetime.fromtimestamp(facts.st_mtime, UTC),
        size=facts.st_size,
    )


def _decoded(raw: object) -> str:
    try:
        text = str(make_header(decode_header(str(raw))))
    except (LookupError, ValueError, MessageError):  # an unknown charset, or broken encoding: show it as it came
        text = str(raw)
    return " ".join(text.split())
