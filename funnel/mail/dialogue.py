"""The dialogue with a mail server over one connection, pipelined where the server allows it (RFC 5321, RFC 2920).

It always knows on which side of the final dot a failure fell. In step, it goes like this, and only ever one dot is
without an answer:

    we:  MAIL RCPT DATA (A)                  mail A and its dot, MAIL RCPT DATA (B)                        mail B …
    it:                      250 250 354                                            250 (A), 250 250 354
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

from funnel.mail.crew import Crew, Job
from funnel.mail.encoding import Unsendable, stuffed
from funnel.mail.envelope import Offer
from funnel.mail.replies import CLOSING, Reply, Stage
from funnel.mail.wire import IN_STEP, LONE_DOT, NOTHING, QUIT, RSET, Patience, Wire, plain

GO_AHEAD = 354
FINAL_DOT = b".\r\n"
MAIL, RCPT, DATA, DOT = Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT  # by the enum they cost a microsecond a mail


class Dialogue(Wire):
    """Hands a crew's mails over to a mail server. By the time `closed` is done, every job has ended."""

    def __init__(self, patience: Patience, crew: Crew, offer: Offer) -> None:
        super().__init__(patience)
        self.crew = crew
        self.offer = offer
        self.open = False  # takes further mails
        self.idle_since = 0.0  # by time.monotonic()
        self._dotted: Job | None = None  # its dot is written and not answered
        self._job: Job | None = None  # its envelope is written, or being written a command at a time
        self._rcpt_taken = False
        self._answered: tuple[Job, Reply] | None = None  # not yet noted
        self._used = False  # a mail ended on it: it may have been idle since, and closed by the server

    # What the engine calls

    @property
    def idle(self) -> bool:
        return self.open and self.awaits == NOTHING

    def wake(self) -> None:
        """Asks the crew for a mail, when nothing is under way."""
        if self.idle and not self._transport.is_closing():
            self._go_on()

    def finish(self) -> None:
        """Writes no new envelope, takes a dot's answer in, says goodbye and closes. May be called again."""
        self.open = False
        asyncio.get_running_loop().call_soon(self._finish)  # it may be the crew that calls, in the midst of an answer

    def abort(self) -> None:
        """Closes now: a mail whose dot has no answer is unknown, one without its dot is given back."""
        self._end("the connection was closed before an answer came")

    # What the wire calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.open = True
        self.idle_since = time.monotonic()

    def data_received(self, data: bytes) -> None:
        # Of a hundred pieces that come, all but one are these four answers: taken in at once, they cost a third.
        if self._job and self.awaits is DOT and self.whole and (found := IN_STEP(data)):
            self._read_dot(250, found[1])
            if self._job and not self.gone:
                self._rcpt_taken = True
                self._dot(self._job)
            self.all_read()
        else:
            super().data_received(data)

    def answered(self, code: int, said: bytes) -> None:
        READERS[self.awaits](self, code, said)

    def all_read(self) -> None:
        if self._answered:  # it did not go along with the dot of another mail
            self._noted(None)

    def broken(self, why: str) -> None:
        if self.awaits in {RCPT, DATA} or (self.awaits == MAIL and not self._used):
            self._end(why, Stage(self.awaits))  # it fell over this mail, for all we know
        else:
            self._end(why)

    # What an answer leads to

    def _read_mail(self, code: int, said: bytes) -> None:
        if code < 300:
            self.say_next(RCPT)
        else:
            self._refused(MAIL, code, said)

    def _read_rcpt(self, code: int, said: bytes) -> None:
        self._rcpt_taken = code < 300
        if self._job and not self._rcpt_taken:
            self._refused(RCPT, code, said)
        else:
            self.say_next(DATA)

    def _read_data(self, code: int, said: bytes) -> None:
        if self._job and code == GO_AHEAD:
            self._dot(self._job)
        elif self._job:
            self._refused(DATA, code, said)
        elif code != GO_AHEAD:
            self._reset(code)
        elif self._rcpt_taken:
            self.abort()  # a lone dot would deliver an empty mail, and RSET would become its text
        else:
            self._go_on(FINAL_DOT, LONE_DOT)

    def _dot(self, job: Job) -> None:
        """The server waits for the mail: writes it with its dot, and the next envelope behind it."""
        if not self.open or not self.crew.may_dot(job):
            self.abort()
            return
        following, envelope = self._next() if self.offer.pipelining else (None, b"")
        data = job.data if job.dotless else stuffed(job.data)[: -len(FINAL_DOT)]
        if self._noted(job):
            self._dotted, self._job = job, following
            self.say(b"".join((data, FINAL_DOT, envelope)), DOT)
        elif following:
            self.crew.given_back(following)

    def _read_dot(self, code: int, said: bytes) -> None:
        job, reply = cast(Job, self._dotted), Reply(DOT, code, plain(said))
        self._dotted, self._used = None, True
        self._answered = job, reply
        self.crew.ended(job, reply)
        self._ready(300 <= code < 400 or code == CLOSING)

    def _read_lone_dot(self, code: int, _said: bytes) -> None:
        self._ready(300 <= code < 400 or code == CLOSING)

    def _read_reset(self, code: int, _said: bytes) -> None:
        self._ready(code >= 300)

    def _read_goodbye(self, _code: int, _said: bytes) -> None:
        self.abort()

    def _read_unasked(self, _code: int, _said: bytes) -> None:
        self.broken("it spoke out of turn")

    def _refused(self, stage: Stage, code: int, said: bytes) -> None:
        """The mail has ended. Answers to what was already written of its envelope are still to come."""
        job = cast(Job, self._job)
        self._job, self._used = None, True
        self.unsaid.clear()
        self.crew.ended(job, Reply(stage, code, plain(said)))
        if stage == DATA or not self.offer.pipelining or code < 400 or code == CLOSING:
            self._reset(code)
        else:
            self.awaits = RCPT if stage == MAIL else DATA

    def _reset(self, code: int) -> None:
        """The last answer to an envelope was a refusal with `code`; what the server keeps of it must go."""
        if code < 400 or code == CLOSING:
            self.abort()
        else:
            self._go_on(b"RSET\r\n", RSET)

    def _ready(self, out_of_step: bool) -> None:
        """What was ahead of the next envelope is answered."""
        if out_of_step or (self._job and not self.open):
            self.abort()
        elif self._job:
            self.awaits = MAIL
        else:
            self._go_on()

    # What is written

    def _go_on(self, before: bytes = b"", awaits: str = MAIL) -> None:
        """Writes the envelope of the next mail, and `before` ahead of it, whose answer `awaits` names."""
        if self.gone:
            return
        if not before and not self.open:
            self.say(b"QUIT\r\n", QUIT)
            return
        envelope = b""
        if self.offer.pipelining or not before:
            self._job, envelope = self._next()
        if envelope and not self.offer.pipelining:
            self.unsaid.extend(envelope.splitlines(keepends=True))
            envelope = self.unsaid.popleft()
        if before or envelope:
            self.say(before + envelope, awaits)
        else:
            self.awaits, self.idle_since = NOTHING, time.monotonic()

    def _next(self) -> tuple[Job | None, bytes]:
        """A mail that this server can take, and its envelope."""
        while self.open and (job := self.crew.next(self)):
            try:
                return job, self.offer.envelope(job)
            except Unsendable as why:
                self.crew.refused(job, str(why))
        return None, b""

    def _noted(self, begins: Job | None) -> bool:
        """Has the crew keep what was answered and what begins. False, and all closed, when it could not."""
        answered, self._answered = self._answered, None
        try:
            self.crew.note(answered, begins)
        except OSError:
            self.abort()
        return not self.gone

    # How it ends

    def _finish(self) -> None:
        if self.awaits == NOTHING and not self._transport.is_closing():
            self._go_on()
        elif self._job and not self._dotted:
            self.abort()  # without a QUIT, which might be read as a line of the mail

    def _end(self, why: str, stage: Stage | None = None) -> None:
        """Cuts the wire and says what became of the mails; `stage`, if given, was where the one without a dot broke."""
        if self.gone:
            return
        self.open = False
        self.cut()
        dotted, job, self._dotted, self._job = self._dotted, self._job, None, None
        if dotted:
            self.crew.ended(dotted, Reply(DOT, 0, why))
        if job and stage:
            self.crew.ended(job, Reply(stage, 0, why))
        elif job:
            self.crew.given_back(job)


READERS: dict[str, Callable[[Dialogue, int, bytes], None]] = {
    NOTHING: Dialogue._read_unasked,
    MAIL: Dialogue._read_mail,
    RCPT: Dialogue._read_rcpt,
    DATA: Dialogue._read_data,
    DOT: Dialogue._read_dot,
    LONE_DOT: Dialogue._read_lone_dot,
    RSET: Dialogue._read_reset,
    QUIT: Dialogue._read_goodbye,
}
