"""What goes into the slots of one person's mail."""

from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import allowance, confirmation, moving, own_data
from funnel.config import settings
from funnel.house import entry
from funnel.mail import headers
from funnel.mail.encoding import Unsendable
from funnel.models.house import Owner
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Form, SignUp, Subscriber
from funnel.programme import handouts, reminders
from funnel.tokens import Purpose

NOT_ANY_MORE = "whom it is for may not sign in any more"
NOT_ASKED = "the wish for another address was deleted"
NO_RHYTHM = "the regular newsletter that it tells of was deleted"
NOWHERE = "/privacy"  # where the ways out of a mail that is nobody's lead: a page that harms nobody
LEAVE, CHOOSE = "unsubscribe", "preferences"  # the pages behind the ways out

SAMPLE_TITLE = "The title of your form"
SAMPLE_SHEET = "The title of your handout"

PERSONAL_LINKS = (
    "unsubscribe_link",
    "preferences_link",
    "confirm_link",
    "fresh_link",
    "owner_link",
    "account_link",
    "sheet_link",
)
OPENS = {"invitation": Purpose.INVITE, "password_link": Purpose.FORGOTTEN}  # whose link opens an account

Values: TypeAlias = dict[str, str]


def envelope(to_address: str, message_id: str, now: datetime, prefix: bytes = b"") -> dict[str, str | bytes]:
    """What every mail needs for its headers."""
    return {"to": to_address, "message_id": message_id, "date": headers.date(now), "subject_prefix": prefix}


def of_reader(person: Subscriber, message_id: int) -> Values:
    """A subscriber's own values in one notice."""
    return {
        "first_name": person.first_name,
        "unsubscribe_link": _link(LEAVE, tokens.sign(Purpose.UNSUBSCRIBE, person.id, message_id)),
        "preferences_link": _link(CHOOSE, tokens.sign(Purpose.PREFERENCES, person.id, message_id)),
    }


def of_nobody(person: Subscriber | None = None) -> Values:
    """The same for a preview or a test: no link in it changes anything for anybody."""
    return dict.fromkeys(PERSONAL_LINKS, settings().base_url + NOWHERE) | {
        "first_name": person.first_name if person else "",
        "form_title": SAMPLE_TITLE,
        "sheet_title": SAMPLE_SHEET,
        **reminders.SAMPLE,
    }


def of_notice(session: Session, message: Message) -> Values:
    """Whatever a notice may say. What a form was filled with is not among it (law 5)."""
    own: Values = {}
    if message.subscriber_id and message.kind == MessageKind.NOTICE:
        person = session.get_one(Subscriber, message.subscriber_id)
        own |= of_reader(person, message.id)
        own["fresh_link"] = _link("my-data", own_data.fresh_token(person, message.created_at))
    if message.sign_up_id:
        sign_up = session.get_one(SignUp, message.sign_up_id)
        own["confirm_link"] = _link("confirm", confirmation.token(sign_up))
        form = session.get_one(Form, sign_up.form_id)
        own["form_title"] = form.title  # the practice's words, not a reader's
        if message.template == allowance.HANDOUT_TOO:
            own["sheet_title"] = handouts.given(session, form).title
            own["sheet_link"] = handouts.address(form.id, sign_up.subscriber_id or 0)
    if message.template == moving.CONFIRM:
        row = moving.of_key(session, message.key)
        if row is None:
            raise Unsendable(NOT_ASKED)
        own["confirm_link"] = _link("new-address", moving.token(row))
    if message.booking_id:
        own["owner_link"] = _link("owner/bookings", str(message.booking_id))
    if message.template in reminders.TEMPLATES:
        told = reminders.said(session, message.key)
        if told is None:
            raise Unsendable(NO_RHYTHM)
        own |= told | {"owner_link": f"{settings().base_url}/{told['path']}"}
    if purpose := OPENS.get(message.template):
        owner = session.scalars(select(Owner).where(Owner.email == message.to_address)).one_or_none()
        if owner is None or owner.removed_at:
            raise Unsendable(NOT_ANY_MORE)
        own["account_link"] = _link("owner/enter", entry.token(owner, purpose, message.created_at))
    return own


def _link(page: str, token: str) -> str:
    return f"{settings().base_url}/{page}/{token}"
