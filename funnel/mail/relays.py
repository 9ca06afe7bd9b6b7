"""The relays of SMTP_URL: which of them takes our mail now. One that refused rests, longer each time.

Kept by each process for itself: what one relay thinks of us, the next process finds out with its first try.
"""

import logging
import time
from dataclasses import dataclass

from funnel.config import settings
from funnel.relay import Relay

FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Rest:
    until: float
    seconds: float
    why: str


_resting: dict[str, _Rest] = {}


def ready() -> Relay | None:
    """The first relay that does not rest, in the order of SMTP_URL; None when all do."""
    now = time.monotonic()
    known = settings().relays
    return next((relay for relay in known if relay.name not in _resting or _resting[relay.name].until <= now), None)


def rest(relay: Relay, why: str, at_least: float = FIRST_REST_S) -> None:
    """Lets `relay` alone for a while: twice as long as the last time, until a mail was taken in between."""
    last = _resting.get(relay.name)
    seconds = min(LONGEST_REST_S, max(at_least, 2 * last.seconds if last else 0))
    _resting[relay.name] = _Rest(time.monotonic() + seconds, seconds, why)
    log.warning("the mail server %s rests for %.0f seconds: %s", relay.name, seconds, why)


def works(relay: Relay) -> None:
    """Notes that `relay` took a mail."""
    _resting.pop(relay.name, None)


def why_none() -> str:
    """Why no relay is ready, for the owner."""
    if not settings().relays:
        return "waits: there is no mail server to send with. Set SMTP_URL"
    return "; ".join(f"waits for the mail server {name}: {rest.why}" for name, rest in sorted(_resting.items()))


def forget() -> None:
    """Forgets every rest, as a new process would."""
    _resting.clear()
