"""Delivery: claim, compose, hand over, journal, record, until nothing is due or time is up.

One process has one event loop that speaks SMTP over several connections, and one thread that speaks to the database, so
that neither waits for the other.
"""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

import uvloop
from sqlalchemy.orm import Session as OrmSession

from funnel.db import database_now
from funnel.mail import halt, journal
from funnel.mail.desk import Desk, Told
from funnel.mail.holding import Holding
from funnel.mail.journal import Journal
from funnel.mail.line import Line
from funnel.mail.pace import Permits
from funnel.mail.replies import Meaning
from funnel.mail.wire import Patience
from funnel.models.mail import Queue
from funnel.relay import Relay

LOOK_S = 0.05  # how often it is looked whether something is to be done that no event tells of
LINGER_S = 1.0  # at the end of a turn; a dot unanswered then is waited for in the next turn
HALT_S = 20.0  # after SIGTERM; hosts kill at 30
RENEW_S = 60.0  # leases of what is with the relay

Clock = Callable[[OrmSession], datetime]
Found = TypeVar("Found")

patience = Patience()
_engines: dict[Queue, "Engine"] = {}


def deliver(queue: Queue, seconds: float = 50) -> int:
    """Sends what is due in `queue` until nothing is, or `seconds` have passed, or the process is told to stop.

    Returns how many mails came to an outcome; 0 when nothing was due or no relay takes mail now. Connections, and mails
    whose last answer is not there yet, are kept for the next turn of this process. Raises what the database or the
    journal raises; then nothing is kept, and the journal tells the next process what the database was not told.
    """
    with halt.by_sigterm():
        if queue not in _engines:
            _engines[queue] = Engine(queue, database_now)
        try:
            return _engines[queue].run(seconds, LINGER_S)
        except BaseException:
            _engines.pop(queue).close()
            raise


def deliver_now(queue: Queue, now: datetime) -> int:
    """The same for everything due at `now`, the clock standing still; waits for every answer."""
    engine = Engine(queue, lambda _: now)
    try:
        return engine.run(math.inf, math.inf)
    finally:
        engine.close()


def close() -> None:
    """Closes what was kept, as this process ends."""
    while _engines:
        _engines.popitem()[1].close()


