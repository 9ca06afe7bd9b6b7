"""The course's clock."""

import time

from funnel.db import Session, utc_now
from funnel.programme import clock, transfers
from funnel.programme import tick as due
from tasks.celery import app
from tasks.mail import SLICE_S, send_bulk


@app.task(name="tasks.programme.strike")
def strike() -> None:
    with Session.begin() as session:
        clock.strike(session, utc_now())


@app.task(name="tasks.programme.tick")
def tick() -> None:
    looked_at = _tick_once()
    while looked_at == due.LIMIT:
        send_bulk.delay()
        looked_at = _tick_once()
    if looked_at:
        send_bulk.delay()


def _tick_once() -> int:
    with Session.begin() as session:
        return due.tick(session, utc_now())


@app.task(name="tasks.programme.transfer")
def transfer() -> None:
    """Sends on who is still to be reached by the edit of a course, for a slice of time; then asks for the next."""
    end = time.monotonic() + SLICE_S
    while (more := transfer_once()) and time.monotonic() < end:
        pass
    if more:
        transfer.delay()


def transfer_once() -> bool:
    """One chunk. False: nobody is left, or others hold who is."""
    with Session.begin() as session:
        return transfers.go_on(session, utc_now()) == transfers.CHUNK
