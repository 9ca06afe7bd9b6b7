"""Newsletters: those whose time has come are planned, held, let go, swept and ended, in slices of some seconds.

Each chunk is a transaction of its own; whoever is killed is followed by the next tick, from what is committed.
"""

import logging
import time

from funnel.audience import dispatch
from funnel.db import Session, utc_now
from funnel.programme import outgoing, rhythms
from tasks.celery import app
from tasks.mail import send_bulk, send_urgent

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


@app.task(name="tasks.newsletters.draft")
def draft() -> None:
    """Makes the drafts of regular newsletters that are due, and reminds of those whose day it is."""
    with Session.begin() as session:
        ids = rhythms.due(session, utc_now())
    planned = sum(_drafted(rhythm_id) for rhythm_id in ids)
    with Session.begin() as session:
        planned += rhythms.remind(session, utc_now())
    if planned:
        send_urgent.delay()


def _drafted(rhythm_id: int) -> int:
    """How many mails tell of it. One that cannot be made holds up no other."""
    try:
        with Session.begin() as session:
            return rhythms.draft(session, rhythm_id, utc_now())
    except Exception:
        log.exception("no draft could be made for the regular newsletter %s", rhythm_id)
        return 0


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
