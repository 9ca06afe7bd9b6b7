"""Conditions on a person, each an SQL expression on Subscriber. What people are searched by is made of them.

Where an index tells who they are, the condition says so too (`found`): so that a rare one leads straight to its people,
whatever stands beside it.
"""

import functools
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    and_,
    any_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from funnel.config import settings
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import Link, LinkKind
from funnel.models.people import Subscriber, SubscriberState, Suppression
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.spelling import BETWEEN, apart, spelled
from funnel.models.tags import Tagged

QUIET = timedelta(days=90)
TELLING = 3  # letters
NEIGHBOURS = 1000  # people who may have been added in another order than they are dated

# A person's. Written out, so that PostgreSQL knows the indexes which have only those.
IS_CLICK: ColumnElement[bool] = literal_column("event.kind = 'click' AND event.machine IS FALSE", Boolean)

_APART = str.maketrans(BETWEEN, " " * len(BETWEEN))


@dataclass(frozen=True)
class Condition:
    """`holds` asks it of one person; `found`, when there is one, names by an index all for whom it may hold.

    `by`: the column of `found` in whose order the index has them, so that those after one of them are found at once.
    `last`: the id beyond which it holds for nobody. `letters`: it is an index of words, which has no order.
    """

    holds: ColumnElement[bool]
    found: Select[Any] | None = None
    by: Any = None
    last: Select[Any] | None = None
    letters: bool = False


def begins(words: list[str]) -> Condition:
    """A word of the address or name begins with each of `words`; several in one (ada@exa) stand there as typed."""
    email, name = Subscriber.email.expression, Subscriber.first_name.expression
    words_of_theirs = literal(" ").op("||")(apart(email, name))
    each, all_parts = [], []
    for small in (word.lower() for word in words):
        parts = small.translate(_APART).split()
        all_parts += parts
        each += [words_of_theirs.contains(f" {part}", autoescape=True) for part in parts]
        if parts != [small]:
            each.append(_written(small))
    wanted = " & ".join(f"'{part}':*" for part in all_parts)
    kept = spelled(email, name)
    found = select(Subscriber.id).where(kept.op("@@")(func.cast(literal(wanted), TSQUERY)))
    # One or two letters are in so many words that the index would be read whole, and the newest people tell as well.
    telling = any(len(part) >= TELLING for part in all_parts)
    return Condition(and_(*each), found if telling else None, letters=True)


def as_typed(words: list[str]) -> list[ColumnElement[bool]]:
    """What `begins` asks beside its index, which knows words but not what stands between them."""
    return [_written(small) for small in (word.lower() for word in words) if small.translate(_APART).split() != [small]]


def holds(words: list[str]) -> Condition:
    """Each of `words` stands anywhere in the address or name. No index helps: it reads everybody it is asked of."""
    return Condition(and_(*(_written(word.lower()) for word in words)))


def kept() -> Condition:
    """Something of them is left."""
    return Condition(Subscriber.state != SubscriberState.ERASED)


def in_state(state: SubscriberState) -> Condition:
    return _own(Subscriber.state == state, Subscriber.id)


def tagged(tag_id: int) -> Condition:
    bears = Tagged.tag_id == tag_id
    theirs = exists().where(bears, Tagged.subscriber_id == Subscriber.id)
    return Condition(theirs, select(Tagged.subscriber_id).where(bears), Tagged.subscriber_id)


def came_by(source: str) -> Condition:
    """First came from this post or ?src=; '' for no source named."""
    return _own(Subscriber.source == source, Subscriber.id)


def by_form(form_id: int) -> Condition:
    return _own(Subscriber.form_id == form_id, Subscriber.id)


def joined(since: date | None, until: date | None) -> Condition:
    """Signed up on one of the days from `since` to `until`, both counted in, by the practice's clock."""
    bounds = []
    if since:
        bounds.append(Subscriber.created_at >= _midnight(since))
    if until:
        bounds.append(Subscriber.created_at < _midnight(until + timedelta(days=1)))
    condition = and_(*bounds)
    last = _last(_midnight(until + timedelta(days=1))) if until else None
    return Condition(condition, select(Subscriber.id).where(condition), last=last)


