"""Delivery: claim, render, hand over, record, until nothing is due or time is up.

No transaction is open while a mail server is spoken to. Whatever was claimed and not tried goes back to the queue.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as OrmSession

from funnel import logs
from funnel.db import Session, database_now
from funnel.mail import batch, claim, halt, hours, record, relays, replies, smtp
from funnel.mail.batch import Page
from funnel.mail.claim import Claimed
from funnel.mail.encoding import Unsendable
from funnel.mail.render import Outgoing
from funnel.mail.replies import Meaning, Outcome, Stage
from funnel.mail.smtp import Connection, Refused
from funnel.models.mail import Queue

LEASE_MARGIN_S = 60.0  # no dot is written in the last minute of a lease
HELD_S = 15.0  # what a claim took and nobody could send by then is gated again: somebody may have left meanwhile
MOST_ABOUT_US = 10  # refusals about us in a row, after which the stream pauses
PAUSE_S = 300.0
RECORD_WAITS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # a database that restarts must not cost us what we know
GIVEN_BACK = "given back: the sending process stopped, was held up, or had no mail server left"

Clock = Callable[[OrmSession], datetime]
Found = TypeVar("Found")

patience = smtp.Patience()
log = logging.getLogger(__name__)


def deliver(queue: Queue, seconds: float = 50) -> int:
    """Sends what is due in `queue` until nothing is, or `seconds` have passed, or the process is told to stop.

    Returns how many mails came to an outcome; 0 when nothing was due or no relay takes mail now.
    """
    with halt.by_sigterm():
        return _Run(queue, database_now, time.monotonic() + seconds).send()


def deliver_now(queue: Queue, now: datetime) -> int:
    """The same for everything due at `now`, the clock standing still."""
    return _Run(queue, lambda _: now, math.inf).send()


class _Run:
    """One turn of sending. It owns at most one connection."""

    def __init__(self, queue: Queue, clock: Clock, ends: float) -> None:
        self.queue = queue
        self.clock = clock
        self.ends = ends
        self.connection: Connection | None = None
        self.about_us = 0  # refusals about us in a row
        self.sent = 0

    def send(self) -> int:
        pace = batch.Pace()
        try:
            while not self._over() and self._waits() and self._connect():
                pace.begin()
                pages, lease_ends = self._claimed(pace.limit)
                if pages is None:
                    break
                if pages:
                    self._send_all(pages, lease_ends)
                    pace.end(len(pages))
        finally:
            self._disconnect()
        return self.sent

    def _over(self) -> bool:
        return halt.told.is_set() or time.monotonic() >= self.ends

    def _waits(self) -> bool:
        with Session.begin() as session:
            return claim.waits(session, self.queue, self.clock(session))

    def _connect(self) -> bool:
        """A connection to a relay that is ready. False, said on the mails that wait, when there is none."""
        while not (self.connection and self.connection.open):
            relay = relays.ready()
            if relay is None:
                with Session.begin() as session:
                    claim.explain(session, self.queue, relays.why_none(), self.clock(session))
                return False
            try:
                self.connection = Connection(relay, patience)
            except Refused as refused:
                relays.rest(relay, str(refused))
        return True

    def _disconnect(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None

    def _claimed(self, limit: int) -> tuple[list[Page] | None, float]:
        """The next mails, None when none is due; and until when they are ours by our own clock, a margin left."""
        lease_ends = _boot_seconds() + claim.LEASE.total_seconds() - LEASE_MARGIN_S
        claims = self._taken(limit)
        if not claims:
            return (None if claims is None else []), lease_ends
        try:
            with Session.begin() as session:
                return batch.rendered(session, claims, self.clock(session)), lease_ends
        except Exception:
            self._hand_back(claims, batch.OUR_ERROR)
            raise

    def _taken(self, limit: int) -> list[Claimed] | None:
        claim_id = uuid4()
        try:
            with Session.begin() as session:
                now = self.clock(session)
                claims = claim.claim(session, self.queue, now, limit, claim_id)
                return hours.within(session, claims, now) if claims else claims
        except OperationalError:
            # The commit may have been done and only its answer lost: then these would be ours without our knowing.
            _kept(lambda session: record.hand_back_all(session, claim_id, batch.OUR_ERROR))
            raise

    def _send_all(self, pages: list[Page], lease_ends: float) -> None:
        left = deque(pages)
        ends = min(lease_ends, _boot_seconds() + HELD_S)
        try:
            while left and not halt.told.is_set() and _boot_seconds() < ends and self._connect():
                page = left.popleft()
                logs.ref.set(f"message {page.claimed.id}")
                outcome = page.mail if isinstance(page.mail, Outcome) else self._try(page.mail)
                self._record(page.claimed, outcome)
        finally:
            if left:
                self._hand_back([page.claimed for page in left], GIVEN_BACK)

    def _record(self, claimed: Claimed, outcome: Outcome) -> None:
        meaning = _kept(lambda session: record.record(session, claimed, outcome, self.clock(session)))
        log.info("%s", outcome.reason)
        self.sent += meaning != Meaning.RELAY
        self.about_us = self.about_us + 1 if meaning == Meaning.ABOUT_US else 0
        if meaning == Meaning.RELAY:
            self._rest(outcome.reply)
        elif meaning == Meaning.TOO_MANY_BAD:
            self._rest(Meaning.TOO_MANY_BAD.value, PAUSE_S)
        elif self.about_us >= MOST_ABOUT_US:
            self._rest(f"{MOST_ABOUT_US} refusals in a row about us: {outcome.reply}", PAUSE_S)
        elif meaning == Meaning.ACCEPTED and self.connection:
            relays.works(self.connection.relay)

    def _rest(self, why: str, at_least: float = relays.FIRST_REST_S) -> None:
        if self.connection:
            relays.rest(self.connection.relay, why, at_least)
        self._disconnect()

    def _hand_back(self, claims: list[Claimed], reason: str) -> None:
        _kept(lambda session: record.hand_back(session, claims, reason))

    def _try(self, mail: Outgoing) -> Outcome:
        """Hands one mail over, and again at once when a connection that was idle turns out to be closed."""
        assert self.connection
        used = self.connection.used
        try:
            reply = self.connection.send(mail)
            if used and reply.code == 0 and reply.stage == Stage.MAIL and self._connect():
                reply = self.connection.send(mail)
        except Unsendable as why:
            return replies.unsendable(str(why))
        return replies.outcome(reply, self.connection.relay.name)


def _kept(work: Callable[[OrmSession], Found]) -> Found:
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


def _boot_seconds() -> float:
    """A clock that goes on while a laptop sleeps, where the system has one: leases do not sleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
