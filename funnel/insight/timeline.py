"""One person's story, newest first: everything that is kept of them, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from funnel.audience import pointer, risk, witness
from funnel.insight import deeds, subjects, whereabouts
from funnel.insight.told import Entry, Told
from funnel.insight.whereabouts import Where
from funnel.models.content import Enrolment, EnrolmentState, Sequence, Step
from funnel.models.mail import Link, Message
from funnel.models.people import Consent, ConsentKind, Form, SignUp, SignUpState
from funnel.models.responses import Booking, BookingHow, BookingState, Event, EventKind
from funnel.models.sending import QueueEntry

MOST_OF_A_KIND = 300  # the newest ones; a course makes a few dozen
MOST_AT_ONCE = 5000  # of one moment
PAGE = 100  # entries, and some more where several happened at once
KINDS = (
    "sign-up", "consent", "course", "mail", "machine", "click", "bounce", "complaint", "left", "booking", "tagged",
    "owner",
)  # fmt: skip

CONSENT_WORDS = {
    ConsentKind.ASKED: "Agreed in the form",
    ConsentKind.CONFIRMED: "Confirmed the address",
    ConsentKind.WITHDREW: "Withdrew",
    ConsentKind.IMPORTED: "Agreed before, as you said",
}
ANOTHER = "Confirmed another course"
MAIL_WORDS = {
    Where.QUEUED: "Waits to be sent",
    Where.SENDING: "Being sent",
    Where.SENT: "Sent",
    Where.DEFERRED: "Refused for now, will be tried again",
    Where.FAILED: "Failed",
    Where.UNKNOWN: "Perhaps sent",
    Where.SKIPPED: "Not sent",
    Where.EXPIRED: "Too late to be sent",
}
BOOKING_WORDS = {
    BookingState.REQUESTED: "Asked for a session",
    BookingState.BOOKED: "Booked a session",
    BookingState.MOVED: "Moved a session",
    BookingState.CANCELLED: "Cancelled a session",
}
HOW_BOOKED = {
    BookingHow.PAGE: "on the booking page",
    BookingHow.SAID: "said so with the link in a mail",
    BookingHow.OWNER: "marked by the owner",
}


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    older: datetime | None  # there are more, before this time


def of(session: Session, subscriber_id: int, now: datetime) -> list[Entry]:
    """Everything kept of one person, newest first; what waits to be sent stands first, by the time it is due."""
    return _all(session, subscriber_id, None, MOST_OF_A_KIND)


def page(session: Session, subscriber_id: int, before: datetime | None = None, most: int = PAGE) -> Page:
    """The newest `most` entries before `before`; those of one moment are never torn apart."""
    found = _all(session, subscriber_id, before, most + 1)
    if len(found) <= most:
        return Page(found, None)
    last = found[most - 1].at
    kept = [entry for entry in found if entry.at >= last]
    # Of one moment there may be more than was read: they are, so that none is lost.
    if len(kept) > most:
        rest = _all(session, subscriber_id, last + timedelta.resolution, MOST_AT_ONCE)
        kept = [entry for entry in kept if entry.at > last] + [entry for entry in rest if entry.at == last]
    return Page(kept, last)


def _all(session: Session, subscriber_id: int, before: datetime | None, most: int) -> list[Entry]:
    sources = (_sign_ups, _consents, _courses, _mails, _events, _bookings, deeds.tags, deeds.audit, deeds.bulk)
    told = Told(session, pointer.all_of(session, subscriber_id), before, most)
    entries = [entry for source in sources for entry in source(told) if before is None or entry.at < before]
    return sorted(entries, key=lambda entry: (entry.at, KINDS.index(entry.kind)), reverse=True)


def _sign_ups(told: Told) -> Iterator[Entry]:
    query = select(
        SignUp.created_at, SignUp.state, SignUp.reason, SignUp.source, SignUp.signs, SignUp.let_in_at, Form.title
    ).join(Form)
    for row in told.newest(query, SignUp.subscriber_id, SignUp.created_at):
        came = f", coming from {row.source}" if row.source else ""
        refused = "Refused: " if row.state == SignUpState.REFUSED else ""
        looked = "looked risky: " + "; ".join(risk.reasons(row.signs)) if row.signs else ""
        let_in = "let in by you" if row.let_in_at else ""
        detail = " · ".join(filter(None, (f"{refused}{row.reason}", let_in, looked)))
        yield Entry(row.created_at, "sign-up", f"Signed up for {row.title}{came}", detail)


def _consents(told: Told) -> Iterator[Entry]:
    query = select(Consent.at, Consent.kind, Consent.how, Consent.wording, Consent.network)
    for row in told.newest(query, Consent.subscriber_id, Consent.at):
        wording = f"“{row.wording}”" if row.wording else ""
        detail = " · ".join(filter(None, (wording, row.network and f"from the network {row.network}")))
        said = ANOTHER if row.how == witness.FOR_ANOTHER else CONSENT_WORDS[row.kind]
        yield Entry(row.at, "consent", _with(said, "" if row.how == witness.BY_FORM else row.how), detail)


def _courses(told: Told) -> Iterator[Entry]:
    query = select(Enrolment.started_at, Enrolment.ended_at, Enrolment.state, Enrolment.reason, Sequence.title).join(
        Sequence
    )
    for row in told.newest(query, Enrolment.subscriber_id, None):
        yield Entry(row.started_at, "course", f"Began {row.title}")
        if row.ended_at:
            ended = "Finished" if row.state == EnrolmentState.FINISHED else "Stopped"
            yield Entry(row.ended_at, "course", f"{ended} {row.title}", row.reason or "")


def _mails(told: Told) -> Iterator[Entry]:
    at = func.coalesce(Message.sent_at, Message.ended_at, Message.due_at)
    where = whereabouts.FOUND.label("where")
    query = (
        select(at.label("at"), where, Message.reason, Message.reply, Message.template, Step.subject)
        .outerjoin(QueueEntry, whereabouts.ENTERED)
        .outerjoin(Step, Step.id == Message.step_id)
    )
    for row in told.newest(query, Message.subscriber_id, at):
        name = subjects.called(row.template, row.subject)
        words = _with(f"{MAIL_WORDS[row.where]}: {name}", row.reason)
        yield Entry(row.at, "mail", words, row.reply)


def _events(told: Told) -> Iterator[Entry]:
    query = (
        select(
            Event.at,
            Event.kind,
            Event.machine,
            Event.reason,
            Event.detail,
            Link.label,
            Link.url,
            Message.template,
            Step.subject,
        )
        .outerjoin(Link, Link.id == Event.link_id)
        .outerjoin(Message, Message.id == Event.message_id)
        .outerjoin(Step, Step.id == Message.step_id)
    )
    query = query.where(Event.kind != EventKind.BOOKING)  # those have a row of their own
    for row in told.newest(query, Event.subscriber_id, Event.at):
        yield _event(row)


def _event(row: Row[*tuple[Any, ...]]) -> Entry:
    name = f"“{subjects.called(row.template, row.subject)}”" if row.template else ""
    in_mail, mail, origin = (f" in {name}", f": {name}", f" from {name}") if name else ("", "", "")
    if row.kind == EventKind.CLICK:
        who = "A machine followed" if row.machine else "Clicked"
        words = f"{who} “{row.label or row.url}”{in_mail}"
        return Entry(row.at, "machine" if row.machine else "click", words, row.reason)
    if row.kind == EventKind.HANDOUT:
        return Entry(row.at, "click", f"Took “{row.detail.get('title', 'the handout')}”")
    if row.kind == EventKind.UNSUBSCRIBE:
        return Entry(row.at, "left", f"Left{origin}", row.reason)
    if row.kind == EventKind.COMPLAINT:
        return Entry(row.at, "complaint", f"Called it spam{mail}", row.reason)
    if row.kind == EventKind.BOUNCE and "delayed" in row.detail:
        return Entry(row.at, "bounce", f"Still on its way{mail}", row.reason)
    if row.kind == EventKind.BOUNCE:
        return Entry(row.at, "bounce", f"Came back{mail}", row.reason)
    return Entry(row.at, "click", f"Opened{mail}", row.reason)


def _bookings(told: Told) -> Iterator[Entry]:
    query = (
        select(Booking.created_at, Booking.state, Booking.how, Booking.source, Message.template, Step.subject)
        .outerjoin(Message, Message.id == Booking.message_id)
        .outerjoin(Step, Step.id == Message.step_id)
    )
    for row in told.newest(query, Booking.subscriber_id, Booking.created_at):
        brought = f"brought by “{subjects.called(row.template, row.subject)}”" if row.template else ""
        words = _with(BOOKING_WORDS[row.state], HOW_BOOKED[row.how])
        yield Entry(row.created_at, "booking", words, brought)


def _with(words: str, why: str) -> str:
    return f"{words} ({why})" if why else words
