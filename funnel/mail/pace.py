"""Pace: how many mails a claim may take, how many a relay may be given today, and how many a second.

A claim holds about two seconds of the present pace, since what is claimed is not gated again. The day's count is kept
in PostgreSQL, and reserved in the claiming transaction; the second's in Redis (limits.permits).
"""

import math
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.models.mail import Queue
from funnel.models.sending import RelayTally
from funnel.relay import Relay

CLAIM_S = 2.0
FIRST, MOST = 10, 2000  # mails a claim
FASTER = 4  # times as many in the next claim, at most
STEP = 100  # what is more is rounded down to a multiple: PostgreSQL then has planned most claims before
LONGEST = timedelta(days=3650)  # looked ahead
GROWTH = 1.5  # of a warm-up, a day
GROWN = 10**9  # mails a day are no limit any more
KEPT_FOR_URGENT = 20  # one in so many of the day's mails is kept for confirmations and notices
REFILL_S = 0.2  # between two questions to Redis
AHEAD_S = 2 * REFILL_S  # of the rate, held by a process that sends
STALE_S = 1.0  # after which what it holds is void, so that no pause ends in a burst


class Pace:
    """How many mails to claim next, by how fast the last ones went."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._limit = FIRST

    def limit(self) -> int:
        return self._limit

    def done(self, mails: int, seconds: float) -> None:
        """Notes that `mails` came to an outcome within `seconds`."""
        measured = round(mails / max(seconds, 0.001) * CLAIM_S)
        limit = max(1, min(measured, FASTER * self._limit, MOST))
        self._limit = limit - limit % STEP if limit > STEP else limit


def reserve(session: Session, relay: Relay, queue: Queue, wanted: int, now: datetime) -> int:
    """How many of `wanted` mails may be claimed for `relay`; counted as given to it today until given back.

    Two workers cannot go over the day's limit: the relay's row is held until the transaction ends.
    """
    if relay.rate:
        wanted = min(wanted, math.ceil(relay.rate * CLAIM_S))
    if not _is_counted(relay):
        return wanted
    today = _day(now)
    session.execute(insert(RelayTally).values(_first(relay.name, now)).on_conflict_do_nothing())
    held = select(RelayTally).where(RelayTally.name == relay.name).with_for_update()
    tally = session.scalars(held.execution_options(populate_existing=True)).one()
    if tally.day != today:
        tally.day, tally.today = today, 0
    granted = max(0, min(wanted, _most(relay, tally.first_at, queue, today) - tally.today))
    tally.today += granted
    session.flush()
    return granted


def give_back(session: Session, relay: Relay, count: int, reserved_at: datetime) -> None:
    """Gives back what was reserved at `reserved_at` and not handed over."""
    if count <= 0 or not _is_counted(relay):
        return
    # Tomorrow's count must not be lowered by what was reserved yesterday.
    of_the_day = (RelayTally.name == relay.name, RelayTally.day == _day(reserved_at))
    less = update(RelayTally).where(*of_the_day).values(today=RelayTally.today - count)
    session.execute(less.execution_options(synchronize_session=False))


def spent(session: Session, relays: Iterable[Relay], queue: Queue, now: datetime) -> dict[str, str]:
    """Those of `relays` that take no more mails of `queue` today, by name, and why."""
    counted = {relay.name: relay for relay in relays if _is_counted(relay)}
    if not counted:
        return {}
    today = _day(now)
    rows = select(RelayTally).where(RelayTally.name.in_(counted), RelayTally.day == today)
    found = {}
    for tally in session.scalars(rows.execution_options(populate_existing=True)):
        all_in_all = _most(counted[tally.name], tally.first_at, Queue.URGENT, today)
        most = _most(counted[tally.name], tally.first_at, queue, today)
        if tally.today >= most:
            kept = f" (but {all_in_all - most:,} kept for confirmations)" * (most < all_in_all)
            found[tally.name] = f"its {all_in_all:,} mails of today are spent{kept}, and it gets more from 00:00 UTC"
    return found


@dataclass(frozen=True)
class Slow:
    """What the relays take on a first day, too few for all mails, and the day on which the last may leave."""

    first_day: int
    last_day: date


def slowed(session: Session, relays: Sequence[Relay], mails: int, start: datetime) -> Slow | None:
    """How so many mails of the bulk queue, begun at `start`, are spread over days by the relays' daily limits.

    None: they may all leave that day. As if nothing else were sent, days being UTC's.
    """
    if not relays or not all(_is_counted(relay) for relay in relays):
        return None
    tallies = {tally.name: tally for tally in session.scalars(select(RelayTally))}

    def most(day: date) -> int:
        return sum(_left(relay, tallies.get(relay.name), start, day) for relay in relays)

    day = _day(start)
    first = left = most(day)
    if left >= mails:
        return None
    while left < mails and day < _day(start) + LONGEST:
        day += timedelta(days=1)
        left += most(day)
    return Slow(first, day)


def _left(relay: Relay, tally: RelayTally | None, start: datetime, day: date) -> int:
    """How many mails of the bulk queue the relay takes on `day`; less what it has had, where that is today."""
    most = _most(relay, tally.first_at if tally else start, Queue.BULK, day)
    return max(0, most - (tally.today if tally and tally.day == day else 0))


def _is_counted(relay: Relay) -> bool:
    return bool(relay.day or relay.warmup)


def _most(relay: Relay, first_at: datetime, queue: Queue, today: date) -> int:
    """How many mails of `queue` the relay may be given today."""
    most = relay.day or GROWN
    if relay.warmup:
        days = (today - _day(first_at)).days
        most = min(most, int(relay.warmup * min(GROWTH ** min(days, 60), GROWN)))
    return most if queue == Queue.URGENT else most - most // KEPT_FOR_URGENT


def _first(name: str, now: datetime) -> dict[str, object]:
    return {"name": name, "first_at": now, "day": _day(now), "today": 0, "delivered": 0, "bad_marks": []}


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


class Permits:
    """Permission to send one mail each, by the rate that a relay wants and all workers share.

    `take` is called by the event loop and waits for nobody; `refill` by another thread, some times a second.
    """

    def __init__(self, relay: Relay, queue: Queue) -> None:
        self.relay = relay
        self.urgent = queue == Queue.URGENT
        self._lock = threading.Lock()
        self._held = 0
        self._good_until = self._next_at = 0.0
        self._asked = False

    def take(self, now: float) -> bool:
        """Whether one more mail may begin. `now`: the monotonic clock."""
        if self.relay.rate is None:
            return True
        with self._lock:
            self._asked = True
            if self._held <= 0 or now > self._good_until:
                return False
            self._held -= 1
            return True

    def refill(self) -> None:
        """Asks Redis for what is about to be used, if any was asked for since the last time; not too often."""
        rate, now = self.relay.rate, time.monotonic()
        if rate is None or not self._asked or now < self._next_at:
            return
        with self._lock:
            held = self._held if now <= self._good_until else 0
            self._asked = False
            self._next_at = now + REFILL_S
        from funnel import limits  # brings Redis's client along: 7 MB that a relay without a rate does not need

        granted = limits.permits(self.relay.name, rate, max(1, math.ceil(rate * AHEAD_S)) - held, self.urgent)
        with self._lock:
            self._held = min(self._held, held) + granted
            self._good_until = time.monotonic() + STALE_S
