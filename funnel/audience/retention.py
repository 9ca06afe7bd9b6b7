"""Retention: what has served its purpose goes by itself. It counts real days, also in a rehearsal."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from funnel.audience import allowance, domains
from funnel.models.choices_made import Choice, NewAddress
from funnel.models.door import CausedMail, MailDomain, SpentPuzzle
from funnel.models.handouts import OwnFile
from funnel.models.house import OwnerSession
from funnel.models.people import Consent, Form, SignUp, Subscriber, SubscriberState
from funnel.models.responses import Booking, Event

UNCONFIRMED = timedelta(days=30)
NETWORKS = timedelta(days=30)
WISHES = timedelta(days=1)  # for another address
BOOKING_TEXT = timedelta(days=90)
EVENTS = timedelta(days=731)  # 24 months, a leap day among them
NEVER_IN = (
    SubscriberState.PENDING,
    SubscriberState.UNSUBSCRIBED,
    SubscriberState.BOUNCED,
    SubscriberState.COMPLAINED,
)
BATCH = 5_000  # rows of each sort a call, so that no transaction holds many of them for long


def retain(session: Session, now: datetime, batch: int = BATCH) -> dict[str, int]:
    """Deletes and blanks what is past its time, at most `batch` rows of each sort; how many of each.

    Called, in transactions of their own, until every count is 0, it leaves nothing that is past its time.
    """
    old_answers = MailDomain.looked_at < now - domains.KEPT
    return {
        "unconfirmed sign-ups": _delete_sign_ups(session, now, batch),
        "people who never confirmed": _blank_people(session, now, batch),
        "networks of sign-ups": _blank_networks(session, SignUp, SignUp.created_at, now, batch, ("wide",)),
        "networks of consents": _blank_networks(session, Consent, Consent.at, now, batch),
        "texts of bookings": _blank_bookings(session, now, batch),
        "events": _delete_events(session, now, batch),
        "choices that others overtook": _delete_choices(session, now, batch),
        "new addresses": _delete_addresses(session, now, batch),
        "new addresses not confirmed": _blank_addresses(session, now, batch),
        "mails that strangers caused": _delete_caused(session, now, batch),
        "files no form gives": _delete_files(session, now, batch),
        "sessions of owners": _delete_sessions(session, now, batch),
        "answers of the DNS": _delete_keyed(session, MailDomain.domain, old_answers, batch),
        "spent puzzles": _delete_keyed(session, SpentPuzzle.mark, SpentPuzzle.until < now, batch),
    }


def _delete_sign_ups(session: Session, now: datetime, batch: int) -> int:
    # Their mails stay and lose only the reference, so that what was planned still adds up.
    ids = _some(session, SignUp, batch, SignUp.confirmed_at.is_(None), SignUp.created_at < now - UNCONFIRMED)
    session.execute(delete(SignUp).where(SignUp.id.in_(ids)))
    return len(ids)


def _blank_people(session: Session, now: datetime, batch: int) -> int:
    """Who never confirmed is forgotten; an empty row stays, so that the figures of that month stay true."""
    ids = _some(
        session,
        Subscriber,
        batch,
        Subscriber.confirmed_at.is_(None),
        Subscriber.state.in_(NEVER_IN),
        Subscriber.address_hash.is_not(None),
        Subscriber.created_at < now - UNCONFIRMED,
        ~exists().where(SignUp.subscriber_id == Subscriber.id),
    )
    people = update(Subscriber).where(Subscriber.id.in_(ids))
    session.execute(
        people.values(
            email=None,
            address_hash=None,
            first_name="",
            time_zone="",
            utm={},
            state=SubscriberState.ERASED,
            ended_at=now,
        )
    )
    return len(ids)


def _blank_networks(
    session: Session, table: Any, made_at: Any, now: datetime, batch: int, more: tuple[str, ...] = ()
) -> int:
    held = or_(table.network.is_not(None), table.agent.is_not(None))
    ids = _some(session, table, batch, made_at < now - NETWORKS, held)
    blank = dict.fromkeys(("network", "agent", *more))
    session.execute(update(table).where(table.id.in_(ids)).values(blank))
    return len(ids)


def _blank_bookings(session: Session, now: datetime, batch: int) -> int:
    """What was typed freely goes, and the telephone number with it: it was given to agree on a time."""
    ids = _some(session, Booking, batch, Booking.created_at < now - BOOKING_TEXT, Booking.text_deleted_at.is_(None))
    texts = update(Booking).where(Booking.id.in_(ids))
    session.execute(texts.values(suits="", note="", phone="", text_deleted_at=now))
    return len(ids)


def _delete_events(session: Session, now: datetime, batch: int) -> int:
    ids = _some(session, Event, batch, Event.at < now - EVENTS)
    session.execute(delete(Event).where(Event.id.in_(ids)))
    return len(ids)


def _delete_sessions(session: Session, now: datetime, batch: int) -> int:
    """Sessions that ended by themselves, with their networks and browsers' names."""
    ids = _some(session, OwnerSession, batch, OwnerSession.created_at < now - NETWORKS)
    session.execute(delete(OwnerSession).where(OwnerSession.id.in_(ids)))
    return len(ids)


def _delete_keyed(session: Session, key: Any, condition: ColumnElement[bool], batch: int) -> int:
    keys = list(session.scalars(select(key).where(condition).limit(batch).with_for_update(skip_locked=True)))
    session.execute(delete(key.class_).where(key.in_(keys)))
    return len(keys)


def _delete_choices(session: Session, now: datetime, batch: int) -> int:
    """Lines of what readers chose, overtaken long ago; what stands stays, and so does every line of consent."""
    ids = _some(session, Choice, batch, Choice.kept_until <= now)
    session.execute(delete(Choice).where(Choice.id.in_(ids)))
    return len(ids)


def _delete_addresses(session: Session, now: datetime, batch: int) -> int:
    """Wishes for another address, confirmed or not: the limits look back as far."""
    ids = _some(session, NewAddress, batch, NewAddress.created_at < now - UNCONFIRMED)
    session.execute(delete(NewAddress).where(NewAddress.id.in_(ids)))
    return len(ids)


def _blank_addresses(session: Session, now: datetime, batch: int) -> int:
    """Nobody confirmed them within their hour: they may be somebody's who never heard of us."""
    ids = _some(session, NewAddress, batch, NewAddress.created_at < now - WISHES, NewAddress.email != "")
    session.execute(update(NewAddress).where(NewAddress.id.in_(ids)).values(email=""))
    return len(ids)


def _delete_caused(session: Session, now: datetime, batch: int) -> int:
    ids = _some(session, CausedMail, batch, CausedMail.at < now - allowance.MONTH)
    session.execute(delete(CausedMail).where(CausedMail.id.in_(ids)))
    return len(ids)


def _delete_files(session: Session, now: datetime, batch: int) -> int:
    """PDFs of the owner's that no form gives any more; till then a change can be taken back."""
    given = exists().where(Form.own_file_id == OwnFile.id)
    ids = _some(session, OwnFile, batch, OwnFile.made_at < now - NETWORKS, ~given)
    session.execute(delete(OwnFile).where(OwnFile.id.in_(ids)))
    return len(ids)


def _some(session: Session, table: Any, batch: int, *conditions: ColumnElement[bool]) -> list[int]:
    """The ids of at most `batch` such rows, locked; rows another worker is at are left to it."""
    rows = select(table.id).where(*conditions).limit(batch).with_for_update(skip_locked=True)
    return list(session.scalars(rows))
