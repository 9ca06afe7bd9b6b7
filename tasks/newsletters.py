"""Newsletters: those whose time has come are planned, held, let go, swept and ended, in slices of some seconds.

Each chunk is a transaction of its own; whoever is killed is followed by the next tick, from what is committed.
"""

import logging
import time

from funnel.audience import dispatch
from funnel.db import Session, utc_now
from funnel.programme import outgoing
from tasks.celery import app
from tasks.mail import send_bulk

SLICE_S = 5.0  # then the sending, and the clock, have their turn

log = logging.getLogger(__name__)


@app.task(name="tasks.newsletters.work")
def work() -> None:
    """Begins what is due, and does what each issue needs; asks for the next turn where more is left."""
    until = time.monotonic() + SLICE_S
    with Session.begin() as session:
        outgoing.start(session, utc_now())
    with Session.begin() as session:
        ids = outgoing.under_way(session)
    left = [_work_on(issue_id, until) for issue_id in ids]
    if any(left):
        work.delay()


def _work_on(issue_id: int, until: float) -> bool:
    """Whether more is left. One that cannot be worked on holds up no other."""
    try:
        while _step(issue_id):
            if time.monotonic() > until:
                return True
    except Exception:
        log.exception("newsletter %s cannot be worked on", issue_id)
    return False


def _step(issue_id: int) -> bool:
    with Session.begin() as session:
        done = dispatch.step(session, issue_id, utc_now())
    if done.due:
        send_bulk.delay()
    return done.more
