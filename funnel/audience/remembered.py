"""Remembered crowds: the large ones, for all processes, on the shelf. Whatever lies there may be lost.

One that is older than a minute is still told, with its time, and asked for: a worker counts it anew for the next look.
Each is asked of one worker; when that one dies, whoever looks next asks again.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from funnel import shelf
from funnel.audience import lines
from funnel.audience.crowd import Crowd
from funnel.audience.line import Line

FRESH_FOR = timedelta(minutes=1)
KEPT_FOR = timedelta(minutes=10)
WORTH_KEEPING = 20_000  # people: a smaller crowd is read at once, and always anew
ASKED = "crowds"

Key = Line | str

log = logging.getLogger(__name__)


def found(keys: Collection[Key], now: datetime) -> dict[Key, tuple[datetime, Crowd]]:
    """Those of `keys` that are remembered, each with its time."""
    names = {_name(key): key for key in keys}
    try:
        kept = shelf.found_bytes(list(names))
    except shelf.AwayError as error:
        log.warning("every crowd is counted anew: the shelf is away (%s)", error)
        return {}
    crowds = {}
    for name, written in kept.items():
        at, _, packed = written.partition(b"\n")
        since = datetime.fromisoformat(at.decode())
        if now - since < KEPT_FOR:
            crowds[names[name]] = (since, Crowd.unpacked(packed))
    return crowds


def is_old(at: datetime, now: datetime) -> bool:
    """Whether what was counted then is to be counted anew."""
    return now - at >= FRESH_FOR


def keep(crowds: Mapping[Key, Crowd], now: datetime) -> None:
    """Remembers the large ones of them."""
    head = now.isoformat().encode() + b"\n"
    large = {_name(key): head + crowd.packed() for key, crowd in crowds.items() if len(crowd) >= WORTH_KEEPING}
    try:
        shelf.keep_bytes(large, int(KEPT_FOR.total_seconds()))
    except shelf.AwayError as error:
        log.warning("no crowd is remembered: the shelf is away (%s)", error)


def ask(keys: Collection[Key]) -> None:
    """Wants them counted anew."""
    if not keys:
        return
    try:
        shelf.add(ASKED, [_written(key) for key in keys], int(KEPT_FOR.total_seconds()))
    except shelf.AwayError as error:
        log.warning("no crowd is asked for: the shelf is away (%s)", error)


def asked() -> Key | None:
    """One that is wanted, for one taker only; None: no other is. Raises AwayError."""
    for word in shelf.take(ASKED, 1):
        found = json.loads(word)
        return found if isinstance(found, str) else lines.read(found)
    return None


def _name(key: Key) -> str:
    return "crowd:" + hashlib.sha256(_written(key).encode()).hexdigest()  # a line may hold somebody's name


def _written(key: Key) -> str:
    return json.dumps(key if isinstance(key, str) else lines.write(key), sort_keys=True)
