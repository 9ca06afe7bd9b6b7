"""A raw, pipelining mail server that says what a script tells it to, whole or a byte at a time; and a crew for it."""

import asyncio
import contextlib
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from funnel.mail import smtp
from funnel.mail.crew import Job
from funnel.mail.dialogue import Dialogue
from funnel.mail.replies import Reply
from funnel.mail.wire import Patience
from funnel.relay import Relay

OFFERS = ("PIPELINING", "SIZE 100000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
QUICK = Patience(2, 2, 2, 2, 2, 1)
USUAL = {"RSET": "250 2.0.0 Ok", "QUIT": "221 2.0.0 Bye", "lone dot": "554 5.5.1 No valid recipients"}


@dataclass
class Line:
    """At `stage`, where `about` is found in the addresses: stalls, says `reply` (none if ""), then drops the line."""

    stage: str
    reply: str | None = None
    about: str = ""
    stall: float = 0
    drop: bool = False
    until: bytes = b""  # is silent until this has come in behind
    times: int = 10**9


@dataclass
class Server:
    offers: tuple[str, ...] = OFFERS
    bytewise: bool = False
    context: ssl.SSLContext | None = None
    script: list[Line] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # every command that came
    taken: dict[str, bytes] = field(default_factory=dict)  # recipient: data
    early: int = 0  # commands that came before the answer to the one ahead of them
    connections: int = 0
    port: int = 0

    def at(self, stage: str, reply: str | None = None, **more: object) -> None:
        self.script.append(Line(stage, reply, **more))  # type: ignore[arg-type]

    def line(self, stage: str, addresses: str) -> Line:
        for line in self.script:
            if line.stage == stage and line.times > 0 and re.search(line.about, addresses):
                line.times -= 1
                return line
        return Line(stage)

    def listen(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=self.context)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            [task.cancel() for task in others]
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0.01)  # its connections close

        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            await _Meeting(self, reader, writer).run()
        writer.close()


