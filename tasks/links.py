"""Looking at where links lead, when the owner asks."""

import logging

from funnel import shelf
from funnel.mail import targets
from tasks.celery import app

log = logging.getLogger(__name__)


@app.task(name="tasks.links.look")
def look() -> None:
    try:
        if targets.look_at_some():
            look.delay()
    except shelf.AwayError as error:
        log.warning("no link is looked at: Redis is away (%s)", error)
