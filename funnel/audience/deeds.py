"""The deeds of a bulk job: what each action does to a chunk of people, and how that is undone.

Doing returns how each person whom it changed was before, as plain JSON; whoever was so already is not among them.
Undoing gets that back, and returns those whom it could change back: nobody had changed them meanwhile.
The people are locked, but for what ends a subscription: that locks in an order of its own (docs/decisions.md).
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, and_, column, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import addressees, ending, own_data, preferences, tags
from funnel.audience.visit import Visit
from funnel.models.bulk import BulkAction
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.tags import Tag, Tagged
from funnel.programme import crowd
from funnel.programme.history import among

CHUNK = 1000
SLOW_CHUNK = 50  # each person has statements of their own
BY_OWNER = "the owner, for many at once"

Befores = Mapping[int, dict[str, Any]]
Detail = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    do: Callable[[Session, list[int], Detail, datetime], Befores]
    undo: Callable[[Session, Befores, Detail, datetime], Set[int]] | None = None
    chunk: int = CHUNK


def _tag(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    if session.get(Tag, detail["tag"], with_for_update={"read": True}) is None:  # deleted since
        return {}
    return {number: {"at": now.isoformat()} for number in tags.put(session, detail["tag"], ids, now)}


def _take_tag_off_again(session: Session, befores: Befores, detail: Detail, now: datetime) -> Set[int]:
    """Not from whoever was tagged anew since: that tag has another time."""
    put = {number: datetime.fromisoformat(before["at"]) for number, before in befores.items()}
    there = select(Tagged.subscriber_id, Tagged.at).where(
        Tagged.tag_id == detail["tag"], among(Tagged.subscriber_id, list(put))
    )
    ours = {row.subscriber_id for row in session.execute(there) if row.at == put[row.subscriber_id]}
    tags.take(session, detail["tag"], ours)
    return ours


def _untag(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    taken = tags.take(session, detail["tag"], ids)
    return {number: {"at": at.isoformat()} for number, at in taken.items()}


def _put_tag_back(session: Session, befores: Befores, detail: Detail, now: datetime) -> Set[int]:
    if session.get(Tag, detail["tag"], with_for_update={"read": True}) is None:
        return set()
    here = select(Subscriber.id).where(among(Subscriber.id, list(befores)), Subscriber.state != SubscriberState.ERASED)
    rows = [
        {"tag_id": detail["tag"], "subscriber_id": number, "at": datetime.fromisoformat(befores[number]["at"])}
        for number in session.scalars(here)
    ]
    if not rows:
        return set()
    back = insert(Tagged).values(rows).on_conflict_do_nothing().returning(Tagged.subscriber_id)
    return set(session.scalars(back))


def _pause(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    """Whoever is paused for longer stays so."""
    until = datetime.fromisoformat(detail["until"])
    sooner = or_(Subscriber.paused_until.is_(None), Subscriber.paused_until < until)
    return _set_pauses(session, ids, sooner, until, now)


def _resume(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    return _set_pauses(session, ids, Subscriber.paused_until > now, None, now)


def _set_pauses(session: Session, ids: list[int], which: Any, until: datetime | None, now: datetime) -> Befores:
    """Sets when a pause ends and moves the courses by what that makes a pause longer or shorter."""
    found = session.execute(
        select(Subscriber.id, Subscriber.paused_until).where(
            among(Subscriber.id, ids), Subscriber.state == SubscriberState.ACTIVE, which
        )
    ).all()
    was = {row.id: row.paused_until for row in found}
    _write_pauses(session, dict.fromkeys(was, until))
    by = {
        number: preferences.pause_length(max(before or now, now), until) if until
        else -preferences.pause_length(now, before or now)
        for number, before in was.items()
    }  # fmt: skip
    courses, mails = crowd.shift(session, by, until or now, now)
    return {
        number: {
            "until": before.isoformat() if before else None,
            "courses": courses.get(number, []),
            "mails": mails.get(number, []),
        }
        for number, before in was.items()
    }


def _set_pauses_back(session: Session, befores: Befores, detail: Detail, now: datetime) -> Set[int]:
    """Only of those whose pause is still as the job left it."""
    left_at = datetime.fromisoformat(detail["until"]) if detail.get("until") else None
    still = Subscriber.paused_until.is_not_distinct_from(left_at)
    ours = set(
        session.scalars(
            select(Subscriber.id).where(
                among(Subscriber.id, list(befores)), Subscriber.state == SubscriberState.ACTIVE, still
            )
        )
    )
    was = {number: befores[number]["until"] for number in ours}
    _write_pauses(session, {number: datetime.fromisoformat(at) if at else None for number, at in was.items()})
    courses, mails = (
        [one for number in ours for one in befores[number].get(what, [])] for what in ("courses", "mails")
    )
    crowd.shift_back(session, courses, mails, now)
    return ours


def _write_pauses(session: Session, until: Mapping[int, datetime | None]) -> None:
    given = func.unnest(
        literal(list(until), ARRAY(BigInteger)), literal(list(until.values()), ARRAY(DateTime(timezone=True)))
    )
    after = given.table_valued(column("id", BigInteger), column("until", DateTime(timezone=True)), name="after")
    after = after.render_derived()
    new = update(Subscriber).where(and_(Subscriber.id == after.c.id)).values(paused_until=after.c.until)
    session.execute(new.execution_options(synchronize_session=False))


def _stop(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    courses = crowd.stop(session, ids, now)
    return {number: {"at": now.isoformat(), "courses": each} for number, each in courses.items()}


def _start_again(session: Session, befores: Befores, detail: Detail, now: datetime) -> Set[int]:
    """A chunk was stopped at one moment, but a chunk of undoing may have people of two of them."""
    whose: set[int] = set()
    for at in {before["at"] for before in befores.values()}:
        courses = [one for before in befores.values() if before["at"] == at for one in before["courses"]]
        whose |= crowd.start_again(session, courses, datetime.fromisoformat(at), now)
    return whose


def _enrol(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    """Newsletters that waited do not come between the mails of a course, as for one who is put on it alone."""
    courses = crowd.enrol(session, ids, detail["sequence"], now)
    mails = addressees.look_again_at_many(session, list(courses), now)
    at = now.isoformat()
    return {number: {"courses": each, "mails": mails.get(number, []), "at": at} for number, each in courses.items()}


def _take_off(session: Session, befores: Befores, detail: Detail, now: datetime) -> Set[int]:
    whose = crowd.take_off(session, [one for before in befores.values() for one in before["courses"]])
    for at in {before["at"] for before in befores.values() if before.get("mails")}:
        theirs = [befores[number] for number in whose if befores[number].get("at") == at]
        mails = [one for before in theirs for one in before["mails"]]
        addressees.mean_again(session, mails, datetime.fromisoformat(at), now)
    return whose


def _unsubscribe(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    return {number: {} for number in ids if ending.leave(session, number, BY_OWNER, Visit("", ""), now)}


def _erase(session: Session, ids: list[int], detail: Detail, now: datetime) -> Befores:
    here = select(Subscriber.id).where(among(Subscriber.id, ids), Subscriber.state != SubscriberState.ERASED)
    found = list(session.scalars(here.order_by(Subscriber.id)))
    for number in found:
        own_data.erase(session, number, now, BY_OWNER)
    return {number: {} for number in found}


DEEDS = {
    BulkAction.TAG: Deed(_tag, _take_tag_off_again),
    BulkAction.UNTAG: Deed(_untag, _put_tag_back),
    BulkAction.PAUSE: Deed(_pause, _set_pauses_back),
    BulkAction.RESUME: Deed(_resume, _set_pauses_back),
    BulkAction.STOP: Deed(_stop, _start_again),
    BulkAction.ENROL: Deed(_enrol, _take_off),
    BulkAction.UNSUBSCRIBE: Deed(_unsubscribe, None, SLOW_CHUNK),
    BulkAction.ERASE: Deed(_erase, None, SLOW_CHUNK),
}