def on_course(sequence_id: int, state: EnrolmentState | None = None) -> Condition:
    """Was ever put on this course; with `state`, stands so in it now."""
    about = [Enrolment.sequence_id == sequence_id, *([Enrolment.state == state] if state else ())]
    theirs = exists().where(*about, Enrolment.subscriber_id == Subscriber.id)
    if state not in (EnrolmentState.FINISHED, EnrolmentState.STOPPED):
        return Condition(theirs)
    # Written out, so that PostgreSQL knows the index which has only those.
    named = select(Enrolment.subscriber_id).where(*about, text("enrolment.state <> 'active'"))
    return Condition(theirs, named, Enrolment.subscriber_id)


def awaits(step_id: int) -> Condition:
    """This mail of a course is their next one."""
    next_one = and_(Enrolment.step_id == step_id, Enrolment.state == EnrolmentState.ACTIVE)
    return Condition(
        exists().where(next_one, Enrolment.subscriber_id == Subscriber.id),
        select(Enrolment.subscriber_id).where(next_one),
    )


def paused(now: datetime) -> Condition:
    return _own(Subscriber.paused_until > now)


@functools.cache
def booked() -> Condition:
    """Has a booking that is not cancelled, as the funnel counts it."""
    stands = Booking.state != BookingState.CANCELLED
    named = select(Booking.subscriber_id).where(stands, Booking.subscriber_id.is_not(None))
    return Condition(exists().where(stands, Booking.subscriber_id == Subscriber.id), named, Booking.subscriber_id)


def nearly_booked() -> Condition:
    """Clicked a booking link in a mail, being no machine, and has no booking."""
    # As an array, so that the few links lead by the index of clicks, and not all clicks to their links.
    links = func.array(select(Link.id).where(Link.kind == LinkKind.BOOKING).scalar_subquery(), type_=ARRAY(BigInteger))
    to_book = Event.link_id == any_(links)
    click = and_(to_book, Event.kind == EventKind.CLICK, Event.machine.is_(False))
    clicked = exists().where(click, Event.subscriber_id == Subscriber.id)
    named = select(Event.subscriber_id).where(click, Event.subscriber_id.is_not(None))
    return Condition(and_(clicked, ~booked().holds), named)


def quiet(now: datetime, span: timedelta = QUIET) -> Condition:
    """Confirmed more than 90 days ago, or as long as `span`, and clicked nothing since then, being no machine."""
    since = now - span
    silent = ~exists().where(IS_CLICK, Event.at > since, Event.subscriber_id == Subscriber.id)
    return Condition(and_(Subscriber.confirmed_at <= since, silent), last=_last(since))


def clicks() -> Select[Any]:
    """Who clicked: a row a click of a person, by the indexes that have only those."""
    return select(Event.subscriber_id).where(IS_CLICK, Event.subscriber_id.is_not(None))


def suppressed() -> Condition:
    """Their address is not to be mailed, whatever their state."""
    same = Suppression.address_hash == Subscriber.address_hash
    return Condition(exists().where(same), select(Subscriber.id).join(Suppression, same))


def _own(condition: ColumnElement[bool], by: Any = None) -> Condition:
    """One that stands in the person's own row and has an index of its own."""
    return Condition(condition, select(Subscriber.id).where(condition), by)


def _last(before: datetime) -> Select[Any]:
    """The id of the last person added before then: ids are given out in that order, but for neighbours."""
    newest = select(Subscriber.id).where(Subscriber.created_at < before).order_by(Subscriber.created_at.desc())
    return select(func.max(newest.limit(NEIGHBOURS).subquery().c[0]))


def _written(small: str) -> ColumnElement[bool]:
    texts: tuple[Any, ...] = (Subscriber.email, Subscriber.first_name)
    return or_(*(func.lower(text).contains(small, autoescape=True) for text in texts))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings().zone)
