"""Rendering: from a planned message to the bytes that leave. A preview runs the same stencil, so it cannot lie."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.mail import links, notices, press, values, verp
from funnel.mail.body import LINK
from funnel.mail.encoding import Unsendable, wire_address
from funnel.mail.pieces import filled
from funnel.mail.press import Course, Sheet, Words
from funnel.mail.values import Values
from funnel.models.content import Step
from funnel.models.mail import Message, MessageKind
from funnel.models.people import SignUp, Subscriber

STEP = "step"  # the template of a message whose words are a step's
NOTICES = notices.NAMES
CLIPS_AT = 102_000  # bytes from which on Gmail hides the rest of a mail
SAMPLE_ADDRESS = "reader@example.org"
SAMPLE_ID = "<preview@example.org>"


@dataclass(frozen=True)
class Outgoing:
    """One mail as it leaves: the envelope's two addresses and the data, lines ended by CRLF."""

    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True)
class Preview:
    """What a person will see. `size` is that of the whole mail in bytes."""

    subject: str
    preheader: str
    html: str
    text: str
    size: int


def rendered(session: Session, message: Message, now: datetime) -> Outgoing:
    """The mail of `message`, ready for the relay. Makes the rows of its links when they are missing.

    Raises Unsendable, in words for the owner, when it cannot be written or has nobody to go to.
    """
    recipient = _recipient(session, message)
    prefix = values.TEST_PREFIX if message.kind == MessageKind.TEST else ""
    sheet, own = _step(session, message, now) if message.template == STEP else _notice(session, message)
    data = sheet.stencil.fill(values.envelope(recipient, message.message_id, now, prefix) | own)
    return Outgoing(verp.sender(message.id), recipient, data)


def preview(session: Session, step: Step, subscriber: Subscriber | None, now: datetime) -> Preview:
    """A step as `subscriber` would see it; as somebody without a name would, for None. Nothing in it is counted."""
    sheet = _sheet_of(step)
    return _seen(sheet, values.of_nobody(subscriber) | _straight(sheet), now)


def preview_notice(session: Session, template: str, now: datetime) -> Preview:
    """A notice as anybody would see it. Raises KeyError for a name that is none of NOTICES."""
    return _seen(_sheet_of_notice(template), values.of_nobody(), now)


def _recipient(session: Session, message: Message) -> str:
    person = session.get(Subscriber, message.subscriber_id) if message.subscriber_id else None
    sign_up = session.get(SignUp, message.sign_up_id) if message.sign_up_id else None
    address = message.to_address or (person and person.email) or (sign_up and sign_up.email)
    if not address:
        raise Unsendable("the address was deleted")
    return wire_address(address)


def _step(session: Session, message: Message, now: datetime) -> tuple[Sheet, Values]:
    step = session.get_one(Step, message.step_id)
    sheet = _sheet_of(step)
    if message.kind == MessageKind.TEST or message.subscriber_id is None:
        return sheet, values.of_nobody() | _straight(sheet)
    person = session.get_one(Subscriber, message.subscriber_id)
    ids = links.of_step(session, step.id, sheet.places, now)
    tracked = {f"{LINK}{place}": links.url(link_id, message.id) for place, link_id in enumerate(ids)}
    return sheet, values.of_reader(person, message) | tracked


def _notice(session: Session, message: Message) -> tuple[Sheet, Values]:
    return _sheet_of_notice(message.template), values.of_notice(session, message)


def _sheet_of(step: Step) -> Sheet:
    course = Course(step.sequence.title, step.sequence.slug, step.slug)
    return press.tip(Words(step.subject, step.preheader, step.body), course, settings())


def _sheet_of_notice(name: str) -> Sheet:
    return press.notice(notices.words(name), settings())


def _straight(sheet: Sheet) -> Values:
    known = settings()
    return {f"{LINK}{number}": links.direct(place, known) for number, place in enumerate(sheet.places)}


def _seen(sheet: Sheet, own: Values, now: datetime) -> Preview:
    given = values.envelope(SAMPLE_ADDRESS, SAMPLE_ID, now) | own
    data = sheet.stencil.fill(given)
    mail: EmailMessage = BytesParser(policy=policy.default).parsebytes(data)
    text, page = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return Preview(str(mail["Subject"]), filled(sheet.preheader, given), page, text, len(data))
