"""Where a tracked link leads, and that somebody followed it: the answer waits for neither a look nor a disk.

What a link leads to never changes, so this process remembers it. A visit whose answer depends on the reader's own row
is noted before it; every other one together with those that come at the same moment.
"""

import functools
import logging
from datetime import datetime

from sqlalchemy.exc import OperationalError

from funnel.db import Session
from funnel.response import clicks, crowded
from funnel.response.clicks import Lead
from funnel.response.crowded import Visit
from funnel.web.gathering import Gathering

REMEMBERED = 10_000  # links

log = logging.getLogger(__name__)


def follow(token: str, *, head: bool, agent: str, now: datetime) -> str:
    """Notes the visit, and returns the absolute URL to send it to. Raises BadToken."""
    link_id, message_id = clicks.read(token)
    lead = _lead(link_id)
    if lead.is_personal:
        with Session.begin() as session:
            return clicks.visit(session, token, head=head, agent=agent, now=now)
    try:
        _gathered.add(Visit(token, link_id, message_id, head, agent, now))
    except OperationalError as error:
        log.error("a visit is not noted, the database is away: %s", type(error.orig).__name__)
    return lead.target(token)


def forget() -> None:
    """Forgets what links lead to."""
    _lead.cache_clear()


@functools.lru_cache(maxsize=REMEMBERED)
def _lead(link_id: int) -> Lead:
    with Session.begin() as session:
        return clicks.lead(session, link_id)


def _note(visits: list[Visit]) -> None:
    with Session.begin() as session:
        others = crowded.note(session, visits)
    for visit in others:
        with Session.begin() as session:
            clicks.visit(session, visit.token, head=visit.head, agent=visit.agent, now=visit.at)


_gathered = Gathering(_note, "visits")
