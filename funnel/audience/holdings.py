"""What we hold about one person beside their own row: to show them all of it, and to blank it when they wish."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, Select, case, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.audience import pointer, suppression
from funnel.models.choices_made import Choice, NewAddress
from funnel.models.content import Enrolment, Sequence, Step
from funnel.models.former import FormerAddress
from funnel.models.mail import Link, Message
from funnel.models.people import Consent, Form, SignUp, SignUpState, Subscriber
from funnel.models.responses import Booking, Event
from funnel.models.sending import MarketingStamp
from funnel.models.tags import Tag, Tagged
from funnel.models.topics import Topic, Unwanted
from funnel.programme import waiting
from funnel.programme.history import among

ERASED = "they were erased"


_FORM = Form.title.label("form")
_PERSON = (
    select(
        Subscriber.email,
        Subscriber.first_name,
        Subscriber.time_zone,
        Subscriber.language,
        Subscriber.state,
        Subscriber.pace,
        Subscriber.paused_until,
        _FORM,
        Subscriber.source,
        Subscriber.utm,
        Subscriber.created_at,
        Subscriber.confirmed_at,
        Subscriber.ended_at,
        MarketingStamp.at.label("last_marketing_at"),
        MarketingStamp.newsletter_at.label("last_newsletter_at"),
    )
    .outerjoin(Form, Subscriber.form_id == Form.id)
    .outerjoin(MarketingStamp, MarketingStamp.subscriber_id == Subscriber.id)
)

_CONSENTS = (
    select(Consent.at, Consent.kind, Consent.wording, Consent.how, _FORM, Consent.network, Consent.agent)
    .outerjoin(Form, Consent.form_id == Form.id)
    .order_by(Consent.at, Consent.id)
)
_SIGN_UPS = (
    select(
        SignUp.created_at,
        _FORM,
        SignUp.email,
        SignUp.first_name,
        SignUp.time_zone,
        SignUp.language,
        SignUp.source,
        SignUp.utm,
        SignUp.wording,
        SignUp.network,
        SignUp.agent,
        SignUp.risk,
        SignUp.signs,
        SignUp.state,
        SignUp.reason,
        SignUp.settled_at,
        SignUp.confirmed_at,
    )
    .join(Form, SignUp.form_id == Form.id)
    .order_by(SignUp.created_at, SignUp.id)
)
_COURSES = (
    select(
        Sequence.title.label("course"),
        Enrolment.state,
        Enrolment.reason,
        Step.subject.label("next_mail"),
        Enrolment.due_at,
        Enrolment.started_at,
        Enrolment.ended_at,
    )
    .join(Sequence, Enrolment.sequence_id == Sequence.id)
    .outerjoin(Step, Enrolment.step_id == Step.id)
    .order_by(Enrolment.started_at, Enrolment.id)
)
_MAILS = (
    select(
        Message.created_at,
        Message.kind,
        func.coalesce(Step.subject, Message.template).label("mail"),
        Message.to_address,
        Message.state,
        Message.reason,
        Message.reply,
        Message.due_at,
        Message.sent_at,
        Message.ended_at,
    )
    .outerjoin(Step, Message.step_id == Step.id)
    .order_by(Message.created_at, Message.id)
)
_EVENTS = (
    select(
        Event.at,
        Event.kind,
        Event.reason,
        Event.machine.label("by_a_machine"),
        Link.url.label("link"),
        Link.label.label("words"),
        Event.detail,
    )
    .outerjoin(Link, Event.link_id == Link.id)
    .order_by(Event.at, Event.id)
)
_FORMER = select(FormerAddress.until).order_by(FormerAddress.until)  # nobody can read an address out of its hash
_NEW = select(NewAddress.email, NewAddress.created_at, NewAddress.done_at).order_by(NewAddress.id)
_UNWANTED = select(Topic.name, Unwanted.at).join(Topic, Topic.id == Unwanted.topic_id).order_by(Topic.name)
_CHOICES = select(Choice.at, Choice.chose, Choice.detail).order_by(Choice.id)
_TAGS = select(Tag.name, Tagged.at).join(Tag, Tag.id == Tagged.tag_id).order_by(Tag.name)


def of(session: Session, person: Subscriber) -> dict[str, Any]:
    """All of it, in the order things happened: plain keys, times in ISO 8601."""
    ids = pointer.all_of(session, person.id)
    kept: dict[str, Executable] = {
        "former_addresses": _FORMER.where(among(FormerAddress.subscriber_id, ids)),
        "consents": _CONSENTS.where(among(Consent.subscriber_id, ids)),
        "sign_ups": _SIGN_UPS.where(_signed_up(person, ids)),
        "courses": _COURSES.where(among(Enrolment.subscriber_id, ids)),
        "mails": _MAILS.where(_mailed(session, person)),
        "events": _EVENTS.where(Event.subscriber_id == person.id),
        "bookings": _bookings(person),
        "new_addresses": _NEW.where(among(NewAddress.subscriber_id, ids)),
        "topics_not_wanted": _UNWANTED.where(among(Unwanted.subscriber_id, ids)),
        "choices": _CHOICES.where(among(Choice.subscriber_id, ids)),
        "tags": _TAGS.where(Tagged.subscriber_id == person.id),
    }
    reason = suppression.reason(session, person.address_hash) if person.address_hash else None
    own = _plain(session.execute(_PERSON.where(Subscriber.id == person.id)).one())
    held = {name: [_plain(row) for row in session.execute(query)] for name, query in kept.items()}
    return {"subscriber": own | {"not_mailed_because": reason}, **held}


def blank(session: Session, person: Subscriber, now: datetime) -> None:
    """Takes the person out of every row that is not their own, while that still says who they are."""
    blank_mails(session, list(session.scalars(select(Message.id).where(_mailed(session, person)))), now)
    ids = pointer.all_of(session, person.id)
    blank_sign_ups(session, _signed_up(person, ids), now)
    session.execute(
        update(Booking)
        .where(_booked(person))
        .values(
            name="", email="", phone="", suits="", note="", text_deleted_at=func.coalesce(Booking.text_deleted_at, now)
        )
    )
    session.execute(update(Consent).where(among(Consent.subscriber_id, ids)).values(network=None, agent=None))
    session.execute(delete(Tagged).where(Tagged.subscriber_id == person.id))
    session.execute(delete(Unwanted).where(among(Unwanted.subscriber_id, ids)))
    session.execute(update(Choice).where(among(Choice.subscriber_id, ids)).values(detail={}))
    session.execute(delete(NewAddress).where(among(NewAddress.subscriber_id, ids)))
    session.execute(delete(FormerAddress).where(among(FormerAddress.subscriber_id, ids)))
    session.execute(update(Event).where(Event.subscriber_id == person.id).values(detail={}, reference=None))


def blank_mails(session: Session, ids: Collection[int], now: datetime) -> None:
    """Takes whom they went to out of these mails; those that wait do not leave."""
    # Their entries before the mails themselves, as a claim takes them: or the two could wait for each other.
    waiting.skip(session, ERASED, now, among(Message.id, ids))
    # A server's reply may name who it is about.
    session.execute(update(Message).where(among(Message.id, ids)).values(to_address=None, reply=""))


def blank_sign_ups(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    """Takes whoever filled them in out of these sign-ups; those not settled yet lead to nothing."""
    theirs = update(SignUp).where(which)
    session.execute(
        theirs.where(SignUp.state == SignUpState.NEW).values(state=SignUpState.REFUSED, reason=ERASED, settled_at=now)
    )
    blank: dict[str, Any] = {
        "email": "",
        "address_hash": b"",
        "mailbox_hash": None,
        "first_name": "",
        "time_zone": "",
        "utm": {},
    }
    session.execute(theirs.values(**blank, network=None, wide=None, agent=None, remind_at=None))


def _bookings(person: Subscriber) -> Select[*tuple[Any, ...]]:
    # A link in a forwarded mail makes a booking theirs whose words are the other reader's: those are not shown.
    typed = (Booking.name, Booking.email, Booking.phone, Booking.suits, Booking.note)
    own = [case((_is_theirs(Booking.email, person), column), else_="").label(column.key) for column in typed]
    kept = (Booking.created_at, Booking.state, Booking.how, *own, Booking.source, Booking.text_deleted_at)
    return select(*kept).where(_booked(person)).order_by(Booking.created_at, Booking.id)


def _mailed(session: Session, person: Subscriber) -> ColumnElement[bool]:
    # The thanks for a booking are addressed to what was typed; the notice of it goes to the owner and is not theirs.
    bookings = session.scalars(select(Booking.id).where(_booked(person))).all()
    thanks = Message.booking_id.in_(bookings) & _is_theirs(Message.to_address, person)
    return or_(among(Message.subscriber_id, pointer.all_of(session, person.id)), thanks)


def _signed_up(person: Subscriber, ids: list[int]) -> ColumnElement[bool]:
    return or_(among(SignUp.subscriber_id, ids), SignUp.address_hash == person.address_hash)


def _booked(person: Subscriber) -> ColumnElement[bool]:
    return or_(Booking.subscriber_id == person.id, _is_theirs(Booking.email, person))


def _is_theirs(column: InstrumentedAttribute[Any], person: Subscriber) -> ColumnElement[bool]:
    return func.lower(column) == func.lower(person.email)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._mapping.items()}