class Engine:
    """What one process sends of one queue: its loop, its database thread, its journal, its lines."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        self.queue = queue
        self.journal = Journal(journal.folder())
        self.desk = Desk(queue, clock, self.journal)
        self.loop = uvloop.new_event_loop()
        self.thread = ThreadPoolExecutor(1, "database")
        self.lines: dict[str, Line] = {}
        self.leaving: list[Line] = []  # whose relay is in trouble: begins nothing, waits for answers
        self.holdings: list[Holding] = []
        self.claiming: asyncio.Future[Holding | None] | None = None
        self.stirred = asyncio.Event()
        self.renewed = self.counted = time.monotonic()

    def run(self, seconds: float, linger: float) -> int:
        """One turn. Returns how many mails came to an outcome."""
        self.until = time.monotonic() + seconds
        self.wait_until = math.inf  # for answers, once nothing else is to be done
        self.empty = False  # nothing is due that may leave
        self.paused = False  # the breaker said so when it was last asked
        self.returned = False  # some went back into the queue since the last claim was begun
        self.done = 0
        self.counted = time.monotonic()  # a turn's pace, and not that of the wait before it
        self.loop.run_until_complete(self._turn(linger))
        if not self.holdings:
            self.journal.clear()
        return self.done

    def close(self) -> None:
        """Ends the engine. With mails not recorded, or a claim on its way, the journal stays for the next process."""
        for line in (*self.lines.values(), *self.leaving):
            line.abort()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        self.thread.shutdown()
        self.journal.close(keep=bool(self.holdings or self.claiming))

    async def _turn(self, linger: float) -> None:
        for line in self.lines.values():
            line.drop_idle()
        await asyncio.sleep(0)  # what the kernel knows of kept connections is heard before they are used
        await self._in_thread(self.desk.replay)
        while self.claiming or not self._may_end(linger):
            if self.claiming is None and self._wants_more():
                self.returned = False
                self.claiming = asyncio.ensure_future(self._in_thread(self.desk.take))
                self.claiming.add_done_callback(lambda _: self.stirred.set())
            await self._stir()
            if self.claiming and self.claiming.done():
                self._put(self.claiming.result())
                self.claiming = None
            self._tend()
            await self._record(all_of_it=False)
        if halt.told.is_set():
            self._abort()  # a dot that is still unanswered is unknown
            await asyncio.sleep(0)
        await self._record(all_of_it=True)

    def _may_end(self, linger: float) -> bool:
        """Whether nothing more is claimed in this turn, and what is on its way has ended or takes too long."""
        halted, now = halt.told.is_set(), time.monotonic()
        if not (self.empty or halted or now >= self.until):
            return False
        if all(holding.over and not holding.results and not holding.back for holding in self.holdings):
            return True
        if any(holding.to_go for holding in self.holdings) and not halted:
            return False
        self.wait_until = min(self.wait_until, now + (HALT_S if halted else linger))
        return halt.again.is_set() or now > self.wait_until

    def _wants_more(self) -> bool:
        """Whether the next mails should be claimed while those before them are on their way."""
        if self.empty or halt.told.is_set() or time.monotonic() >= self.until:
            return False
        return sum(line.to_go for line in self.lines.values()) <= self.desk.pace.limit() / 2

    def _put(self, taken: Holding | None) -> None:
        if taken is None:
            self.empty = not self.returned  # else another relay may take at once what came back meanwhile
            return
        if self.paused:
            taken.stop()  # it was claimed as the breaker was being asked
        self.holdings.append(taken)
        self._line(taken.relay).add(taken)

    def _line(self, relay: Relay) -> Line:
        former = self.lines.get(relay.name)
        if former and former.relay != relay:  # the owner changed how it is spoken to
            former.retire()
            self.leaving.append(self.lines.pop(relay.name))
        if relay.name not in self.lines:
            self.lines[relay.name] = Line(
                relay, patience, self.journal, Permits(relay, self.desk.queue), self.stirred.set
            )
        return self.lines[relay.name]

    def _tend(self) -> None:
        for line in (*self.lines.values(), *self.leaving):
            if line.broken:
                raise line.broken
            if halt.told.is_set():
                line.stop()
            line.tend()
        self.leaving = [line for line in self.leaving if line.dialogues]

    def _abort(self) -> None:
        for line in (*self.lines.values(), *self.leaving):
            line.abort()

    async def _record(self, all_of_it: bool) -> None:
        for name, line in list(self.lines.items()):
            if line.trouble:
                self.leaving.append(self.lines.pop(name))
                await self._in_thread(self.desk.rest, line.relay, line.trouble)
            elif line.to_go and line.relay.rate:
                await self._in_thread(line.permits.refill)
        done = 0
        for holding in [one for one in self.holdings if all_of_it or one.recordable()]:
            results, back = holding.drain()
            if results or back:
                told = await self._in_thread(self.desk.record, holding, results, back)
                self._heed(holding, told)
                done += len(results) - [result.outcome.meaning for result in results].count(Meaning.RELAY)
                if back:
                    self.empty, self.returned = False, True
        if done:
            self._count(done)
        self.holdings = [one for one in self.holdings if not one.over or one.results or one.back]
        if self.holdings and time.monotonic() - self.renewed > RENEW_S:
            self.renewed = time.monotonic()
            await self._in_thread(self.desk.renew, [one.claim_id for one in self.holdings])

    def _heed(self, holding: Holding, told: Told) -> None:
        """What the breaker, and the owner, said as a holding was recorded."""
        self.paused = told.paused
        for other in self.holdings:
            if told.paused:
                other.stop()
            other.call_off(told.stopped)
        line = self.lines.get(holding.relay.name)
        if line and line.in_doubt:
            line.believe()

    def _count(self, mails: int) -> None:
        now = time.monotonic()
        self.desk.pace.done(mails, now - self.counted)
        self.counted = now
        self.done += mails

    async def _stir(self) -> None:
        """Returns when something has happened, or it is time to look."""
        look = self.loop.call_later(LOOK_S, self.stirred.set)
        await self.stirred.wait()
        look.cancel()
        self.stirred.clear()

    async def _in_thread(self, work: Callable[..., Found], *given: object) -> Found:
        return await self.loop.run_in_executor(self.thread, work, *given)
