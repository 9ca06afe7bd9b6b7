"""Unknown: mails of which nobody can say whether they arrived, decided by the owner (sending.md, "Certainty").

Either a mail is sent again, with the same Message-ID and past the gate as any other, or it is taken as arrived. In what
was decided its claim has no say any more, and so no journal that comes back late.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, case, func, select, update
from sqlalchemy.orm import Session

from funnel.mail import gate
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.sending import MarketingStamp
from funnel.programme import calendar, settling, waiting
from funnel.programme.history import among

LASTS_DAYS = 3  # from the decision on, as long as a tip lasts from its planning on; newsletters last as they do
DATED = (MessageKind.CONFIRMATION, MessageKind.NOTICE)  # what they say, a link above all, is good until they expire

AGAIN = "to be sent again: the owner wished it"
TAKEN = "taken as arrived by the owner"
NO_ADDRESS = "its address was deleted with its last try"
OUTDATED = "what it says is good no longer"
CALLED_OFF = "its newsletter was cancelled"

Known = dict[str, list[int]]  # the ids of mails, by what was known of each: its reason


def hindrance(now: datetime) -> ColumnElement[str]:
    """Why a mail cannot be sent again; empty for one that can, unless the gate then turns it back."""
    nobody = and_(Message.subscriber_id.is_(None), Message.sign_up_id.is_(None), Message.to_address.is_(None))
    outdated = and_(Message.kind.in_(DATED), Message.expires_at <= now)
    called_off = and_(Message.kind == MessageKind.NEWSLETTER, Message.newsletter_id == any_(gate.CALLED_OFF))
    return case((nobody, NO_ADDRESS), (outdated, OUTDATED), (called_off, CALLED_OFF), else_="")


def lasting(now: datetime) -> ColumnElement[datetime]:
    """Until when a mail lasts that is to be sent again from `now` on."""
    days = case(
        (Message.kind == MessageKind.NEWSLETTER, calendar.days(settling.LASTS_DAYS)), else_=calendar.days(LASTS_DAYS)
    )
    return case((Message.kind.in_(DATED), Message.expires_at), else_=func.greatest(Message.expires_at, now + days))


def resend(session: Session, now: datetime, *which: ColumnElement[bool]) -> Known:
    """Puts the unknown mails for which `which` (conditions on Message) holds back into the queue, due now.

    A newsletter that had been sent is being sent again, so that it can be paused and cancelled.
    Returns which, for `take_back`. Those that cannot be sent again stay as they are. In a course such a mail counts as
    had before and after, so nothing in it moves but that no other tip overtakes it.
    """
    known = _held(session, *which, hindrance(now) == "")
    ids = _write(
        session,
        known,
        state=MessageState.QUEUED,
        reason=AGAIN,
        due_at=now,
        expires_at=lasting(now),
        doubted_at=func.coalesce(Message.doubted_at, Message.ended_at),
        ended_at=None,
        troubled_at=None,
    )
    waiting.put(session, ids)
    settling.reopen(session, ids)
    return known


def accept(session: Session, *which: ColumnElement[bool]) -> Known:
    """Takes the unknown mails for which `which` holds as arrived, when they were handed over as far as is known.

    Returns which, for `take_back`.
    """
    known = _held(session, *which)
    # Its claim stamped its person; of other mails the end of the wait for an answer is all that is kept.
    stamped = (
        select(MarketingStamp.at)
        .where(MarketingStamp.subscriber_id == Message.subscriber_id, MarketingStamp.message_id == Message.id)
        .scalar_subquery()
    )
    sent_at = func.coalesce(stamped, Message.ended_at)
    _write(session, known, state=MessageState.SENT, reason=TAKEN, sent_at=sent_at, troubled_at=None)
    return known


def take_back(session: Session, known: Mapping[str, Sequence[int]], now: datetime) -> int:
    """Undoes a decision: `known` is what it returned. Returns how many are unknown again.

    Of those to be sent again only the ones that still wait; of those taken as arrived all.
    """
    wanted = [number for ids in known.values() for number in ids]
    waited = waiting.take(session, among(Message.id, wanted))
    taken = session.scalars(_ours(select(Message.id).where(among(Message.id, wanted), is_taken()))).all()
    back = {*waited, *taken}
    for reason, ids in known.items():
        doubted = {reason: [number for number in ids if number in back]}
        ended_at = func.coalesce(Message.ended_at, now)
        _write(
            session, doubted, state=MessageState.UNKNOWN, reason=reason, sent_at=None, ended_at=ended_at,
            troubled_at=ended_at,
        )  # fmt: skip
    return len(back)


def is_unknown() -> ColumnElement[bool]:
    """Which mails are. Those in trouble, unlike all mails, are found by an index."""
    return and_(Message.state == MessageState.UNKNOWN, Message.troubled_at.is_not(None))


def is_taken() -> ColumnElement[bool]:
    """Which mails were taken as arrived by the owner."""
    return and_(Message.state == MessageState.SENT, Message.reason == TAKEN)


def _held(session: Session, *which: ColumnElement[bool]) -> Known:
    """The unknown ones of `which`, ours until the transaction ends. Whoever holds one already is settling it."""
    known: Known = defaultdict(list)
    for number, reason in session.execute(_ours(select(Message.id, Message.reason).where(is_unknown(), *which))):
        known[reason].append(number)
    return dict(known)


def _ours(found: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    # Two presses at once, a click, a journal: whoever comes second passes by, and waits for nobody.
    return found.order_by(Message.id).with_for_update(skip_locked=True, key_share=True)


def _write(session: Session, known: Known, **changes: Any) -> list[int]:
    ids = [number for group in known.values() for number in group]
    session.execute(
        update(Message)
        .where(among(Message.id, ids))
        .values(**changes, claim_id=None)
        .execution_options(synchronize_session=False)
    )
    return ids
