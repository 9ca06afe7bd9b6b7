"""Taking an import back: those it brought who had no mail and did nothing since are blanked, as if they had not come.

Nothing is suppressed: they may sign up, or be imported again. Whoever had a mail or did something stays.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarResult, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment
from funnel.models.imports import Import
from funnel.models.mail import Message
from funnel.models.people import Consent, ConsentKind, Pace, SignUp, Subscriber, SubscriberState
from funnel.models.responses import Booking, Event
from funnel.models.tags import Tagged
from funnel.programme.counted import MOST, Sample
from funnel.programme.history import among

CHUNK = 5_000


def untouched(import_id: int) -> ColumnElement[bool]:
    """Whether this import brought a person, to whom nothing has happened since."""
    traces = (
        exists().where(Message.subscriber_id == Subscriber.id),
        exists().where(Event.subscriber_id == Subscriber.id),
        exists().where(Booking.subscriber_id == Subscriber.id),
        exists().where(SignUp.subscriber_id == Subscriber.id),
        exists().where(Consent.subscriber_id == Subscriber.id, Consent.kind != ConsentKind.IMPORTED),
    )
    as_it_came = and_(
        Subscriber.state == SubscriberState.ACTIVE, Subscriber.pace == Pace.ALL, Subscriber.paused_until.is_(None)
    )
    return and_(Subscriber.import_id == import_id, as_it_came, *(~trace for trace in traces))


def sample(session: Session, import_id: int, most: int = MOST) -> Sample:
    """How many would be taken back, of the first `most` that the import brought: a million are not looked at one by one
    while somebody waits.
    """
    mine = select(Subscriber.id).where(Subscriber.import_id == import_id).order_by(Subscriber.id)
    ids = _ids(session.scalars(mine.limit(most + 1)))
    looked, more = ids[:most], len(ids) > most
    free = select(func.count()).select_from(Subscriber).where(among(Subscriber.id, looked), untouched(import_id))
    return Sample(session.scalars(free).one(), len(looked), more)


def take_back(session: Session, found: Import, now: datetime, most: int = CHUNK) -> int:
    """Takes the next chunk back, and moves the import on; how many people it looked at. 0: it is through.

    The caller holds the import.
    """
    mine = select(Subscriber.id).where(Subscriber.import_id == found.id, Subscriber.id > found.line)
    ids = _ids(session.scalars(mine.order_by(Subscriber.id).limit(most)))
    if not ids:
        return 0
    free = select(Subscriber.id).where(among(Subscriber.id, ids), untouched(found.id))
    gone = _ids(session.scalars(free.order_by(Subscriber.id).with_for_update(of=Subscriber)))
    for bond in (Enrolment.subscriber_id, Tagged.subscriber_id):
        session.execute(delete(bond.class_).where(among(bond, gone)))
    blank: dict[str, Any] = {"email": None, "address_hash": None, "first_name": "", "time_zone": "", "utm": {}}
    session.execute(
        update(Subscriber)
        .where(among(Subscriber.id, gone))
        .values(**blank, state=SubscriberState.ERASED, taken_back=True, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    found.line, found.reached = ids[-1], found.reached + len(ids)
    found.done = {**found.done, "taken back": found.done.get("taken back", 0) + len(gone)}
    session.flush()
    return len(ids)


def _ids(found: ScalarResult[int]) -> list[int]:
    return list(found)
