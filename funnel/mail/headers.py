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
NEWSLETTER = "newsletter"
TEST_PREFIX = b"[TEST]" + FOLD  # of a subject, which goes on in the next line
AUTOMATIC: Header = ("Auto-Submitted", (b"auto-generated",))  # RFC 3834: keeps out-of-office replies away


def of_notice(subject: Pieces, known: Settings) -> list[Header]:
    """Those of a mail that somebody's own doing brought about: no list, nothing to unsubscribe from."""
    return [*_of_all(subject, known), AUTOMATIC]


def of_tip(subject: Pieces, course: str, slug: str, step: str, known: Settings) -> list[Header]:
    """Those of a mail of a course: RFC 2919 names the list, RFC 8058 makes leaving one click."""
    return [*_of_all(subject, known), AUTOMATIC, *_of_list(course, slug, (step, slug, "tip"), known)]


def of_newsletter(subject: Pieces, number: int, known: Settings) -> list[Header]:
    """Those of an issue of the newsletter. A person wrote it for today, so it is not called automatic."""
    return [
        *_of_all(subject, known),
        *_of_list(known.practice_name, NEWSLETTER, (str(number), NEWSLETTER, "mail"), known),
    ]


def date(now: datetime) -> bytes:
    return token_text(format_datetime(now.astimezone(UTC)))


def _of_all(subject: Pieces, known: Settings) -> list[Header]:
    return [
        ("From", (mailbox(known.practice_name, known.mail_from),)),
        ("Reply-To", (address_text(known.reply_to),)),
        ("To", (Slot((Tag("to"),), address_text),)),
        ("Subject", (Slot((Tag("subject_prefix"),), token_text), _subject(subject))),
        ("Date", (Slot((Tag("date"),), token_text),)),
        ("Message-ID", (Slot((Tag("message_id"),), token_text),)),
    ]


def _subject(subject: Pieces) -> bytes | Slot:
    still = [piece for piece in subject if isinstance(piece, str)]
    return header_text("".join(still)) if len(still) == len(subject) else Slot(subject, header_text)


def _of_list(title: str, slug: str, feedback: tuple[str, str, str], known: Settings) -> list[Header]:
    domain = address_text(known.mail_from).rpartition(b"@")[2]
    told = ":".join(re.sub(r"[^a-z0-9.-]", "-", part.lower()) for part in feedback)
    return [
        ("List-Id", (phrase(title) + FOLD + b"<" + slug.encode() + b"." + domain + b">",)),
        ("List-Unsubscribe", (b"<", Slot((Tag("unsubscribe_link"),), token_text), b">")),
        ("List-Unsubscribe-Post", (b"List-Unsubscribe=One-Click",)),
        ("Feedback-ID", (f"{told}:{FEEDBACK_SENDER}".encode(),)),
    ]
