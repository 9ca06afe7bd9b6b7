"""Merging: two entries of one person become one. It cannot be undone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import ending, former, pointer, preferences, suppression, topics
from funnel.audience.visit import Visit
from funnel.models.content import Enrolment, StopReason
from funnel.models.mail import MARKETING, Message, MessageKind
from funnel.models.people import Pace, SignUp, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Booking, Event
from funnel.models.sending import MarketingStamp
from funnel.models.tags import Tagged
from funnel.programme import enrolment, history, newsletters, plan, waiting
from funnel.programme.history import among

WHY_SKIPPED = "they were merged into another entry"
HAD_IT = "they had it under an address that was merged into this one"
HOW = "left under an address that was merged into this one"


@dataclass(frozen=True)
class _Strict:
    """What the duplicate wished of us."""

    state: SubscriberState
    pace: Pace
    paused_until: datetime | None
    suppressed: SuppressionReason | None
    moved: list[int]  # enrolments of theirs that go on


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
    counted with the one kept: a mail that either had does not come again, one that waits still comes. Whoever left or
    complained under one address has left or complained. Raises ValueError as `hindrance` says.
    """
    kept, duplicate = _lock(session, kept_id, duplicate_id)
    if why := hindrance(kept, duplicate):
        raise ValueError(why)
    moved = _move_courses(session, kept.id, duplicate.id)
    _hand_over(session, kept.id, duplicate.id, moved, now)
    enrolment.stop(session, duplicate.id, StopReason.BY_OWNER, now)
    for table in (Event, Booking):
        theirs = update(table).where(table.subscriber_id == duplicate.id).values(subscriber_id=kept.id)
        session.execute(theirs.execution_options(synchronize_session=False))
    _move_tags(session, kept.id, duplicate.id)
    topics.move(session, kept.id, duplicate.id)
    suppressed = _suppressed(session, duplicate)
    strict = _Strict(duplicate.state, duplicate.pace, duplicate.paused_until, suppressed, moved)
    _fill(kept, duplicate)
    if duplicate.address_hash:  # nothing else remembers it: nobody is to bring it in again but its reader
        suppression.suppress(session, duplicate.address_hash, SuppressionReason.ERASURE, now)
        former.give_up(session, duplicate.id, duplicate.address_hash, now)
    _blank(session, kept, duplicate, now)
    _take_the_stricter(session, kept, strict, now)
    if session.scalar(select(history.has_booked(kept.id, now - enrolment.REST_AFTER_BOOKING))):
        enrolment.stop(session, kept.id, StopReason.BOOKED, now)
    _join_stamps(session, kept.id, duplicate.id)  # after all that waits, as a claim does
    session.flush()
    return kept


def _lock(session: Session, kept_id: int, duplicate_id: int) -> tuple[Subscriber, Subscriber]:
    """As erasing does: sign-ups, then people, then their courses, each in the order of their ids.

    Pointers come before whom they point to, as they do for whoever follows a link in an old mail.
    """
    ids = sorted((kept_id, duplicate_id))
    for table, whose in (
        (SignUp, SignUp.subscriber_id),
        (Subscriber, Subscriber.merged_into_id),
        (Subscriber, Subscriber.id),
        (Enrolment, Enrolment.subscriber_id),
    ):
        session.execute(select(table.id).where(whose.in_(ids)).order_by(table.id).with_for_update())
    people = select(Subscriber).where(Subscriber.id.in_(ids)).execution_options(populate_existing=True)
    found = {one.id: one for one in session.scalars(people)}
    return found[kept_id], found[duplicate_id]


def _move_courses(session: Session, kept_id: int, duplicate_id: int) -> list[int]:
    """A course goes on for the one kept, unless they met it already. Returns the enrolments that do."""
    met = select(Enrolment.sequence_id).where(Enrolment.subscriber_id == kept_id)
    theirs = Enrolment.subscriber_id == duplicate_id
    moved = update(Enrolment).where(theirs, Enrolment.sequence_id.not_in(met)).values(subscriber_id=kept_id)
    return list(session.scalars(moved.returning(Enrolment.id).execution_options(synchronize_session=False)))


