"""Rendering what is one person's alone: notices, confirmations, tests and previews.

What goes to many is composed by their Edition. All fill the same stencils, so a preview cannot lie.
"""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import NamedTuple

from sqlalchemy.orm import Session

from funnel import shelf
from funnel.audience import moving
from funnel.config import settings
from funnel.languages import ENGLISH
from funnel.mail import headers, links, notices, press, values, verp
from funnel.mail import sketch as sketches
from funnel.mail.body import LINK
from funnel.mail.encoding import Unsendable, wire_address
from funnel.mail.pieces import filled
from funnel.mail.press import Sheet, Words
from funnel.mail.sketch import Sketch
from funnel.mail.values import Values
from funnel.models.content import Newsletter, Step
from funnel.models.letters import Letter
from funnel.models.mail import Message, MessageKind
from funnel.models.people import SignUp, Subscriber
from funnel.models.responses import Booking
from funnel.models.translations import Translation
from funnel.programme import newsletters, translations

STEP, NEWSLETTER = "step", newsletters.TEMPLATE  # the templates of messages whose words are the owner's
TRANSLATION = "translation"  # that of a test of one, whose number is in its key
SKETCH = "sketch"  # that of a test whose words lie on the shelf, under its key
NOTICES = notices.NAMES
LETTER = "letter"  # the template of the weekly letter, whose words are kept with its week
CLIPS_AT = 102_000  # bytes from which on Gmail hides the rest of a mail
SAMPLE_ADDRESS = "reader@example.org"
SAMPLE_ID = "<preview@example.org>"
DELETED = "the address was deleted"
GONE = "the words of this test are kept for an hour only: send it again"


class Outgoing(NamedTuple):
    """One mail as it leaves: the envelope's two addresses, and the data.

    The data's lines end in CRLF, the last one too, and none begins with a dot: nothing in it is to be doubled.
    """

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
    """A notice, a confirmation, a letter or a test, ready for the relay. Nothing in a test is counted or anybody's own.

    Raises Unsendable, in words for the owner, when it cannot be written or has nobody to go to.
    """
    recipient = _recipient(session, message)
    if message.template in NOTICES:
        sheet = _sheet_of_notice(message.template, _language(session, message))
        own = values.of_notice(session, message)
        prefix = b""
    elif message.template == LETTER:
        sheet, own, prefix = _sheet_of_letter(session.get_one(Letter, Letter.week_in(message.key))), {}, b""
    elif message.kind == MessageKind.TEST:
        sheet, person = _test(session, message)
        own = values.of_nobody(person) | _straight(sheet)
        prefix = headers.TEST_PREFIX
    else:
        raise ValueError(f"what is said to many is composed by its edition, not here: {message.template}")
    data = sheet.stencil.fill(values.envelope(recipient, message.message_id, now, prefix) | own)
    return Outgoing(verp.sender(message.id), recipient, data)


def preview(session: Session, step: Step, subscriber: Subscriber | None, now: datetime) -> Preview:
    """A step as `subscriber` would see it; as somebody without a name would, for None. Nothing in it is counted."""
    return _seen(press.of_step(step), subscriber, now)


def preview_newsletter(
    issue: Newsletter, subscriber: Subscriber | None, now: datetime, targets: Values | None = None
) -> Preview:
    """The same of a newsletter. `targets`: what stands in the slots of its links, instead of where they lead."""
    return _seen(press.of_newsletter(issue), subscriber, now, targets)


def preview_translation(session: Session, said: Translation, now: datetime) -> Preview:
    """A translation as somebody without a name would see it."""
    return _seen(sheet_of(session, said), None, now)


def sheet_of(session: Session, said: Translation) -> Sheet:
    """The sheet of a translation, for readers of its language, in use or not. Raises as all of press do."""
    of = translations.original(session, said)
    if isinstance(of, Step):
        return press.of_step(of, said.language, said)
    return press.of_newsletter(of, said.language, said)


def preview_notice(session: Session, template: str, now: datetime, language: str = ENGLISH) -> Preview:
    """A notice as anybody of that language would see it. Raises KeyError for a name that is none of NOTICES."""
    return _seen(_sheet_of_notice(template, language), None, now)


def preview_letter(letter: Letter, now: datetime) -> Preview:
    """A letter as the owner gets it."""
    return _seen(_sheet_of_letter(letter), None, now)


def preview_sketch(sketch: Sketch, person: Subscriber | None, now: datetime) -> Preview:
    """The same of what is not kept anywhere yet. Raises merge.BadTags and Unsendable."""
    return _seen(sketches.sheet(sketch), person, now)


def _recipient(session: Session, message: Message) -> str:
    person = session.get(Subscriber, message.subscriber_id) if message.subscriber_id else None
    sign_up = session.get(SignUp, message.sign_up_id) if message.sign_up_id else None
    address = message.to_address or (person and person.email) or (sign_up and sign_up.email)
    if not address:
        raise Unsendable(DELETED)
    return wire_address(address)


def _test(session: Session, message: Message) -> tuple[Sheet, Subscriber | None]:
    """What a test says, and as whom it is filled."""
    if message.template == SKETCH:
        return _from_the_shelf(session, message.key)
    if message.template == TRANSLATION:
        return sheet_of(session, session.get_one(Translation, int(message.key.split(":")[1]))), None
    if message.template == NEWSLETTER:
        return press.of_newsletter(session.get_one(Newsletter, message.newsletter_id)), None
    return press.of_step(session.get_one(Step, message.step_id)), None


def _from_the_shelf(session: Session, key: str) -> tuple[Sheet, Subscriber | None]:
    try:
        kept = shelf.found([key]).get(key)
    except shelf.AwayError:
        kept = None
    if kept is None:
        raise Unsendable(GONE)
    person = session.get(Subscriber, kept["person"]) if kept["person"] else Subscriber(first_name=kept["first_name"])
    return sketches.sheet(sketches.of(kept["sketch"])), person


def _sheet_of_letter(letter: Letter) -> Sheet:
    return press.letter(Words(letter.subject, letter.preheader, letter.body), settings())


def _sheet_of_notice(name: str, language: str) -> Sheet:
    return notices.sheet(name, notices.words(name, language))


def _language(session: Session, message: Message) -> str:
    """Of whoever a notice goes to: what they signed up or asked for a session in, else what they are written to in."""
    if message.sign_up_id:
        return session.get_one(SignUp, message.sign_up_id).language
    if message.booking_id:
        return session.get_one(Booking, message.booking_id).language
    whose = message.subscriber_id
    if message.template in notices.MOVING and (row := moving.of_key(session, message.key)):
        whose = row.subscriber_id
    return session.get_one(Subscriber, whose).language if whose else ENGLISH


def _straight(sheet: Sheet) -> Values:
    known = settings()
    return {f"{LINK}{number}": links.direct(place, known) for number, place in enumerate(sheet.places)}


def _seen(sheet: Sheet, subscriber: Subscriber | None, now: datetime, targets: Values | None = None) -> Preview:
    own = values.of_nobody(subscriber) | (targets or _straight(sheet))
    data = sheet.stencil.fill(values.envelope(SAMPLE_ADDRESS, SAMPLE_ID, now) | own)
    mail: EmailMessage = BytesParser(policy=policy.default).parsebytes(data)
    text, page = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return Preview(str(mail["Subject"]), filled(sheet.preheader, own), page, text, len(data))
