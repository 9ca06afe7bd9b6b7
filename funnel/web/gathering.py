"""What many requests want done at the same moment, done together: a transaction or a word to the broker for all.

Whoever comes alone does it at once, and what they asked for is done when they are answered. What others ask for
meanwhile is gathered and done behind them, by a thread that ends with the last of it; a process that is told to stop
waits for that thread. Killed, it takes with it what was gathered: a fraction of a second's.
"""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

MOST_AT_ONCE = 200
MOST_WAITING = 1_000  # then whoever asks for more waits, so that no flood fills the memory

Item = TypeVar("Item")

log = logging.getLogger(__name__)


class Gathering(Generic[Item]):
    """Calls `work` with the items given to `add`, each once, never two calls at a time.

    What `work` raises reaches whoever did it at once; of what was gathered it is logged, with how many are lost.
    """

    def __init__(self, work: Callable[[list[Item]], None], what: str) -> None:
        self._work, self._what = work, what
        self._changed = threading.Condition()
        self._waiting: list[Item] = []
        self._busy = False

    def add(self, item: Item) -> None:
        with self._changed:
            if self._busy:
                self._changed.wait_for(lambda: len(self._waiting) < MOST_WAITING)
                if self._busy:
                    self._waiting.append(item)
                    return
            self._busy = True
        try:
            self._work([item])
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._busy = bool(self._waiting)
            if not self._busy:
                return
        try:
            threading.Thread(target=self._work_off, name=f"gathered {self._what}").start()
        except RuntimeError:  # this machine has no more threads, or the process is at its end
            self._work_off()

    def _work_off(self) -> None:
        while items := self._taken():
            try:
                self._work(items)
            except Exception:
                log.exception("%d %s are lost", len(items), self._what)

    def _taken(self) -> list[Item]:
        with self._changed:
            items, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            self._busy = bool(items)
            self._changed.notify_all()
            return items
