"""What the owner's pages read, counted, and what the owner is told without asking."""

import time

from funnel.db import Session, utc_now
from funnel.insight import letters, reasons, tallies
from tasks.celery import app
from tasks.mail import send_urgent

SLICE_S = 5.0  # then the clock and the sending get their turn


@app.task(name="tasks.insight.tally")
def tally() -> None:
    began = time.monotonic()
    while _count_once():
        if time.monotonic() - began > SLICE_S:
            tally.delay()
            return


@app.task(name="tasks.insight.letter")
def letter() -> None:
    with Session.begin() as session:
        planned = letters.send(session, utc_now())
    if planned:
        send_urgent.delay()


@app.task(name="tasks.insight.drop")
def drop(before: int, step_id: int) -> None:
    """Counts why people who got one mail never get the next, for a page that was looked at."""
    with Session.begin() as session:
        reasons.keep(session, before, step_id, utc_now())


def _count_once() -> bool:
    """Whether there is more to count."""
    with Session.begin() as session:
        counted = tallies.refresh(session, utc_now())
    return counted is not None and counted.more