def _hand_over(session: Session, kept_id: int, duplicate_id: int, moved: list[int], now: datetime) -> None:
    """What waits comes to the one kept: tips of the courses that go on, and newsletters they were not reached by.

    The course stands behind a tip that waits already: skipped, nothing would plan it again. All else is skipped, as is
    what may have arrived at the other address already.
    """
    had = newsletters.had(session, pointer.all_of(session, kept_id))
    tips = and_(Message.kind == MessageKind.STEP, among(Message.enrolment_id, moved))
    issues = and_(Message.kind == MessageKind.NEWSLETTER, ~among(Message.newsletter_id, had))
    theirs = Message.subscriber_id == duplicate_id, Message.doubted_at.is_(None)
    waiting.hand_over(session, kept_id, *theirs, or_(tips, issues))
    plan.skip_waiting(session, duplicate_id, WHY_SKIPPED, now, kinds=MessageKind)
    _skip_what_the_other_had(session, kept_id, duplicate_id, now)


def _skip_what_the_other_had(session: Session, kept_id: int, duplicate_id: int, now: datetime) -> None:
    steps = {number for number in history.people(session, [duplicate_id])[duplicate_id].had if number}
    issues = newsletters.had(session, pointer.all_of(session, duplicate_id))
    had = or_(among(Message.step_id, steps), among(Message.newsletter_id, issues))
    waiting.skip(session, HAD_IT, now, Message.subscriber_id == kept_id, Message.kind.in_(MARKETING), had)


def _move_tags(session: Session, kept_id: int, duplicate_id: int) -> None:
    theirs = select(Tagged.tag_id, literal(kept_id), Tagged.at).where(Tagged.subscriber_id == duplicate_id)
    session.execute(insert(Tagged).from_select(["tag_id", "subscriber_id", "at"], theirs).on_conflict_do_nothing())
    session.execute(delete(Tagged).where(Tagged.subscriber_id == duplicate_id))


def _join_stamps(session: Session, kept_id: int, duplicate_id: int) -> None:
    """The 20 hours count from the latest mail to either, and the month from the latest newsletter."""
    theirs = select(literal(kept_id), MarketingStamp.at, MarketingStamp.message_id, MarketingStamp.newsletter_at).where(
        MarketingStamp.subscriber_id == duplicate_id
    )
    new = insert(MarketingStamp).from_select(["subscriber_id", "at", "message_id", "newsletter_at"], theirs)
    later = new.excluded.at > MarketingStamp.at
    joined = new.on_conflict_do_update(
        index_elements=["subscriber_id"],
        set_={
            "at": func.greatest(new.excluded.at, MarketingStamp.at),
            "message_id": case((later, new.excluded.message_id), else_=MarketingStamp.message_id),
            "newsletter_at": func.greatest(new.excluded.newsletter_at, MarketingStamp.newsletter_at),
        },
    )
    session.execute(joined)


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
    """A bounce is about an address, not a wish. Everything else that one of them wished holds for both.

    Complaining is more than leaving, leaving more than a bounce; and only whoever has confirmed with the address that
    is kept is written to there.
    """
    if SubscriberState.COMPLAINED in (other.state, kept.state) or other.suppressed == SuppressionReason.COMPLAINT:
        ending.complained(session, kept.id, now)
    elif other.state == SubscriberState.UNSUBSCRIBED:
        ending.leave(session, kept.id, HOW, Visit("", ""), now)
    if other.suppressed == SuppressionReason.OWNER and kept.address_hash:
        suppression.suppress(session, kept.address_hash, SuppressionReason.OWNER, now)
    if other.pace == Pace.MONTHLY:
        preferences.monthly(session, kept, now, but=_wishes(session, kept, other.moved))
    if other.paused_until and other.paused_until > max(kept.paused_until or now, now):
        preferences.pause_until(session, kept, other.paused_until, now)
    session.refresh(kept)


def _wishes(session: Session, kept: Subscriber, moved: list[int]) -> list[int]:
    """The enrolments of the one kept that were asked for by an entry that was monthly, the duplicate being so."""
    asked = select(Enrolment.id).where(Enrolment.subscriber_id == kept.id, Enrolment.is_wish)
    return list(session.scalars(asked if kept.pace == Pace.MONTHLY else asked.where(among(Enrolment.id, moved))))
