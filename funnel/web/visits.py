"""Where a tracked link leads, and that somebody followed it: the answer waits for neither a look nor a disk.

What a link leads to never changes, so this process remembers it. A visit whose answer depends on the reader's own row
is noted before it; every other one together with those that come at the same moment.
"""

import logging
from datetime import datetime

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from funnel.db import Session, is_away
from funnel.response import clicks, crowded
from funnel.response.clicks import Lead
from funnel.response.crowded import Visit
from funnel.tokens import BadToken
from funnel.web.gathering import Gathering

REMEMBERED = 10_000  # links
LINGER_S = 0.02  # one noted alone costs seven times what one of twenty does

log = logging.getLogger(__name__)


def follow(token: str, *, head: bool, agent: str, now: datetime) -> str:
    """Notes the visit, and returns the absolute URL to send it to. Raises BadToken."""
    link_id, message_id = clicks.read(token)
    lead = _leads.get(link_id) or _learn(link_id)
    if lead.is_personal:
        with Session.begin() as session:
            return clicks.visit(session, token, head=head, agent=agent, now=now)
    return _follow(lead, Visit(token, link_id, message_id, head, agent, now))


def follow_known(token: str, *, head: bool, agent: str, now: datetime) -> str | None:
    """The same of a link that this process remembers. None, and nothing noted, of another or a personal one."""
    link_id, message_id = clicks.read(token)
    lead = _leads.get(link_id)
    if lead is None or lead.is_personal:
        return None
    return _follow(lead, Visit(token, link_id, message_id, head, agent, now))


def forget() -> None:
    """Forgets what links lead to."""
    _leads.clear()


def _follow(lead: Lead, visit: Visit) -> str:
    try:
        _gathered.add(visit)
    except OperationalError as error:
        log.error("a visit is not noted, the database is away: %s", type(error.orig).__name__)
    except SQLAlchemyError:
        log.exception("a visit is not noted")  # no fault of whoever follows a link
    return lead.target(visit.token)


def _learn(link_id: int) -> Lead:
    with Session.begin() as session:
        lead = clicks.lead(session, link_id)
    if len(_leads) >= REMEMBERED:
        _leads.clear()  # learnt again with their next visits
    _leads[link_id] = lead
    return lead


def _note(visits: list[Visit]) -> None:
    log.info("links followed: %d", len(visits))
    try:
        with Session.begin() as session:
            others = crowded.note(session, visits)
    except DBAPIError as error:
        if is_away(error):
            raise
        log.exception("%d visits are noted one by one", len(visits))  # as when a mail is deleted at this moment
        others = visits
    for visit in others:
        _note_alone(visit)


def _note_alone(visit: Visit) -> None:
    try:
        with Session.begin() as session:
            clicks.visit(session, visit.token, head=visit.head, agent=visit.agent, now=visit.at)
    except (BadToken, SQLAlchemyError) as error:  # the next one is no worse for it
        log.error("a visit is not noted: %s", type(error).__name__)


_leads: dict[int, Lead] = {}
_gathered = Gathering(_note, "visits", LINGER_S)
