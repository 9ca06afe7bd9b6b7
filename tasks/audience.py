"""New addresses, reminders, retention, and what is done to many people at once. Sign-ups have a file of their own."""

import logging
import time

from funnel.audience import bulk, counting, moving, reminding, retention
from funnel.db import Session, utc_now
from tasks.celery import app
from tasks.mail import SLICE_S, send_urgent

log = logging.getLogger(__name__)


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
