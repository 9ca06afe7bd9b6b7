"""What `make run` says: one line at a time, each under the name of who said it."""

import contextlib
import select
import sys
import threading
from typing import IO, TextIO

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)
NAME_WIDTH = 8


class Terminal:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.coloured = out.isatty()
        self.lock = threading.Lock()
        self.names: list[str] = []

    def say(self, text: str, name: str = "funnel") -> None:
        """Prints each line of `text` after `name`."""
        with self.lock:
            self._print("\n".join(f"{self._label(name)} {line}" for line in text.splitlines() or [""]))

    def plain(self, text: str) -> None:
        """Prints `text` as it is: what a person is meant to read and copy."""
        with self.lock:
            self._print(text)

    def gone(self) -> bool:
        """Whether this was a terminal that has been closed. make keeps the signal of that to itself."""
        if not self.coloured:
            return False
        waiting = select.poll()
        waiting.register(self.out.fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLNVAL) for _, event in waiting.poll(0))

    def follow(self, name: str, stream: IO[bytes]) -> threading.Thread:
        """Prints what comes out of `stream` until it ends."""
        thread = threading.Thread(target=self._follow, args=(name, stream), daemon=True, name=f"output of {name}")
        thread.start()
        return thread

    def _follow(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.say(line.decode(errors="replace").rstrip(), name)

    def _print(self, text: str) -> None:
        # A terminal that is gone, or a closed pipe, is no reason to end.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.out, flush=True)

    def _label(self, name: str) -> str:
        if name not in self.names:
            self.names.append(name)
        label = f"{name:{NAME_WIDTH}} |"
        if not self.coloured:
            return label
        return f"\x1b[{COLOURS[self.names.index(name) % len(COLOURS)]}m{label}\x1b[0m"
