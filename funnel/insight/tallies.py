"""Tallies: the roll-ups brought up to date with the rows they are counted from, a batch at a time.

One transaction at a time does it, any number may try; each batch is whole or not at all, so one that is killed is done
again. A note is deleted in the transaction that counts what it is about, and what it is about is read after that: so
a change is either seen or noted anew. New rows are followed by their ids (`follow`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight import counts, follow, journeys, outcomes
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.models.tallies import BLOCK, BLOCKS, MAILS, PEOPLE, VERSION, Stale, TallyState
from funnel.programme.history import among

MOST = 10_000  # people, mails and events a batch, each
MOST_BLOCKS = 20  # of mails, each of them read as a whole
MOST_BY_A_PAGE = 500
MOST_NOTES = 1_000
SAID_EVERY = timedelta(seconds=5)  # that nothing had changed
OLD = timedelta(minutes=1)  # figures older than that are shown with their time

PER_NOTE = 1_000

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('tallies'))")
_LOCK_SURELY = text("SELECT pg_advisory_xact_lock(hashtext('tallies'))")


@dataclass(frozen=True)
class Refreshed:
    """How much a batch looked at, how many people stand elsewhere since, and whether it left anything to count."""

    done: int
    moved: int
    more: bool


@dataclass(frozen=True)
class Freshness:
    """Of when the figures are, and whether that is so long ago that it must be said. `at` None: not all counted yet."""

    at: datetime | None
    is_old: bool


@dataclass
class _Work:
    """What may have changed."""

    people: set[int]
    mails: set[int]
    events: set[int]
    blocks: set[int]
    more: bool


def refresh(session: Session, now: datetime, most: int = MOST, most_blocks: int = MOST_BLOCKS) -> Refreshed | None:
    """Counts what changed: one batch. None: another transaction is counting."""
    if not session.scalar(_LOCK):
        return None
    state = _state(session)
    if state.zone != settings().zone.key or state.version != VERSION:
        _begin_again(session, state)
    work = _work(session, most)
    changed = journeys.moved(session, work.people, work.mails, work.events)
    moves = journeys.write(session, changed)
    counts.add(session, moves)
    outcomes.count(session, work.people, work.events)
    _count_mails(session, work, most_blocks)
    done = len(work.people) + len(work.mails) + len(work.events) + min(len(work.blocks), most_blocks)
    if not work.more and (done or state.as_of is None or now - state.as_of > SAID_EVERY):
        state.as_of = now
        session.flush()
    return Refreshed(done, sum(number for number in moves.values() if number > 0), work.more)


def freshen(session: Session, now: datetime) -> Freshness:
    """For a page, before it reads: counts what changed in the last seconds, when it is little. A tick does the rest."""
    refresh(session, now, MOST_BY_A_PAGE, 1)
    at = as_of(session)
    return Freshness(at, at is None or now - at > OLD)


def as_of(session: Session) -> datetime | None:
    """When all that was there was counted. None: it has not been yet."""
    return session.scalar(select(TallyState.as_of))


def note_everything(session: Session) -> int:
    """Notes everybody and all mails as changed, so that the next batches count them anew; how many are noted."""
    people = select(func.coalesce(func.max(Subscriber.id), 0))
    mails = select(func.coalesce(func.max(Message.id), 0))
    return sum(
        (
            _note_all(session, PEOPLE, session.scalars(people).one()),
            _note_all(session, BLOCKS, session.scalars(mails).one() // BLOCK),
        )
    )


def regroup(session: Session) -> None:
    """Groups all journeys and outcomes anew, whatever was counted before. The other ticks wait for the end of the
    transaction.
    """
    session.execute(_LOCK_SURELY)
    counts.count_all_journeys(session)
    outcomes.count_all(session)


def _note(session: Session, what: str, ids: Iterable[int]) -> None:
    wanted = sorted(ids)
    rows = [{"what": what, "ids": wanted[at : at + PER_NOTE]} for at in range(0, len(wanted), PER_NOTE)]
    if rows:
        session.execute(insert(Stale), rows)


def _state(session: Session) -> TallyState:
    found = session.get(TallyState, 1, populate_existing=True)
    if found is None:
        found = TallyState(id=1, zone=settings().zone.key, version=VERSION)
        session.add(found)
        session.flush()
    return found


def _begin_again(session: Session, state: TallyState) -> None:
    """Another time zone has other days; another version counts what was not counted, which is too low until then."""
    if state.version != VERSION:
        state.as_of = None
    state.zone, state.version = settings().zone.key, VERSION
    session.flush()
    note_everything(session)


def _work(session: Session, most: int) -> _Work:
    noted, more = _taken(session, most)
    found = {name: follow.new(session, name, most) for name in ("subscriber", "message", "event")}
    more = more or any(len(ids) >= most for ids in found.values())
    people = noted[PEOPLE] | set(found["subscriber"])
    mails = noted[MAILS] | set(found["message"])
    blocks = noted[BLOCKS] | {number // BLOCK for number in mails}
    return _Work(people, mails, set(found["event"]), blocks, more)


def _taken(session: Session, most: int) -> tuple[dict[str, set[int]], bool]:
    """Takes the oldest notes; what they are about, and whether any are left."""
    waiting = session.execute(select(Stale.id, Stale.what, Stale.ids).order_by(Stale.id).limit(MOST_NOTES)).all()
    about: dict[str, set[int]] = {PEOPLE: set(), MAILS: set(), BLOCKS: set()}
    done: list[int] = []
    count = 0
    for number, what, ids in waiting:
        if done and count + len(ids) > most:
            break
        about[what].update(ids)
        done.append(number)
        count += len(ids)
    if done:
        session.execute(delete(Stale).where(among(Stale.id, done)).execution_options(synchronize_session=False))
    return about, len(done) < len(waiting) or len(waiting) == MOST_NOTES


def _count_mails(session: Session, work: _Work, most: int) -> None:
    """Counts the blocks of these mails; those that are too many for a batch are left to the next ones."""
    blocks = sorted(work.blocks)
    if blocks:
        counts.count_mails(session, blocks[:most])
    if blocks[most:]:
        _note(session, BLOCKS, blocks[most:])
        work.more = True


def _note_all(session: Session, what: str, highest: int) -> int:
    per_note = PER_NOTE if what == PEOPLE else 1
    rows = [{"what": what, "ids": _span(at, per_note, highest)} for at in range(0, highest + 1, per_note)]
    session.execute(insert(Stale), rows)
    return highest + 1


def _span(first: int, count: int, highest: int) -> Collection[int]:
    return list(range(first, min(first + count, highest + 1)))
