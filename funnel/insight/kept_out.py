"""Who was kept out at the forms: the sign-ups that were refused, newest first, an address once a form.

Whoever has the mail all the same is left out: they tapped twice, or came again. Nothing is kept from them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from funnel.audience import allowance, mailbox, risk, typo
from funnel.audience.confirmation import VALID
from funnel.insight import refused
from funnel.models.mail import Message
from funnel.models.people import Form, SignUp, SignUpState, Subscriber, SubscriberState
from funnel.programme.history import HAD, among

LOOKED_AT = 5_000  # refused sign-ups of which a page is made: a flood is no more work, and its page may be short
READ_AT_ONCE = 200
MOST_AT_FORM = 1_000  # counted one by one
MOST_TIMES = 100  # the same, of one address

Place = tuple[datetime, int]


@dataclass(frozen=True)
class Refused:
    """One of them, with why it was refused and what made it risky, in words; `meant`: the address, if it was a slip.

    `person` is who has the address, if somebody does, and `is_in` whether they have confirmed and stayed. `times`: how
    often the address was refused there before, up to MOST_TIMES + 1. `whose` stands for the address and the form.
    `has_had_enough`: it can get no mail just now, let in or not.
    """

    id: int
    email: str
    first_name: str
    form: str
    source: str
    network: str
    agent: str
    reason: str
    risk: int
    reasons: list[str]
    meant: str
    person: int | None
    is_in: bool
    created_at: datetime
    times: int
    whose: str
    has_had_enough: bool


def page(
    session: Session, name: str, before: Place | None, most: int, now: datetime, form_id: int | None = None
) -> tuple[list[Refused], Place | None]:
    """The newest `most` refused for the reason called `name` ('' for all), before a place; and where to go on.

    `form_id`: only those of this form. There may be fewer and a place to go on all the same: LOOKED_AT were looked at.
    """
    ids, further = _standing(session, name, before, form_id, most + 1, LOOKED_AT, now)
    rows = _rows(session, ids[:most])
    full = _full(session, [row[0] for row in rows], now)
    found = [_told(*row, mailbox.of(row[0]) in full) for row in rows]
    return found, (found[-1].created_at, found[-1].id) if len(ids) > most else further


def at_form(session: Session, form_id: int, now: datetime) -> tuple[int, bool]:
    """How many of that form are on its page, of the MOST_AT_FORM newest refused; and whether those are all."""
    ids, further = _standing(session, "", None, form_id, MOST_AT_FORM, MOST_AT_FORM, now)
    return len(ids), further is None


def _standing(
    session: Session, name: str, before: Place | None, form_id: int | None, most: int, look_at: int, now: datetime
) -> tuple[list[int], Place | None]:
    """Of each address and form the last refused, up to `most`, and only where nothing else came of it.

    And where to go on, when there may be more. A flood of one address is folded here, and asked about once. It is read
    a few at a time: of many at once PostgreSQL may read and sort all there are.
    """
    found, seen, place = list[int](), set[tuple[int, bytes]](), before
    while look_at > 0 and len(found) < most:
        newest = refused.newest(name, place)
        rows = session.execute(
            (newest.where(SignUp.form_id == form_id) if form_id is not None else newest).limit(
                min(READ_AT_ONCE, look_at)
            )
        ).all()
        last_of: dict[tuple[int, bytes], int] = {}
        for number, _, form, whose in rows:
            last_of.setdefault((form, whose), number)
        ids = [number for key, number in last_of.items() if key not in seen]
        seen |= last_of.keys()
        stand = set(session.scalars(_that_stand(ids, now))) if ids else set()
        found += [number for number in ids if number in stand]
        if len(rows) < min(READ_AT_ONCE, look_at):
            return found[:most], None
        look_at, place = look_at - len(rows), (rows[-1].created_at, rows[-1].id)
    return found[:most], place


def _that_stand(ids: list[int], now: datetime) -> Select[int]:
    one = aliased(SignUp)
    mailed = select(Message.id).where(
        Message.sign_up_id == SignUp.id,
        Message.state.in_(HAD),
        or_(
            Message.template.in_(allowance.TOLD),
            and_(
                Message.template.in_((allowance.CONFIRMATION, allowance.ANOTHER_COURSE)),
                func.coalesce(SignUp.let_in_at, SignUp.created_at) > now - VALID,
            ),
        ),
    )
    left = select(Subscriber.id).where(
        Subscriber.id == SignUp.subscriber_id,
        Subscriber.ended_at > SignUp.created_at,
        Subscriber.ended_at < one.created_at,
    )
    answered = and_(  # a mail from before they left, as `confirmation` sees it, brings nobody back in
        SignUp.confirmed_at.is_(None),
        mailed.correlate(SignUp).limit(1).scalar_subquery().is_not(None),
        left.correlate(SignUp, one).limit(1).scalar_subquery().is_(None),
    )
    has_it = (
        select(SignUp.id)
        .where(
            *(mailbox.column(SignUp) >= mailbox.column(one), mailbox.column(SignUp) <= mailbox.column(one)),
            SignUp.form_id == one.form_id,
            SignUp.state == SignUpState.SETTLED,
            or_(SignUp.confirmed_at > one.created_at, answered),
        )
        .order_by(mailbox.column(SignUp))
    )
    again = _beside(one, newer=True)
    nothing = (found.correlate(one).limit(1).scalar_subquery().is_(None) for found in (again, has_it))
    return select(one.id).where(among(one.id, ids), *nothing)


def _beside(one: Any, newer: bool) -> Select[int]:
    """Those refused of the address and form of `one`, after it or before, from it on: as a stretch of their index, in
    its order. Asked for as that address's, PostgreSQL may read through the flood of another.
    """
    whose, place = (mailbox.column(SignUp), SignUp.form_id), (SignUp.created_at, SignUp.id)
    own, at = (mailbox.column(one), one.form_id), (one.created_at, one.id)
    found = select(SignUp.id).where(*refused.are_refused(None))
    if newer:
        found = found.where(tuple_(*whose, *place) > tuple_(*own, *at), tuple_(*whose) <= tuple_(*own))
        return found.order_by(*whose, *place)
    found = found.where(tuple_(*whose, *place) < tuple_(*own, *at), tuple_(*whose) >= tuple_(*own))
    return found.order_by(*(column.desc() for column in (*whose, *place)))


def _rows(session: Session, ids: list[int]) -> Sequence[Row[SignUp, str, int, SubscriberState, int]]:
    """What is told of each, and how often it had been refused before, newest first."""
    one = aliased(SignUp)
    before = _beside(one, newer=False).correlate(one).limit(MOST_TIMES + 1).subquery()
    rows = (
        select(
            one, Form.title, Subscriber.id, Subscriber.state, select(func.count()).select_from(before).scalar_subquery()
        )
        .join(Form, Form.id == one.form_id)
        .outerjoin(Subscriber, Subscriber.address_hash == one.address_hash)
        .where(among(one.id, ids))
    )
    return session.execute(rows.order_by(one.created_at.desc(), one.id.desc())).all()


def _full(session: Session, sign_ups: Collection[SignUp], now: datetime) -> set[bytes]:
    """The mailboxes of these that had a mail a moment ago, or as many as one may get."""
    mailed = allowance.mailed_each(session, {mailbox.of(one) for one in sign_ups}, now)
    return {whose for whose, had in mailed.items() if had.rests() or had.has_had_enough()}


def _told(
    one: SignUp, title: str, person: int | None, state: SubscriberState | None, times: int, has_had_enough: bool
) -> Refused:
    return Refused(
        id=one.id,
        email=one.email,
        first_name=one.first_name,
        form=title,
        source=one.source,
        network=one.network or "",
        agent=one.agent or "",
        reason=one.reason,
        risk=one.risk,
        reasons=risk.reasons(one.signs),
        meant=typo.suggestion(one.email) or "",
        person=person,
        is_in=state == SubscriberState.ACTIVE,
        created_at=one.created_at,
        times=times,
        whose=f"{mailbox.of(one).hex()[:16]}-{one.form_id}",
        has_had_enough=has_had_enough,
    )
