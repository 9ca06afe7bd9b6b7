"""Setbacks: sign-ups that failed in this process even alone. They are passed by for a while, and hold up nobody.

It is kept in memory: another process, or this one started anew, tries each of them for itself. After a week they are
too old to be answered, and then there is little left that can fail.
"""

import time
from threading import Lock

FIRST_S, LONGEST_S = 60.0, 3600.0  # until it is tried again; twice as long each time

_LOCK = Lock()
_until: dict[int, tuple[float, float]] = {}  # when each is tried again, and how long it was passed by


def note(*sign_up_ids: int) -> None:
    """Each has failed alone, or before it could be tried: now, or once more."""
    with _LOCK:
        for number in sign_up_ids:
            _, before = _until.get(number, (0.0, 0.0))
            pause = min(before * 2 or FIRST_S, LONGEST_S)
            _until[number] = (time.monotonic() + pause, pause)


def current() -> list[int]:
    """Those that are passed by now."""
    now = time.monotonic()
    with _LOCK:
        for number in [number for number, (until, pause) in _until.items() if now > until + pause]:
            del _until[number]  # it was not tried again, or with success
        return [number for number, (until, _) in _until.items() if now < until]


def forget() -> None:
    """Passes by none."""
    with _LOCK:
        _until.clear()
