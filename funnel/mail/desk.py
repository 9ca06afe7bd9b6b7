"""The desk: what the engine asks of the database, each in a transaction of its own, none of them across the network."""

import functools
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as OrmSession

from funnel.db import Session
from funnel.mail import (
    abandoned,
    batch,
    breaker,
    claim,
    guard,
    hours,
    journal,
    lease,
    pace,
    reap,
    record,
    relays,
    rests,
)
from funnel.mail.abandoned import Found
from funnel.mail.claimed import Claimed
from funnel.mail.holding import Holding, boot_seconds
from funnel.mail.journal import Journal
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply
from funnel.models.mail import Queue
from funnel.models.sending import Rest
from funnel.programme import outgoing
from funnel.relay import Relay

LEASE_MARGIN_S = 60.0  # no dot is written in the last minute of a lease
HELD_S = 15.0  # what a claim took and could not be begun by then is gated again: somebody may have left meanwhile
RECORD_WAITS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # a database that restarts must not cost us what we know
GIVEN_BACK = "given back: the sending process stopped, was held up, or had no mail server left"
LOST_CLAIM = "given back: the database was away as it was claimed"


class Told(NamedTuple):
    """`paused`: nothing more is to be sent. `stopped`: nor anything of these newsletters."""

    paused: bool
    stopped: frozenset[int]


Clock = Callable[[OrmSession], datetime]
Done = TypeVar("Done")

log = logging.getLogger(__name__)


class Desk:
    """Of one process and queue."""

    def __init__(self, queue: Queue, clock: Clock, book: Journal) -> None:
        self.queue = queue
        self.clock = clock
        self.journal = book
        self.pace = pace.Pace(queue)

    def replay(self) -> None:
        """Settles what dead processes of this machine held, by their journals, unless the database forgot of it."""
        with Session.begin() as session:
            guard.check(session, 0, self.clock(session))
        for found in abandoned.journals(journal.folder()):
            kept(functools.partial(self._replay, found=found))
            found.remove()

    def take(self) -> Holding | None:
        """Claims the next mails; None when nothing is due or may leave now, which is then said on those that wait."""
        claim_id = 0
        lease_ends = boot_seconds() + lease.LEASE.total_seconds() - LEASE_MARGIN_S
        try:
            with Session.begin() as session:
                now = self.clock(session)
                if not claim.waits(session, self.queue, now):
                    return None
                resting = rests.resting(session, now)
                relay = self._relay(session, resting, now)
                if relay is None:
                    return None
                claim_id = claim.new_id(session)
                if not guard.check(session, claim_id, now):
                    return None
                return self._claim(session, relay, resting, claim_id, now, lease_ends)
        except OperationalError:
            # The commit may have been done and only its answer lost: then these would be ours without our knowing.
            if claim_id:
                kept(lambda session: record.hand_back_all(session, claim_id, LOST_CLAIM))
            raise

    def record(self, holding: Holding, results: list[Result], back: list[Claimed]) -> Told:
        """Records what became of mails of a claim, again and again while the database is away.

        Returns what is not to be sent now, for what was seen in it, by another worker, or said by the owner.
        """
        told = kept(lambda session: self._record(session, holding, results, back))
        if results:
            counts = Counter([result.outcome.meaning for result in results])
            said = ", ".join(f"{count} {what.value}" for what, count in counts.items())
            log.info("claim %s: %s", holding.claim_id, said)
        return told

    def renew(self, claim_ids: list[int]) -> list[int]:
        """Renews leases. Returns the claims that are still ours."""
        with Session.begin() as session:
            return lease.renew(session, claim_ids, self.clock(session))

    def rest(self, relay: Relay, reply: Reply) -> None:
        """Leaves a relay alone for a while."""
        with Session.begin() as session:
            relays.rest(session, relay, reply.words, self.clock(session))

    def _replay(self, session: OrmSession, found: Found) -> int:
        return reap.replay(session, found, self.clock(session))

    def _relay(self, session: OrmSession, resting: list[Rest], now: datetime) -> Relay | None:
        paused = rests.paused(resting, self.queue)
        usable = [] if paused else relays.usable(session, resting, self.queue, now)
        if not usable:
            why = f"waits: {paused.why}" if paused else relays.why_none(session, resting, self.queue, now)
            claim.explain(session, self.queue, why, now)
            return None
        return usable[0]

    def _claim(
        self, session: OrmSession, relay: Relay, resting: list[Rest], claim_id: int, now: datetime, lease_ends: float
    ) -> Holding | None:
        room = pace.reserve(session, relay, self.queue, self.pace.limit(), now)
        if not room:
            claim.explain(session, self.queue, relays.why_none(session, resting, self.queue, now), now)
            return None
        domains = rests.resting_domains(resting)
        claims = claim.claim(session, self.queue, now, room, claim_id, self.journal.name, domains)
        mine = hours.within(session, claims, now) if claims else []
        pace.give_back(session, relay, room - len(mine), now)
        if claims is None:
            return None
        if claims:
            guard.note(session)
        drafts = batch.prepared(session, mine, now)
        return Holding(claim_id, relay, drafts, lease_ends, boot_seconds() + HELD_S)

    def _record(self, session: OrmSession, holding: Holding, results: list[Result], back: list[Claimed]) -> Told:
        now = self.clock(session)
        judged = record.record(session, holding.claim_id, results, now, back)
        if back:
            pace.give_back(session, holding.relay, len(back), back[0].lease_until - lease.LEASE)
        stopped = outgoing.stopped(session) if self.queue is Queue.BULK else frozenset()
        # Last, since it locks a row that all workers write.
        return Told(breaker.seen(session, self.queue, judged, now), stopped)


def kept(work: Callable[[OrmSession], Done]) -> Done:
    """Does `work` in a transaction of its own, again and again while the database is away: it must not be forgotten."""
    for wait in RECORD_WAITS_S:
        try:
            with Session.begin() as session:
                return work(session)
        except OperationalError as error:
            log.warning("what was sent could not be recorded yet: %s", type(error.orig).__name__)
            time.sleep(wait)
    with Session.begin() as session:
        return work(session)
