"""Being told to stop: the mail that is on its way arrives, and no other is begun."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

told = threading.Event()
again = threading.Event()  # told a second time: nothing is waited for any more


@contextmanager
def by_sigterm() -> Iterator[None]:
    """Within it, SIGTERM sets `told`, a second one `again`; after it, it ends the process.

    Does nothing in a thread that hears no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    numbers: list[int] = []

    def heard(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        (again if told.is_set() else told).set()

    before = signal.signal(signal.SIGTERM, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        for number in numbers[:1]:
            signal.raise_signal(number)  # now it may do what it does everywhere else
