"""Sign-ups, reminders, retention, and what is done to many people at once."""

import functools
import logging
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Lock

from funnel.audience import bulk, counting, domains, mail_server, moving, reminding, retention, setbacks, settle
from funnel.db import Session, is_away, utc_now
from tasks.celery import HINT_S, app
from tasks.mail import SLICE_S, send_urgent

LOOKERS = 8  # domains looked up at once by one process
SWEPT = 2_000  # of a backlog, before others get their turn: a reader who signs up meanwhile waits for about a second
SWEEP_S = 1.0

_LOOKING = BoundedSemaphore(LOOKERS)
_LOOKED_FOR: dict[str, set[int]] = {}  # the domains that are looked up now, with the sign-ups that wait for it
_LOCK = Lock()
_SETTLING = Lock()  # one set at a time in a process, whoever looked: each holds up to three locks a sign-up
log = logging.getLogger(__name__)


@app.task(name="tasks.audience.settle")
def settle_these(*sign_up_ids: int) -> None:
    """Settles these, or has their domains looked up first. One that cannot be settled stops no other.

    Those that came since are taken along: their own words stand in line behind this one, and then are done at once.
    """
    end = time.monotonic() + SWEEP_S
    with Session.begin() as session:
        waiting = settle.with_later(session, sign_up_ids)
    while waiting:
        settled, _ = _settle_batches(waiting, math.inf)
        if not settled or len(waiting) < settle.AT_ONCE or time.monotonic() > end:
            return
        with Session.begin() as session:
            waiting = settle.waiting(session, settle.AT_ONCE, after=min(sign_up_ids))


@app.task(name="tasks.audience.settle_new")
def settle_new() -> None:
    """Finds what a lost broker message left behind, and goes on while there is more."""
    with Session.begin() as session:
        waiting = settle.waiting(session, SWEPT)
    failed = set(setbacks.current())
    settled, seen = _settle_batches(waiting, time.monotonic() + SWEEP_S)
    # Where nothing was settled and no other is passed by now, they wait for the DNS: the clock tries again.
    if (settled or set(setbacks.current()) - failed) and (seen < len(waiting) or len(waiting) == SWEPT):
        settle_new.apply_async(expires=HINT_S)


def _settle_batches(sign_up_ids: Sequence[int], until: float) -> tuple[int, int]:
    """How many were settled now, and how many were looked at until then."""
    settled = seen = mails = told = 0
    while seen < len(sign_up_ids) and (not seen or time.monotonic() < until):
        batch = sign_up_ids[seen : seen + settle.AT_ONCE]
        now = _settle_or_look(batch)
        settled, seen, mails = settled + now.settled, seen + len(batch), mails + now.mails
        if mails and not told:  # the first reader does not wait for the last
            told = mails
            send_urgent.delay()
    if mails > told:
        send_urgent.delay()
    return settled, seen


def _settle_or_look(sign_up_ids: Sequence[int]) -> settle.Outcome:
    """What is settled now. A domain is looked up beside all others: a slow resolver holds up nobody else's."""
    try:
        with Session.begin() as session:
            domains_of = domains.unlooked(session, sign_up_ids, utc_now())
    except Exception as error:
        if is_away(error):
            raise
        log.exception("%d sign-ups could not be settled", len(sign_up_ids))
        return settle.Outcome()
    later = {number for domain, ids in domains_of.items() if _looks(domain, ids) for number in ids}
    return _settle([number for number in sign_up_ids if number not in later])


def _looks(domain: str, sign_up_ids: Sequence[int]) -> bool:
    """Has these wait until the domain is looked up. False when all who look are busy: then they go out unasked."""
    with _LOCK:
        if domain in _LOOKED_FOR:
            _LOOKED_FOR[domain].update(sign_up_ids)
            return True
        if not _LOOKING.acquire(blocking=False):
            return False
        try:
            _lookers().submit(_look_and_settle, domain)
        except RuntimeError:  # no thread to be had, or the process ends
            log.exception("a domain could not be looked up")
            _LOOKING.release()
            return False
        _LOOKED_FOR[domain] = set(sign_up_ids)
    return True


