"""The turnstile: when the confirmation of a sign-up may leave, so that no minute of a form, or of all, is overfull.

Nobody is refused for it, or an attacker could close the form. Who only tapped waits behind everybody and holds up
nobody but their like. One transaction at a time gives turns, so that two workers do not fill the same minute twice.
"""

import heapq
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.door import Proof
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import SignUp

MINUTE = timedelta(minutes=1)
NEVER = datetime.min.replace(tzinfo=UTC)

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('turnstile'))")


class _Whom(Enum):
    EVERYBODY = auto()
    TAPPED = auto()
    OTHERS = auto()  # than those


_Line = tuple[int | None, _Whom]  # of a form, or of all


def turns(session: Session, sign_ups: Sequence[SignUp], now: datetime) -> list[datetime]:
    """When the confirmation of each may leave, as if one were planned after the other: now, or in a later minute.

    All others who give turns wait until this transaction ends. So this is asked for last, when all else is written and
    no other lock will be waited for; what is left to do is to plan the mails and to commit.
    """
    if not sign_ups:
        return []
    session.execute(_ONE_AT_A_TIME)
    of_all = _OfAll(session, len(sign_ups), now)
    waited_for = dict.fromkeys(line for sign_up in sign_ups for line in _waits_for(sign_up))
    lines = {line: _Minute(of_all.latest(_most(line), _whose(line))) for line in waited_for}
    found = []
    for sign_up in sign_ups:
        due_at = max(now, *(lines[line].free_at for line in _waits_for(sign_up)))
        for line in _counts_in(sign_up):
            if line in lines:
                lines[line].add(due_at)
        found.append(due_at)
    return found


def _waits_for(sign_up: SignUp) -> list[_Line]:
    if sign_up.proof is not Proof.TAP:
        return [(None, _Whom.OTHERS), (sign_up.form_id, _Whom.OTHERS)]
    return [(None, _Whom.EVERYBODY), (sign_up.form_id, _Whom.EVERYBODY), (sign_up.form_id, _Whom.TAPPED)]


def _counts_in(sign_up: SignUp) -> list[_Line]:
    own = _Whom.TAPPED if sign_up.proof is Proof.TAP else _Whom.OTHERS
    return [(of, whom) for of in (None, sign_up.form_id) for whom in (_Whom.EVERYBODY, own)]


class _Minute:
    """The latest confirmations of a line, as many as go into a minute; of these the earliest, which alone matter."""

    def __init__(self, latest: list[datetime]) -> None:
        self._latest = latest
        heapq.heapify(latest)

    @property
    def free_at(self) -> datetime:
        return self._latest[0] + MINUTE

    def add(self, due_at: datetime) -> None:
        heapq.heappushpop(self._latest, due_at)


class _OfAll:
    """The confirmations that are planned, of all lines, while `more` are added."""

    def __init__(self, session: Session, more: int, now: datetime) -> None:
        self._session, self._more = session, more
        self._planned = (
            select(Message.due_at)
            .where(
                Message.kind == MessageKind.CONFIRMATION,
                Message.state != MessageState.DEFERRED,  # it waits for another reason, and says nothing about the pace
                Message.due_at > now - MINUTE,
            )
            .order_by(Message.due_at.desc())
        )
        self._found: dict[int, list[datetime]] = {}

    def latest(self, most: int, whose: Sequence[ColumnElement[bool]]) -> list[datetime]:
        """Of the `most` latest of a line the earliest, as many as can matter; NEVER where there are not so many."""
        known = min(self._more, most)
        if most not in self._found:
            self._found[most] = self._last(self._planned, most, known)
        latest = self._found[most]
        # A flood of taps far ahead is passed by row after row, but only once a minute is full with them counted in.
        if latest and whose:
            # No join: a plan made while there were few paired all mails with all sign-ups, and was kept.
            its = select(SignUp.id).where(SignUp.id == Message.sign_up_id, *whose).correlate(Message).scalar_subquery()
            latest = self._last(self._planned.where(its.is_not(None)), most, known)
        return latest + [NEVER] * (known - len(latest))

    def _last(self, planned: Select[datetime], most: int, known: int) -> list[datetime]:
        return list(self._session.scalars(planned.offset(most - known).limit(known)))


def _most(line: _Line) -> int:
    form_id, whom = line
    limits = settings().limits
    if form_id is None:
        return limits.all_minute
    return limits.tap_minute if whom is _Whom.TAPPED else limits.form_minute


def _whose(line: _Line) -> list[ColumnElement[bool]]:
    form_id, whom = line
    conditions: list[ColumnElement[bool]] = []
    if form_id is not None:
        conditions.append(SignUp.form_id == form_id)
    if whom is not _Whom.EVERYBODY:
        conditions.append(SignUp.proof == Proof.TAP if whom is _Whom.TAPPED else SignUp.proof != Proof.TAP)
    return conditions
