"""Sending: the database says what is due.

A task sends for a few seconds and asks for the next one, so that the clock and a confirmation get their turn.
"""

from typing import Any

from celery.signals import worker_process_shutdown

from funnel.db import Session, database_now
from funnel.mail import delivery
from funnel.mail import reap as leases
from funnel.models.mail import Queue
from tasks.celery import HINT_S, app

SLICE_S = 5.0


@app.task(name="tasks.mail.send_urgent", expires=HINT_S)
def send_urgent() -> None:
    if delivery.deliver(Queue.URGENT, SLICE_S):
        send_urgent.delay()


@app.task(name="tasks.mail.send_bulk", expires=HINT_S)
def send_bulk() -> None:
    if delivery.deliver(Queue.BULK, SLICE_S):
        send_bulk.delay()


@app.task(name="tasks.mail.reap")
def reap() -> None:
    with Session.begin() as session:
        leases.reap(session, database_now(session))


@worker_process_shutdown.connect
def _say_goodbye(**_: Any) -> None:
    delivery.close()
