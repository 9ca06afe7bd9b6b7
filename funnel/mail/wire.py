"""The wire to a mail server: commands out, whole answers in (RFC 5321 §4.2), and how long one has been waited for."""

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass
from typing import cast

from funnel.mail.replies import Stage

CODES = {b"%d " % code: code for code in range(200, 600)}
LONGEST_LINE = 8_192  # of an answer, in bytes; RFC 5321 §4.5.3.1.5 allows 512
MOST_LINES = 100  # of one answer
PIECE = re.compile(rb"(?P<code>[2-5]\d\d)(?P<mark>[- ]|\r?$)")
# A mail is taken and the next one is wanted: 250 to the dot, to MAIL and to RCPT, 354 to DATA.
IN_STEP = re.compile(rb"250 ([^\n]*)\n250 [^\n]*\n250 [^\n]*\n354 [^\n]*\n").fullmatch

# What is waited for, besides the stages of a mail
NOTHING = "nothing"
RSET = "RSET"
LONE_DOT = "the dot of no mail"
QUIT = "QUIT"


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds. Those of the transaction are RFC 5321 §4.5.3.2's."""

    connect: float = 60  # until we are signed in: a relay of our own that takes longer is away
    command: float = 300
    data: float = 120
    block: float = 180  # until the kernel has taken what was written
    dot: float = 600
    quit: float = 2


class Wire(asyncio.Protocol):
    """A connection that is open, greeted and signed in; what is said on it is its heirs' affair."""

    def __init__(self, patience: Patience) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = False
        self.awaits: str = NOTHING  # what the next answer is to
        self.unsaid: deque[bytes] = deque()  # commands to be written one at a time, each after the last one's answer
        self._patience = {
            Stage.MAIL: patience.command, Stage.RCPT: patience.command, Stage.DATA: patience.data,
            Stage.DOT: patience.dot, LONE_DOT: patience.dot, RSET: patience.command, QUIT: patience.quit,
        }  # fmt: skip
        self._block = patience.block
        self._since = 0.0  # the last word on either side, by time.monotonic()
        self._stuck = False  # some of what was written is not yet in the kernel
        self._rest = b""  # of a line that is not whole yet
        self._more: list[bytes] = []  # lines of an answer that goes on

    def answered(self, code: int, said: bytes) -> None:
        """A whole answer came; `said` is all that followed the code, the lines of several joined."""
        raise NotImplementedError

    def all_read(self) -> None:
        """All that had come was passed on."""

    def broken(self, why: str) -> None:
        """The server is gone, out of step or too slow: cuts the wire."""
        raise NotImplementedError

    def overdue(self, now: float) -> None:
        """Cuts the wire if the server has kept us waiting for too long. `now`: of time.monotonic()."""
        if self.awaits != NOTHING:
            wait = self._block if self._stuck else self._patience[self.awaits]
            if now - self._since > wait:
                self.broken("no answer in time")

    @property
    def whole(self) -> bool:
        """Nothing of an answer came whose rest is still to come."""
        return not (self._rest or self._more)

    def say(self, text: bytes, awaits: str) -> None:
        self.awaits = awaits
        self._since = time.monotonic()
        self._transport.write(text)

    def say_next(self, awaits: str) -> None:
        """Writes the next command that is to be, if any. `awaits`: what the next answer is to."""
        self.awaits = awaits
        if self.unsaid:
            self.say(self.unsaid.popleft(), awaits)

    def cut(self) -> None:
        """Closes at once; nothing more is read, and what the kernel has not taken is not sent."""
        self.gone, self.awaits = True, NOTHING
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(1, 0)  # so that pause_writing tells that the kernel has not taken all
        self._since = time.monotonic()

    def pause_writing(self) -> None:
        self._stuck = True

    def resume_writing(self) -> None:
        self._stuck = False
        self._since = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        try:
            if not self.gone:
                self.broken((isinstance(exc, OSError) and exc.strerror) or "the server closed the connection")
        finally:
            if not self.closed.done():
                self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            code = CODES.get(line[:4])
            if code and not self._more:
                self.answered(code, line[4:])
            else:
                self._piece(line)
            if self.gone:
                break
        if lines:
            self._since = time.monotonic()
        self.all_read()
        if len(self._rest) > LONGEST_LINE and not self.gone:
            self.broken("an answer without end")

    def _piece(self, line: bytes) -> None:
        """A line of an answer that goes on, its last one, a code without text, or nonsense."""
        more = self._more
        found = PIECE.match(line)
        if not found or len(more) > MOST_LINES:
            self.broken(f"an answer that is none: {plain(line[:80])}")
        elif more and not more[0].startswith(found["code"]):
            self.broken("two answers in one")
        else:
            more.append(line)
            if found["mark"] != b"-":
                self._more = []
                self.answered(int(found["code"]), b"\n".join(part[4:].strip() for part in more))


def plain(raw: bytes) -> str:
    """What a server said as text that can be kept: without control characters."""
    text = raw.decode("utf-8", "replace").strip()
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