class _Meeting:
    """One connection. Answers go out when all that came in is answered, as Postfix does it."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.come = bytearray()
        self.answers = b""
        self.sender = self.recipient = ""

    async def run(self) -> None:
        await self.answer("greeting", "220 script.example ESMTP")
        while True:
            command = (await self.until(b"\r\n")).decode()
            self.server.said.append(command)
            self.server.early += bool(self.come)
            verb, _, address = command.partition(":")
            if verb.startswith("EHLO"):
                await self.answer(
                    "EHLO", "\r\n".join(f"250-{line}" for line in ("Hello", *self.server.offers)) + "\r\n250 HELP"
                )
            elif verb == "MAIL FROM":
                nested = await self.answer("MAIL", "503 5.5.1 Nested MAIL" if self.sender else "250 2.1.0 Ok", address)
                self.sender = address if nested.startswith("2") else self.sender
            elif verb == "RCPT TO":
                usual = "250 2.1.5 Ok" if self.sender else "503 5.5.1 MAIL first"
                self.recipient = address[1:-1] if (await self.answer("RCPT", usual, address)).startswith("2") else ""
            elif verb == "DATA":
                if (await self.answer("DATA", "354 go" if self.recipient else "554 5.5.1 RCPT first")).startswith("3"):
                    await self.data()
            else:
                await self.answer(verb, USUAL.get(verb, "500 5.5.2 What?"))
                self.sender = self.recipient = ""

    async def data(self) -> None:
        end = b"\r\n.\r\n"
        await self.answer("text", "")
        data = await self.until(end, b".\r\n")
        stage = "dot" if self.recipient else "lone dot"
        self.server.said.append(f"({stage})")
        taken = f"250 2.0.0 Ok: queued as {len(self.server.taken):X}"
        if (await self.answer(stage, USUAL.get(stage, taken))).startswith("2") and self.recipient:
            self.server.taken[self.recipient] = data
        self.sender = self.recipient = ""

    async def until(self, end: bytes, at_once: bytes = b"\0") -> bytes:
        """What comes up to `end`; nothing when `at_once` is the first to come."""
        while end not in self.come and not self.come.startswith(at_once):
            await self.flush()
            await self.more()
        end = at_once if self.come.startswith(at_once) else end
        found, _, self.come = self.come.partition(end)
        return bytes(found)

    async def more(self) -> None:
        if not (more := await self.reader.read(65536)):
            raise EOFError
        self.come += more

    async def answer(self, stage: str, usual: str, address: str = "") -> str:
        line = self.server.line(stage, f"{self.sender} {self.recipient} {address}")
        while line.until not in self.come:
            await self.more()
        if line.stall:
            await self.flush()
            await asyncio.sleep(line.stall)
        reply = usual if line.reply is None else line.reply
        self.answers += f"{reply}\r\n".encode("latin-1") if reply else b""
        if line.drop:
            await self.flush()
            raise EOFError
        return reply

    async def flush(self) -> None:
        text, self.answers = self.answers, b""
        for piece in [text[at : at + 1] for at in range(len(text))] if self.server.bytewise else [text]:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.0002 if self.server.bytewise else 0)


class Cast:
    """A crew that writes everything down: ("dot", 1), ("said", 1, 250), ("ended", 1, "MAIL", 421), ("back", 1), …"""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = deque(jobs)
        self.left = len(jobs)
        self.story: list[tuple[object, ...]] = []
        self.replies: dict[int, Reply] = {}
        self.unwanted: set[int] = set()
        self.unwritable: set[int] = set()
        self.on_end: Callable[[Job], None] = lambda job: None

    def next(self, dialogue: Dialogue) -> Job | None:
        return self.jobs.popleft() if self.jobs else None

    def may_dot(self, job: Job) -> bool:
        return job.message_id not in self.unwanted

    def note(self, answered: tuple[Job, Reply] | None, begins: Job | None) -> None:
        if answered:
            self.story.append(("said", answered[0].message_id, answered[1].code))
        if begins and begins.message_id in self.unwritable:
            raise OSError("no space left")
        if begins:
            self.story.append(("dot", begins.message_id))

    def ended(self, job: Job, reply: Reply) -> None:
        self.replies[job.message_id] = reply
        self._end(job, "ended", reply.stage.value, reply.code)

    def refused(self, job: Job, reason: str) -> None:
        self._end(job, "refused", reason)

    def given_back(self, job: Job) -> None:
        self._end(job, "back")

    def _end(self, job: Job, what: str, *more: object) -> None:
        self.story.append((what, job.message_id, *more))
        self.left -= 1
        self.on_end(job)

    def fates(self) -> list[tuple[object, ...]]:
        """What became of each, by number."""
        ends = [entry for entry in self.story if entry[0] in {"ended", "refused", "back"}]
        assert len({entry[1] for entry in ends}) == len(ends), "a job ended twice"
        return sorted(((entry[1], entry[0], *entry[2:]) for entry in ends), key=lambda fate: int(str(fate[0])))


def a_job(number: int, recipient: str = "", sender: str = "", data: bytes = b"Subject: Hi\r\n\r\nHello\r\n") -> Job:
    return Job(number, 7, sender or f"bounces+{number}@example.org", recipient or f"reader{number}@example.org", data)


async def talk(relay: Relay, crew: Cast, patience: Patience = QUICK, seconds: float = 8) -> Dialogue:
    """Has the crew's mails handed over; ends when all have ended or the connection is gone."""
    dialogue = await smtp.opened(relay, patience, crew)
    dialogue.wake()
    ends = time.monotonic() + seconds
    while crew.left and not dialogue.closed.done():
        assert time.monotonic() < ends, crew.story
        await asyncio.sleep(0.005)
        dialogue.overdue(time.monotonic())
    dialogue.finish()
    await asyncio.wait_for(asyncio.shield(dialogue.closed), 5)
    return dialogue


@pytest.fixture
def script():  # type: ignore[no-untyped-def]
    """script(**options) starts a server."""
    opened: list[Server] = []

    def start(**options: object) -> Server:
        opened.append(Server(**options))  # type: ignore[arg-type]
        opened[-1].listen()
        return opened[-1]

    yield start
    [server.stop() for server in opened]
