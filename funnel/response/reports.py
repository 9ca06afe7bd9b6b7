"""What a mail that came back says: a bounce, a delay, a complaint, an auto-reply, or nothing of the kind.

Nothing is believed here and nothing looked up: `bounces` decides whether the report is about a mail of ours. Formats:
RFC 3464 (delivery reports), RFC 6533 (the same with international addresses), RFC 5965 and 6430 (complaints), and
whatever else flufl.bounce knows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message as Mail
from email.utils import getaddresses

from flufl.bounce import all_failures

from funnel.response import auto_replies

LARGEST_BYTES = 2**20  # the report stands first; what is over is the returned mail
MOST_MESSAGE_IDS = 20

BOUNCE = "bounce"
DELAY = "delay"
COMPLAINT = "complaint"
AUTO_REPLY = "auto-reply"
NOTHING = "not a bounce"

# To whom the report itself was sent, as the receiving server wrote it down: our envelope sender.
SENT_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
RECIPIENT_FIELDS = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}  # not not-spam, nor auth-failure (RFC 6591)

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")  # RFC 3463
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_BLANK_LINES = re.compile(r"\r?\n(?:[ \t]*\r?\n)+")
_MESSAGE_ID = re.compile(r"^[\s>]*Message-ID:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Recipient:
    """What a report says of one address."""

    addresses: frozenset[str]  # lower case; under all the names the report has for it
    failed: bool  # False: it is only late
    status: str  # RFC 3463, such as 5.1.1; empty when none is told
    words: str = ""


@dataclass(frozen=True)
class Report:
    kind: str
    recipients: tuple[Recipient, ...] = ()
    sent_to: tuple[str, ...] = ()  # addresses of which one may be our envelope sender
    message_ids: tuple[str, ...] = ()  # RFC 5322, of the mail that came back


def read(raw: bytes) -> Report:
    """Reads one mail. Never raises: what cannot be read is not a bounce."""
    mail = message_from_bytes(raw[:LARGEST_BYTES])
    parts = list(_parts(mail))
    returned = [found for part in parts if (found := _returned(part)) is not None]
    kind, recipients = _told(mail, parts)
    return Report(kind, recipients, _sent_to(mail, parts, returned), _message_ids(mail, parts, returned))


def _told(mail: Mail, parts: list[Mail]) -> tuple[str, tuple[Recipient, ...]]:
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part)
    blocks = [block for part in parts if "delivery-status" in part.get_content_type() for block in _blocks(part)]
    if recipients := tuple(found for block in blocks if (found := _recipient(block))):
        return _kind(recipients), recipients
    if any("Action" in block for block in blocks):
        return NOTHING, ()  # a receipt: delivered, relayed or expanded
    if auto_replies.is_one(mail):
        return AUTO_REPLY, ()
    recipients = _guessed(mail, parts)
    return (_kind(recipients), recipients) if recipients else (NOTHING, ())


def _kind(recipients: tuple[Recipient, ...]) -> str:
    return BOUNCE if any(recipient.failed for recipient in recipients) else DELAY


def _parts(mail: Mail) -> Iterator[Mail]:
    """The parts of the mail itself: not those of a mail that is inside it, which may be a bounce of somebody else's."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            if isinstance(part, Mail):
                yield from _parts(part)
    else:
        yield mail


def _blocks(part: Mail) -> list[Mail]:
    """The blocks of fields in a part of type message/…"""
    payload = part.get_payload()
    blocks = [block for block in payload if isinstance(block, Mail)] if isinstance(payload, list) else []
    # Of types that the parser does not know it reads the first block, and takes the others for that one's text.
    if blocks and "delivery-status" in part.get_content_type() and isinstance(rest := blocks[-1].get_payload(), str):
        blocks += [message_from_string(block) for block in _BLANK_LINES.split(rest) if block.strip()]
    return blocks


