"""The relays of SMTP_URL: which of them takes our mail now. One that refused rests, longer each time.

What one worker met, all know.
"""

import random
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.mail import pace, rests
from funnel.models.mail import Queue
from funnel.models.sending import Rest
from funnel.relay import Relay

FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0

NO_RELAY = "waits: there is no mail server to send with. Set SMTP_URL"


def usable(session: Session, resting: Iterable[Rest], queue: Queue, now: datetime) -> list[Relay]:
    """The relays that are not among `resting` and may take more mails today, in the order to prefer.

    The order is drawn anew each time, so that over many claims each relay gets its share, and the next in the list
    takes over where one fails.
    """
    names = {rest.name for rest in resting}
    awake = [relay for relay in settings().relays if rests.RELAY + relay.name not in names]
    spent = pace.spent(session, awake, queue, now)
    return sorted((relay for relay in awake if relay.name not in spent), key=_lot, reverse=True)


def rest(session: Session, relay: Relay, why: str, now: datetime, at_least: float = FIRST_REST_S) -> None:
    """Lets `relay` alone for a while: twice as long as the last time, until a mail was taken in between."""
    rests.begin(session, rests.RELAY + relay.name, why, now, at_least, LONGEST_REST_S)


def works(session: Session, relay_name: str, now: datetime) -> None:
    """Notes that a relay took a mail: its next rest is short again. One that began meanwhile goes on."""
    rests.forget(session, rests.RELAY + relay_name, now)


def why_none(session: Session, resting: Iterable[Rest], queue: Queue, now: datetime) -> str:
    """Why no relay is ready, for the owner."""
    known = settings().relays
    if not known:
        return NO_RELAY
    reasons = {rest.name.removeprefix(rests.RELAY): rest.why for rest in resting}
    reasons |= pace.spent(session, known, queue, now)
    waited_for = (f"{relay.name}: {reasons[relay.name]}" for relay in known if relay.name in reasons)
    return "waits for the mail server " + "; ".join(waited_for)


def _lot(relay: Relay) -> float:
    """The lots of weighted drawing (Efraimidis and Spirakis, 2006): the largest is first with odds of its share."""
    return float(random.random() ** (1 / relay.share))  # noqa: S311 (spread, not secrecy)
