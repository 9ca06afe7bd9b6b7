"""Merging: two entries of one person become one. It cannot be undone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import ending, preferences, suppression
from funnel.audience.visit import Visit
from funnel.models.content import Enrolment, StopReason
from funnel.models.mail import MessageKind
from funnel.models.people import Pace, SignUp, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Booking, Event
from funnel.models.sending import MarketingStamp
from funnel.models.tags import Tagged
from funnel.programme import enrolment, history, plan

WHY_SKIPPED = "they were merged into another entry"
HOW = "left under an address that was merged into this one"


@dataclass(frozen=True)
class _Strict:
    """What the duplicate wished of us."""

    state: SubscriberState
    pace: Pace
    paused_until: datetime | None
    suppressed: SuppressionReason | None


def hindrance(kept: Subscriber, duplicate: Subscriber) -> str:
    """Why the two cannot be merged; '' when they can."""
    if kept.id == duplicate.id:
        return "This is the same entry. Choose the other one."
    if SubscriberState.ERASED in (kept.state, duplicate.state):
        return "Of one of them nothing is left."
    return ""


def merge(session: Session, kept_id: int, duplicate_id: int, now: datetime) -> Subscriber:
    """Makes the one all that both were; of the other a pointer is left, so that its old links still work.

    Clicks, bookings and tags move; mails, consent lines and sign-ups stay the pointer's, append only, and are told and
    counted with the one kept: a mail that either had does not come again. Whoever left or complained under one address
    has left or complained. Raises ValueError as `hindrance` says.
    """
    # As erasing does: sign-ups, then people, both in the order of their ids.
    ids = sorted((kept_id, duplicate_id))
    session.execute(select(SignUp.id).where(SignUp.subscriber_id.in_(ids)).order_by(SignUp.id).with_for_update())
    people = select(Subscriber).where(Subscriber.id.in_(ids)).order_by(Subscriber.id).with_for_update()
    found = {one.id: one for one in session.scalars(people.execution_options(populate_existing=True))}
    kept, duplicate = found[kept_id], found[duplicate_id]
    if why := hindrance(kept, duplicate):
        raise ValueError(why)
    plan.skip_waiting(session, duplicate.id, WHY_SKIPPED, now, kinds=MessageKind)
    _move_courses(session, kept.id, duplicate.id, now)
    for table in (Event, Booking):
        moved = update(table).where(table.subscriber_id == duplicate.id).values(subscriber_id=kept.id)
        session.execute(moved.execution_options(synchronize_session=False))
    _move_tags(session, kept.id, duplicate.id)
    _remember_the_last_mail(session, kept.id, duplicate.id)
    strict = _Strict(duplicate.state, duplicate.pace, duplicate.paused_until, _suppressed(session, duplicate))
    _fill(kept, duplicate)
    if duplicate.address_hash:  # nothing else remembers it: nobody is to bring it in again but its reader
        suppression.suppress(session, duplicate.address_hash, SuppressionReason.ERASURE, now)
    _blank(session, kept, duplicate, now)
    _take_the_stricter(session, kept, strict, now)
    if session.scalar(select(history.has_booked(kept.id, now - enrolment.REST_AFTER_BOOKING))):
        enrolment.stop(session, kept.id, StopReason.BOOKED, now)
    session.flush()
    return kept


def _move_courses(session: Session, kept_id: int, duplicate_id: int, now: datetime) -> None:
    """A course goes on for the one kept, unless they met it already."""
    met = select(Enrolment.sequence_id).where(Enrolment.subscriber_id == kept_id)
    theirs = Enrolment.subscriber_id == duplicate_id
    moved = update(Enrolment).where(theirs, Enrolment.sequence_id.not_in(met)).values(subscriber_id=kept_id)
    session.execute(moved.execution_options(synchronize_session=False))
    enrolment.stop(session, duplicate_id, StopReason.BY_OWNER, now)


def _move_tags(session: Session, kept_id: int, duplicate_id: int) -> None:
    theirs = select(Tagged.tag_id, literal(kept_id), Tagged.at).where(Tagged.subscriber_id == duplicate_id)
    session.execute(insert(Tagged).from_select(["tag_id", "subscriber_id", "at"], theirs).on_conflict_do_nothing())
    session.execute(delete(Tagged).where(Tagged.subscriber_id == duplicate_id))


def _remember_the_last_mail(session: Session, kept_id: int, duplicate_id: int) -> None:
    """The 20 hours count from the latest mail to either."""
    theirs = session.get(MarketingStamp, duplicate_id)
    own = session.get(MarketingStamp, kept_id)
    if theirs is not None and (own is None or own.at < theirs.at):
        newsletters = [stamp.newsletter_at for stamp in (theirs, own) if stamp and stamp.newsletter_at]
        session.merge(
            MarketingStamp(
                subscriber_id=kept_id,
                at=theirs.at,
                message_id=theirs.message_id,
                newsletter_at=max(newsletters, default=None),
            )
        )


def _fill(kept: Subscriber, duplicate: Subscriber) -> None:
    """What only the other knew; and the first touch is the earlier one of the two."""
    kept.first_name = kept.first_name or duplicate.first_name
    kept.time_zone = kept.time_zone or duplicate.time_zone
    if duplicate.created_at < kept.created_at:
        kept.source, kept.utm, kept.form_id = duplicate.source, duplicate.utm, duplicate.form_id or kept.form_id


def _blank(session: Session, kept: Subscriber, duplicate: Subscriber, now: datetime) -> None:
    pointers = update(Subscriber).where(Subscriber.merged_into_id == duplicate.id).values(merged_into_id=kept.id)
    session.execute(pointers.execution_options(synchronize_session="fetch"))
    duplicate.merged_into_id = kept.id
    duplicate.email = duplicate.address_hash = duplicate.paused_until = None
    duplicate.first_name = duplicate.time_zone = ""
    duplicate.utm = {}
    duplicate.state, duplicate.ended_at = SubscriberState.ERASED, now
    session.flush()


def _suppressed(session: Session, person: Subscriber) -> SuppressionReason | None:
    return suppression.reason(session, person.address_hash) if person.address_hash else None


def _take_the_stricter(session: Session, kept: Subscriber, other: _Strict, now: datetime) -> None:
    """A bounce is about an address, not a wish. Everything else that one of them wished holds for both."""
    if SubscriberState.COMPLAINED in (other.state, kept.state) or other.suppressed == SuppressionReason.COMPLAINT:
        ending.complained(session, kept.id, now)
    elif other.state == SubscriberState.UNSUBSCRIBED and kept.state in ending.HERE:
        ending.leave(session, kept.id, HOW, Visit("", ""), now)
    if other.suppressed == SuppressionReason.OWNER and kept.address_hash:
        suppression.suppress(session, kept.address_hash, SuppressionReason.OWNER, now)
    if other.pace == Pace.MONTHLY:
        preferences.monthly(session, kept, now)
    if other.paused_until and other.paused_until > max(kept.paused_until or now, now):
        preferences.pause_until(session, kept, other.paused_until, now)
    session.refresh(kept)