def _recipient(block: Mail) -> Recipient | None:
    """One recipient's fields (RFC 3464 §2.3); None for the report's own fields, and for a delivery that went well."""
    action = _field(block, "Action").lower()
    status = _status(_field(block, "Status"), _field(block, "Diagnostic-Code"))
    if not action:
        action = {"5": "failed", "4": "delayed"}.get(status[:1], "")
    failed = action.startswith(("fail", "error"))  # OpenSMTPD says error
    if not failed and not action.startswith("delay"):
        return None
    names = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
    return Recipient(
        _addresses(_field(block, name) for name in names), failed, status, _field(block, "Diagnostic-Code")
    )


def _status(status: str, diagnostic: str) -> str:
    """The code that says most: a report often has x.0.0 as its status and tells more in the server's words."""
    found = [match[1] for text in (status, diagnostic) if (match := _STATUS.search(text))]
    telling = [code for code in found if not code.endswith(".0.0")]
    return (telling or found or [""])[0]


def _complaint(part: Mail) -> tuple[str, tuple[Recipient, ...]]:
    fields = (_blocks(part) or [Mail()])[0]
    if _field(fields, "Feedback-Type").lower() not in COMPLAINTS:
        return NOTHING, ()
    told = [value for value in _fields(fields, "Original-Rcpt-To") if "redacted" not in value.lower()]
    return COMPLAINT, (Recipient(_addresses(told), True, ""),)


def _guessed(mail: Mail, parts: list[Mail]) -> tuple[Recipient, ...]:
    """What flufl.bounce makes of a report in no standard form."""
    if any("delivery-status" in part.get_content_type() for part in mail.walk()):
        return ()  # it is inside a mail that somebody sent on, or would have been read
    try:
        late, failed = all_failures(mail)
    except Exception:  # its detectors trip over mails that are broken
        return ()
    codes = {code for part in parts for code in _STATUS.findall(_text(part)) if code[0] in "45"}
    status = codes.pop() if len(codes) == 1 else ""
    return tuple(
        Recipient(_addresses([address.decode("ascii", "replace")]), address in failed, status)
        for address in sorted(failed | late)
    )


def _sent_to(mail: Mail, parts: list[Mail], returned: list[Mail]) -> tuple[str, ...]:
    fields = [value for name in SENT_TO for value in _fields(mail, name)]
    fields += [_field(found, "Return-Path") for found in returned]
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            fields += [_field(block, "Original-Mail-From") for block in _blocks(part)]
    return tuple(address for _, address in getaddresses(fields) if address)


def _message_ids(mail: Mail, parts: list[Mail], returned: list[Mail]) -> tuple[str, ...]:
    found = [_field(inner, "Message-ID") for inner in returned]
    found += [match for part in parts for match in _MESSAGE_ID.findall(_text(part))]
    found += f"{_field(mail, 'In-Reply-To')} {_field(mail, 'References')}".split()
    known = dict.fromkeys(message_id for message_id in found if message_id.isascii() and message_id.isprintable())
    return tuple(message_id for message_id in known if message_id)[:MOST_MESSAGE_IDS]


def _returned(part: Mail) -> Mail | None:
    """The mail, or the headers of it, that came back inside the report."""
    kind = part.get_content_type()
    if kind in {"message/rfc822", "message/global"}:
        return next(iter(_blocks(part)), None)
    if kind in {"text/rfc822-headers", "message/global-headers"}:
        return message_from_string(_text(part) or "\n".join(str(block) for block in _blocks(part)))
    return None


def _text(part: Mail) -> str:
    if part.get_content_maintype() != "text":
        return ""
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _addresses(fields: Iterable[str]) -> frozenset[str]:
    """The addresses in fields such as `rfc822; ada@example.org` or `<ada@example.org>`."""
    bare = ((field.partition(";")[2] or field).strip().strip("<>") for field in fields)
    return frozenset(address.lower() for address in bare if "@" in address)


def _field(mail: Mail, name: str) -> str:
    return next(iter(_fields(mail, name)), "")


def _fields(mail: Mail, name: str) -> list[str]:
    """The fields of that name as text that the database can keep, whatever bytes came."""
    found = (str(value).encode("utf-8", "replace").decode() for value in mail.get_all(name, []))
    return [_CONTROLS.sub(" ", value).strip() for value in found]
