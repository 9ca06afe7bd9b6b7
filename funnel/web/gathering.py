"""What many requests want done at the same moment, done together: a transaction or a word to the broker for all.

`Gathering`: whoever comes alone does it at once, and what they asked for is done when they are answered. What others
ask for meanwhile is gathered and done behind them, by a thread that ends with the last of it; a process that is told to
stop waits for that thread. Killed, it takes with it what was gathered: a fraction of a second's.

`Together`: everybody waits for what came of theirs; one of those who wait does it for all of them.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar, cast

MOST_AT_ONCE = 200
MOST_WAITING = 1_000  # then whoever asks for more waits, so that no flood fills the memory

Item = TypeVar("Item")
Found = TypeVar("Found")

log = logging.getLogger(__name__)


class Gathering(Generic[Item]):
    """Calls `work` with the items given to `add`, each once, never two calls at a time.

    What `work` raises reaches whoever did it at once; of what was gathered it is logged, with how many are lost. Those
    gathered wait `linger_s` seconds for others, unless they are many already.
    """

    def __init__(self, work: Callable[[list[Item]], None], what: str, linger_s: float = 0) -> None:
        self._work, self._what, self._linger_s = work, what, linger_s
        self._changed = threading.Condition()
        self._waiting: list[Item] = []
        self._busy = False

    def add(self, item: Item) -> None:
        with self._changed:
            if self._busy:
                self._changed.wait_for(lambda: len(self._waiting) < MOST_WAITING)
                if self._busy:
                    self._waiting.append(item)
                    if len(self._waiting) == MOST_AT_ONCE:
                        self._changed.notify_all()
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
            # A server's own threads are to Python such as nobody waits for, and a thread is as who starts it.
            threading.Thread(target=self._work_off, name=f"gathered {self._what}", daemon=False).start()
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
            if self._waiting:
                self._changed.wait_for(lambda: len(self._waiting) >= MOST_AT_ONCE, self._linger_s)
            items, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            self._busy = bool(items)
            self._changed.notify_all()
            return items


class _Turn(Generic[Item, Found]):
    """One who waits: until theirs is done, or until they are to do it for all who wait."""

    def __init__(self, item: Item) -> None:
        self.item, self.gate = item, threading.Lock()
        self.gate.acquire()
        self.found: Found | None = None
        self.error: BaseException | None = None
        self.is_done = False

    def result(self) -> Found:
        if self.error:
            raise self.error
        return cast(Found, self.found)


class Together(Generic[Item, Found]):
    """Calls `work` with the items of all who wait, never two calls at a time; it gives what came of each, in order.

    What `work` raises reaches everybody it was done for. Else `then` is called with what came of them, while the next
    are at it already: only whoever did the work waits for it.
    """

    def __init__(self, work: Callable[[list[Item]], list[Found]], then: Callable[[list[Found]], None]) -> None:
        self._work, self._then = work, then
        self._lock = threading.Lock()
        self._waiting: deque[_Turn[Item, Found]] = deque()
        self._busy = False

    def of(self, item: Item) -> Found:
        mine: _Turn[Item, Found] = _Turn(item)
        with self._lock:
            waits = self._busy
            if waits:
                self._waiting.append(mine)
            self._busy = True
        if waits:
            mine.gate.acquire()
        if not mine.is_done:
            self._then(self._do_for_all(mine))
        return mine.result()

    def _do_for_all(self, first: _Turn[Item, Found]) -> list[Found]:
        with self._lock:
            turns = [first, *(self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE - 1)))]
        try:
            all_found = self._work([turn.item for turn in turns])
            for turn, found in zip(turns, all_found, strict=True):
                turn.found, turn.is_done = found, True
            return all_found
        except BaseException as error:
            for turn in turns:
                turn.error, turn.is_done = error, True
            raise
        finally:
            self._hand_on(turns[1:])

    def _hand_on(self, done: list[_Turn[Item, Found]]) -> None:
        with self._lock:
            after = self._waiting.popleft() if self._waiting else None
            self._busy = after is not None
        for turn in (*done, *([after] if after else [])):
            turn.gate.release()
