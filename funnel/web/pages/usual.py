"""The usual sign-up, taken quickly: nothing is wrong in it, nothing to be asked about it, and it does not look risky.

Those that come at the same moment share their transaction. Whatever is not usual is left to the view, which asks again.
"""

import logging
from datetime import datetime

from flask import request
from sqlalchemy.exc import DBAPIError

from funnel import wire
from funnel.audience import arrivals, typo
from funnel.audience.arrivals import Arrival, Taken
from funnel.db import Session
from funnel.tokens import Purpose
from funnel.web import edge
from funnel.web.gathering import Together
from funnel.web.nudge import nudge
from funnel.web.pages import card, fields, step, trap
from funnel.web.pages.trap import Verdict
from tasks.audience import settle_these

log = logging.getLogger(__name__)


def taken(slug: str, now: datetime) -> Taken | None:
    """Signs up who sent this request, when theirs is a usual one; it is committed, and the workers know of it."""
    arrival = _arrival(slug, now)
    return _together.of(arrival) if arrival else None


def _arrival(slug: str, now: datetime) -> Arrival | None:
    about, seconds = trap.shown(Purpose.FORM, now=now)
    typed = fields.usual(request.form)
    if not about or not typed or trap.judged(seconds) is not Verdict.PERSON:
        return None
    if "answer" in request.form or typo.suggestion(typed.email):
        return None
    visit = edge.visit()
    facts = step.facts(typed, visit, seconds, now)
    return Arrival(slug, about[0], typed, card.source(), card.utm(), visit, facts, now)


def _take(asked: list[Arrival]) -> list[Taken | None]:
    try:
        with Session.begin() as session:
            return arrivals.take(session, asked)
    except Exception as error:
        if isinstance(error, DBAPIError) and wire.is_away(error):  # for each of them
            raise
        log.exception("%d sign-ups could not be taken together, and are taken one by one", len(asked))
    return [None] * len(asked)


def _tell(found: list[Taken | None]) -> None:
    if settled := [one.sign_up_id for one in found if one]:
        nudge(settle_these, *settled)


_together = Together(_take, _tell)
