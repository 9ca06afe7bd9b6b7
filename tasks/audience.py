"""Sign-ups, reminders, retention, and what is done to many people at once."""

import functools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from funnel.audience import bulk, counting, domains, mail_server, moving, retention, settle
from funnel.db import Session, utc_now
from tasks.celery import app
from tasks.mail import SLICE_S, send_urgent

LOOKERS = 8  # domains looked up at once by one process

_LOOKING = BoundedSemaphore(LOOKERS)
log = logging.getLogger(__name__)


@app.task(name="tasks.audience.settle")
def settle_these(*sign_up_ids: int) -> None:
    """Settles each, or has its domain looked up first. One that cannot be settled stops no other."""
    settled = 0
    for sign_up_id in sign_up_ids:
        try:
            if _settle_or_look(sign_up_id):
                settled += 1
                if settled == 1:  # the first reader does not wait for the last
                    send_urgent.delay()
        except Exception:
            log.exception("sign-up %s could not be settled", sign_up_id)
    if settled > 1:
        send_urgent.delay()


def _settle_or_look(sign_up_id: int) -> bool:
    """Whether it is settled now. A domain is looked up beside all others: a slow resolver holds up nobody else's."""
    with Session.begin() as session:
        domain = domains.unlooked(session, sign_up_id, utc_now())
    if domain and _LOOKING.acquire(blocking=False):
        _lookers().submit(_look_and_settle, domain, sign_up_id)
        return False
    return _settle(sign_up_id)  # known, or all who look are busy: then it goes out


def _look_and_settle(domain: str, sign_up_id: int) -> None:
    # Cut short by the end of the process, it is found by the next tick.
    try:
        answer = mail_server.look(domain)
        with Session.begin() as session:
            domains.keep(session, domain, answer, utc_now())
        if _settle(sign_up_id):
            send_urgent.delay()
    except Exception:
        log.exception("sign-up %s could not be settled", sign_up_id)
    finally:
        _LOOKING.release()


def _settle(sign_up_id: int) -> bool:
    with Session.begin() as session:
        return settle.settle(session, sign_up_id, utc_now())


@functools.cache
def _lookers() -> ThreadPoolExecutor:
    """Of this process: threads do not outlive a fork."""
    return ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")


@app.task(name="tasks.audience.settle_new")
def settle_new() -> None:
    """Finds what a lost broker message left behind."""
    with Session.begin() as session:
        waiting = settle.waiting(session)
    settle_these(*waiting)


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
        planned = settle.remind(session, utc_now())
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