def _look_and_settle(domain: str) -> None:
    # Cut short by the end of the process, they are found by the next tick.
    waited: list[int] = []
    try:
        try:
            answer = mail_server.look(domain)
            with Session.begin() as session:
                domains.keep(session, domain, answer, utc_now())
        finally:
            waited = _waited_for(domain)
        for first in range(0, len(waited), settle.AT_ONCE):
            if _settle(waited[first : first + settle.AT_ONCE]).mails:
                send_urgent.delay()
    except Exception:
        log.exception("sign-ups %s could not be settled", waited)


def _waited_for(domain: str) -> list[int]:
    """Whose domain it is, once that is looked up: from now on somebody else may look. Nobody, where that was begun
    without a thread to be had for it.
    """
    with _LOCK:
        if (waited := _LOOKED_FOR.pop(domain, None)) is None:
            return []
    _LOOKING.release()
    return sorted(waited)


def _settle(sign_up_ids: Sequence[int]) -> settle.Outcome:
    """Settles these together, or, where one of them cannot be, in halves. With the database away it raises."""
    if not sign_up_ids:
        return settle.Outcome()
    outcome = _settle_together(sign_up_ids)
    if outcome is None:
        half = len(sign_up_ids) // 2
        parts = [_settle(sign_up_ids[:half]), _settle(sign_up_ids[half:])] if half else []
        return settle.Outcome(sum(part.settled for part in parts), sum(part.mails for part in parts))
    _refuse_others(outcome)
    return outcome


def _settle_together(sign_up_ids: Sequence[int]) -> settle.Outcome | None:
    try:
        with _SETTLING, Session.begin() as session:
            return settle.settle_all(session, sign_up_ids, utc_now())
    except Exception as error:
        if is_away(error):
            raise
        if len(sign_up_ids) == 1:
            log.exception("sign-up %s could not be settled", *sign_up_ids)
            setbacks.note(*sign_up_ids)
        else:
            log.warning("%d sign-ups were not settled together: %s", len(sign_up_ids), type(error).__name__)
        return None


def _refuse_others(outcome: settle.Outcome) -> None:
    """As many as may be at once; what is left over is found by its own word, or by the clock."""
    if not outcome.full:
        return
    try:
        with Session.begin() as session:
            settle.refuse_others(session, outcome.full, utc_now())
    except Exception:
        log.exception("what shares a limit that is reached could not be refused together")


@functools.cache
def _lookers() -> ThreadPoolExecutor:
    """Of this process: threads do not outlive a fork."""
    return ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")


@app.task(name="tasks.audience.settle_addresses")
def settle_addresses() -> None:
    """Decides which of the new addresses that were typed are asked."""
    with Session.begin() as session:
        planned = moving.settle(session, utc_now())
    if planned:
        send_urgent.delay()


@app.task(name="tasks.audience.remind")
def remind() -> None:
    with Session.begin() as session:
        planned = reminding.remind(session, utc_now())
    if planned:
        send_urgent.delay()


@app.task(name="tasks.audience.retain")
def retain() -> None:
    """Batch after batch, each in a transaction of its own."""
    removed = {"": 1}
    while any(removed.values()):
        with Session.begin() as session:
            removed = retention.retain(session, utc_now())
        log.info("retention: %s", removed)


@app.task(name="tasks.audience.work")
def work() -> None:
    """Goes on with what is done to many people at once, for a slice of time; then the next one, so that mail leaves."""
    end = time.monotonic() + SLICE_S
    with Session.begin() as session:
        jobs = bulk.waiting(session)
    more = False
    for job_id in jobs:
        more = True
        try:
            while more and time.monotonic() < end:
                more = work_once(job_id)
        except Exception:  # one that cannot go on holds up no other
            log.exception("bulk job %s could not go on", job_id)
            more = False
    if more:
        work.delay()


def work_once(job_id: int) -> bool:
    """One chunk of one job. False: it is at its end."""
    with Session.begin() as session:
        return bulk.work(session, job_id, utc_now())


@app.task(name="tasks.audience.recount")
def recount() -> None:
    """Counts large crowds anew that somebody looked at, for whoever looks next: one a transaction."""
    began = time.monotonic()
    while _recount_one():
        if time.monotonic() - began > SLICE_S:
            recount.delay()
            return


def _recount_one() -> bool:
    with Session.begin() as session:
        return counting.renew(session, utc_now())
