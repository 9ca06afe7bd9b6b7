"""Counting: whom a rule is about, told from one crowd a line, all of them read in one statement.

Large crowds are remembered for some minutes (`remembered`), so that the count follows while a rule is being made; then
it is of the time `at`. What is counted before sending is read anew (`exact`), and is of one moment.
"""

import array
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, LargeBinary, Select, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Session

from funnel.audience import conditions, remembered
from funnel.audience.crowd import Crowd
from funnel.audience.line import Line, Named, found
from funnel.audience.lines_of_person import Everybody
from funnel.audience.remembered import Key
from funnel.audience.rule import AllOf, Not, Rule, each
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import Subscriber, SubscriberState

NARROW = 1 << 31  # ids below it travel as four bytes, others as eight

MAILABLE, IN_COURSE = "mailable", "in a course"
REACHABLE, MUTE = "active, with an address", "active, without"
ENDED: list[SubscriberState] = [
    one for one in SubscriberState if one not in (SubscriberState.ACTIVE, SubscriberState.ERASED)
]


@dataclass(frozen=True)
class Counted:
    """The people found, and of when that is."""

    people: Crowd
    at: datetime


def recipients(
    session: Session, rule: Rule | None, with_course: bool, now: datetime, *, exact: bool = False
) -> Counted:
    """Whom `recipients.condition` selects."""
    keys = [MAILABLE, *(() if with_course else (IN_COURSE,))]
    crowds, at = read(session, [*keys, *leaves(rule)], now, exact=exact)
    found = meeting(rule, crowds, crowds[MAILABLE])
    return Counted(found if with_course else found - crowds[IN_COURSE], at)


def leaves(rule: Rule | None) -> list[Line]:
    """The lines whose crowds `meeting` needs."""
    lines = [] if rule is None else [line for _, line in each(rule) if not isinstance(line, Everybody)]
    return list(dict.fromkeys(lines))


def meeting(rule: Rule | None, crowds: Mapping[Key, Crowd], everybody: Crowd) -> Crowd:
    """Those of `everybody` of whom the rule holds."""
    if rule is None or isinstance(rule, Everybody):
        return everybody
    if isinstance(rule, Line):
        return crowds[rule] & everybody
    if isinstance(rule, Not):
        return everybody - meeting(rule.part, crowds, everybody)
    found = [meeting(part, crowds, everybody) for part in rule.parts]
    joined = found[0]
    for one in found[1:]:
        joined = joined & one if isinstance(rule, AllOf) else joined | one
    return joined


def read(
    session: Session,
    keys: Iterable[Key],
    now: datetime,
    *,
    exact: bool = False,
    also: Mapping[str, Named] | None = None,
) -> tuple[dict[Key, Crowd], datetime]:
    """The crowd of each key, and of all that is named in `also`, and the time of the oldest one.

    Those remembered for so long that they are to be counted anew are asked for (`renew`).
    """
    wanted = list(dict.fromkeys(keys))
    kept = {} if exact else remembered.found(wanted, now)
    named = {key: _named(key, now) for key in wanted if key not in kept} | dict(also or {})
    statements = list({id(one): one for parts in named.values() for one in (*parts.these, *parts.others)}.values())
    read = dict(zip(map(id, statements), _all(session, statements), strict=True))
    fresh = {key: _one(parts, read) for key, parts in named.items()}
    if not exact:  # which may be as of a time to come
        remembered.keep({key: crowd for key, crowd in fresh.items() if key in wanted}, now)
    remembered.ask([key for key, (at, _) in kept.items() if remembered.is_old(at, now)])
    crowds = {key: crowd for key, (_, crowd) in kept.items()} | fresh
    return crowds, min([now, *(at for at, _ in kept.values())])


def renew(session: Session, now: datetime) -> bool:
    """Counts one crowd anew that was asked for. False: none was."""
    key = remembered.asked()
    if key is not None:
        crowds, at = read(session, [key], now, exact=True)
        remembered.keep(crowds, at)
    return key is not None


def _named(key: Key, now: datetime) -> Named:
    if isinstance(key, Line):
        return key.named(now)
    return _HOUSE[key]


def _one(named: Named, found: Mapping[int, Crowd]) -> Crowd:
    these = [found[id(one)] for one in named.these]
    crowd = these[0]
    for one in these[1:]:
        crowd = crowd & one
    for other in named.others:
        crowd = crowd - found[id(other)]
    return crowd


def _all(session: Session, statements: list[Select[Any]]) -> list[Crowd]:
    """Who is in each: one statement, so that all of them are of one moment. Ids travel as bytes."""
    if not statements:
        return []
    newest = session.scalar(select(func.max(Subscriber.id))) or 0
    narrow = newest < NARROW
    packed = (_packed(one, narrow).label(f"crowd_{at}") for at, one in enumerate(statements))
    row = session.execute(select(*packed)).one()
    return [Crowd(_unpacked(sent, narrow and not _is_packed(one))) for one, sent in zip(statements, row, strict=True)]


def _packed(one: Select[Any], narrow: bool) -> Any:
    rows = one.subquery()
    ids = rows.c[0]
    sent = ids if _is_packed(one) else func.int4send(cast(ids, Integer)) if narrow else func.int8send(ids)
    return select(func.string_agg(sent, literal_column("''::bytea"), type_=BYTEA)).select_from(rows).scalar_subquery()


def _is_packed(one: Select[Any]) -> bool:
    return isinstance(one.selected_columns[0].type, LargeBinary)


def _unpacked(packed: bytes | None, narrow: bool) -> "array.array[int]":
    ids = array.array("i" if narrow else "q", packed or b"")
    if sys.byteorder == "little":
        ids.byteswap()
    return ids


def in_state(state: SubscriberState) -> str:
    """The key of all who are in this state, which is one of ENDED: nothing is to be mailed to them."""
    return f"state {state}"


_ACTIVE = Subscriber.state == SubscriberState.ACTIVE
_REACHABLE = select(Subscriber.id).where(_ACTIVE, Subscriber.email.is_not(None))  # by its own index
_HOUSE: dict[str, Named] = {
    MAILABLE: Named((_REACHABLE,), found(conditions.suppressed()).these),
    REACHABLE: Named((_REACHABLE,)),
    MUTE: Named((select(Subscriber.id).where(_ACTIVE, Subscriber.email.is_(None)),)),
    IN_COURSE: Named((select(Enrolment.subscriber_id).where(Enrolment.state == EnrolmentState.ACTIVE),)),
    **{in_state(state): Named((select(Subscriber.id).where(Subscriber.state == state),)) for state in ENDED},
}
