"""Settling: what follows from a filled-in form is decided here, behind it, where no stranger can watch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Text, any_, func, literal, or_, select, union_all, update
from sqlalchemy.orm import Session

from funnel.audience import answer, mailbox, risk, setbacks
from funnel.audience.confirmation import VALID
from funnel.audience.neighbours import Common, Whose, sharing
from funnel.audience.risk import Sign
from funnel.audience.standing import Standing, look, look_around
from funnel.models.door import Proof
from funnel.models.people import SignUp, SignUpState
from funnel.programme.history import among

# Why it was refused, as the owner reads it. The reader never does.
ADDRESS_LIMIT = "address limit"
NETWORK_LIMIT = "network limit"
WIDE_LIMIT = "wider network limit"
NO_MAIL = "no mail server"
TOO_OLD = "it waited longer than a confirmation is valid"
SUPPRESSED = "suppressed: {}"

AT_ONCE = 200  # up to three locks each, and PostgreSQL keeps six thousand for everybody
REFUSED_AT_ONCE = 2_000  # as many as keep nobody waiting for long
LOOKED_AMONG = 20_000  # of those that wait, for others that share a limit which was reached

_COLUMNS: dict[Whose, tuple[ColumnElement[Any], type[LargeBinary | Text]]] = {
    Whose.MAILBOX: (func.coalesce(SignUp.mailbox_hash, SignUp.address_hash), LargeBinary),
    Whose.NETWORK: (SignUp.network.expression, Text),
    Whose.WIDE: (SignUp.wide.expression, Text),
}


@dataclass(frozen=True)
class Full:
    """A limit that was reached: whose sign-ups that still wait are refused too, and why."""

    common: Common
    reason: str


@dataclass(frozen=True)
class Outcome:
    """`settled`: how many were taken in hand. `full`: for `refuse_others`, in the order they were found."""

    settled: int = 0
    mails: int = 0  # that were planned
    full: tuple[Full, ...] = ()


def waiting(session: Session, passing_by: Collection[int] = ()) -> list[int]:
    """The ids of sign-ups that nobody has settled yet, AT_ONCE at most, oldest first; last of all who only tapped.

    Without `passing_by`, and without those that failed here of late (`setbacks`).
    """
    # In two, or all that wait would have to be sorted; the second is begun where the first leaves room.
    new = select(SignUp.id).where(SignUp.state == SignUpState.NEW).order_by(SignUp.id).limit(AT_ONCE)
    if left_out := {*passing_by, *setbacks.current()}:
        new = new.where(~among(SignUp.id, left_out))
    parts = [new.where(whose).subquery() for whose in (SignUp.proof != Proof.TAP, SignUp.proof == Proof.TAP)]
    return list(session.scalars(union_all(*(select(part.c.id) for part in parts)).limit(AT_ONCE)))


def settle(session: Session, sign_up_id: int, now: datetime) -> bool:
    """Decides what follows from one sign-up. False when it is settled already, or being settled by another worker."""
    outcome = settle_all(session, [sign_up_id], now)
    while refuse_others(session, outcome.full, now):
        pass
    return outcome.settled > 0


def settle_all(session: Session, sign_up_ids: Collection[int], now: datetime) -> Outcome:
    """Decides of many together what would come of them one after the other, in the order of their ids.

    What follows for others is left to `refuse_others`, in a transaction of its own: nobody's mail waits for it.
    """
    rows = (
        select(SignUp)
        .where(among(SignUp.id, sign_up_ids), SignUp.state == SignUpState.NEW)
        .order_by(SignUp.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    sign_ups = session.scalars(rows).all()
    if not sign_ups:
        return Outcome()
    with session.no_autoflush:  # each row is written once, at the end
        found = _look(session, sign_ups, now)
        full = _decide(found, sign_ups)
        let_in = [sign_up for sign_up in sign_ups if sign_up.state is SignUpState.SETTLED]
        mails = answer.answer_all(session, let_in, found.before, now)
    session.flush()
    return Outcome(len(sign_ups), mails, full)


def _look(session: Session, sign_ups: Sequence[SignUp], now: datetime) -> Standing:
    """What is known of these, under locks in the order of all who take several: mailboxes, networks, wider networks.

    Then come the rows of people, by the hash of their address, and last of all the turnstile (`answer`).
    """
    found = look(session, sign_ups, now)
    near = [one for one in sign_ups if not _refusal_of_address(found, one)]
    look_around(session, found, near)
    return found


def _decide(standing: Standing, sign_ups: Sequence[SignUp]) -> tuple[Full, ...]:
    full, beside = [], sharing(sign_ups)
    for sign_up in sign_ups:
        if sign_up.state is not SignUpState.NEW:
            continue  # refused with one before it
        refusal, common = _refusal(standing, sign_up)
        sign_up.state = SignUpState.REFUSED if refusal else SignUpState.SETTLED
        sign_up.reason, sign_up.settled_at = refusal, standing.now
        standing.note(sign_up)
        if common:
            full.append(Full(common, refusal))
            standing.neighbours.refuse(common)
            for other in beside[common]:
                if other.state is SignUpState.NEW:
                    other.state, other.reason, other.settled_at = SignUpState.REFUSED, refusal, standing.now
        _weigh(standing, sign_up)
    return tuple(full)


def _weigh(standing: Standing, sign_up: SignUp) -> None:
    """Adds to what was seen at the door what only shows behind it."""
    signs = list(sign_up.signs)
    signs += [Sign.NO_MAIL] * (sign_up.reason == NO_MAIL)
    signs += [Sign.REFUSED_BEFORE] * standing.neighbours.had_refused(sign_up)
    found = risk.of(signs)
    sign_up.risk, sign_up.signs = found.score, list(found.signs)


def _refusal(standing: Standing, sign_up: SignUp) -> tuple[str, Common | None]:
    """Why it is refused, and by what others are that share it: they would be refused one by one, and a flood of ten
    thousand must not hold up everybody else.
    """
    if refusal := _refusal_of_address(standing, sign_up):
        return refusal, (Whose.MAILBOX, mailbox.of(sign_up)) if refusal == ADDRESS_LIMIT else None
    if standing.network_is_full(sign_up):
        # Who only tapped has lower limits: others may be let through who have not.
        alone = sign_up.proof is Proof.TAP
        return NETWORK_LIMIT, None if alone else (Whose.NETWORK, sign_up.network or "")
    if standing.surroundings_are_full(sign_up):
        return WIDE_LIMIT, (Whose.WIDE, sign_up.wide or "")
    return "", None


def _refusal_of_address(standing: Standing, sign_up: SignUp) -> str:
    if reason := standing.suppressed(sign_up):
        return SUPPRESSED.format(reason)
    if standing.now >= sign_up.created_at + VALID:
        return TOO_OLD
    if standing.has_had_enough(sign_up):
        return ADDRESS_LIMIT
    return NO_MAIL if standing.can_get_no_mail(sign_up) else ""


def refuse_others(session: Session, full: Sequence[Full], now: datetime, limit: int = REFUSED_AT_ONCE) -> int:
    """Refuses sign-ups that share what was `full` of the oldest that wait; how many. Each by what was full first."""
    if not full:
        return 0
    theirs = [
        column == any_(literal([one.common[1] for one in full if one.common[0] is whose], ARRAY(kind)))
        for whose, (column, kind) in _COLUMNS.items()
    ]
    oldest = select(SignUp.id).where(SignUp.state == SignUpState.NEW).order_by(SignUp.id).limit(LOOKED_AMONG).subquery()
    others = (
        select(SignUp.id, *(column for column, _ in _COLUMNS.values()))
        .where(SignUp.state == SignUpState.NEW, SignUp.id <= select(func.max(oldest.c.id)).scalar_subquery())
        .where(or_(*theirs))
        .order_by(SignUp.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    place = {one.common: number for number, one in reversed([*enumerate(full)])}
    refused: dict[str, list[int]] = {}
    for number, *values in session.execute(others):
        first = min(place[common] for common in zip(_COLUMNS, values, strict=True) if common in place)
        refused.setdefault(full[first].reason, []).append(number)
    for reason, ids in refused.items():
        session.execute(
            update(SignUp)
            .where(among(SignUp.id, ids))
            .values(state=SignUpState.REFUSED, reason=reason, settled_at=now)
            .execution_options(synchronize_session=False)
        )
    return sum(map(len, refused.values()))
