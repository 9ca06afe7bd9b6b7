"""The headers of each sort of mail, in the order they leave (mail.md). No value of one may become another."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from funnel.config import Settings
from funnel.mail.encoding import FOLD, address_text, header_text, mailbox, phrase, token_text
from funnel.mail.pieces import Pieces
from funnel.mail.stencil import Header, Slot
from funnel.programme.merge import Tag

FEEDBACK_SENDER = "funnel"  # the part of Feedback-ID that is the same in all our mails
ONE_CLICK = b"List-Unsubscribe=One-Click"


def of_notice(subject: Pieces, known: Settings) -> list[Header]:
    """Those of a mail that somebody's own doing brought about: no list, nothing to unsubscribe from."""
    return [
        ("From", mailbox(known.practice_name, known.mail_from)),
        ("Reply-To", address_text(known.reply_to)),
        ("To", Slot((Tag("to"),), address_text)),
        ("Subject", Slot((Tag("subject_prefix"), *subject), header_text)),
        ("Date", Slot((Tag("date"),), token_text)),
        ("Message-ID", Slot((Tag("message_id"),), token_text)),
        ("Auto-Submitted", b"auto-generated"),  # RFC 3834: keeps out-of-office replies away
    ]


def of_tip(subject: Pieces, course: str, slug: str, step: str, known: Settings) -> list[Header]:
    """Those of a mail of a course: RFC 2919 names the list, RFC 8058 makes leaving one click."""
    domain = address_text(known.mail_from).rpartition(b"@")[2]
    feedback = ":".join(re.sub(r"[^a-z0-9.-]", "-", part.lower()) for part in (step, slug, "tip"))
    return [
        *of_notice(subject, known),
        ("List-Id", _list_id(course, slug.encode() + b"." + domain)),
        ("List-Unsubscribe", Slot(("<", Tag("unsubscribe_link"), ">"), token_text)),
        ("List-Unsubscribe-Post", ONE_CLICK),
        ("Feedback-ID", f"{feedback}:{FEEDBACK_SENDER}".encode()),
    ]


def date(now: datetime) -> str:
    return format_datetime(now.astimezone(UTC))


def _list_id(title: str, name: bytes) -> bytes:
    return phrase(title) + FOLD + b"<" + name + b">"
