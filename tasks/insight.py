"""What the owner's pages read, counted."""

import time

from funnel.db import Session, utc_now
from funnel.insight import tallies
from tasks.celery import app

SLICE_S = 5.0  # then the clock and the sending get their turn


@app.task(name="tasks.insight.tally")
def tally() -> None:
    began = time.monotonic()
    while _count_once():
        if time.monotonic() - began > SLICE_S:
            tally.delay()
            return


def _count_once() -> bool:
    """Whether there is more to count."""
    with Session.begin() as session:
        counted = tallies.refresh(session, utc_now())
    return counted is not None and counted.more
