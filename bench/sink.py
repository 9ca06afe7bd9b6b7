"""A mail server that takes everything and counts it: fast enough not to be what is measured.

It runs as a process of its own. `python -m bench.sink` prints {"port": …}, then answers each line of standard input, a
JSON object, with a line of JSON: {"ask": "reset", …} starts counting anew, {"ask": "report"} tells what was counted and
{"ask": "glance"} only how many. It ends when standard input does.
"""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any, cast

import uvloop

from bench.program import Asked

HOST = "127.0.0.1"
GREETING = b"220 sink.example ESMTP\r\n"
EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
OK, GO_ON, BYE = b"250 2.0.0 Ok\r\n", b"354 End data with <CR><LF>.<CR><LF>\r\n", b"221 2.0.0 Bye\r\n"
END, EMPTY_END = b"\r\n.\r\n", b".\r\n"
NAMES = (b"Message-ID:", b"Message-Id:")  # ours, and smtp-source's
SAMPLE_S = 0.25
MOST_SHOWN = 10


class Count:
    """What was taken since the last reset. Times are of the monotonic clock, which all processes of a machine share."""

    def __init__(self, delay_s: float = 0.0, ids: bool = True, watch: str = "") -> None:
        self.delay_s = delay_s  # each answer leaves that much later, as from a relay far away
        self.counts_ids = ids
        self.watch = watch.encode()  # of recipients that hold this, the time of acceptance is kept
        self.mails = self.bytes = self.nameless = self.connections = self.most_open = 0
        self.first = self.last = self.cpu_first = self.cpu_last = 0.0
        self.ids: set[bytes] = set()
        self.twice: list[str] = []
        self.duplicates = 0
        self.watched: dict[str, float] = {}
        self.series: list[tuple[float, int, float]] = []

    def name(self, mail: bytes, begin: int, end: int) -> None:
        """Counts a mail's Message-ID. One that comes a second time is a duplicate."""
        at = mail.find(NAMES[0], begin, end)
        if at < 0 and (at := mail.find(NAMES[1], begin, end)) < 0:
            self.nameless += 1
            return
        found = mail[at + 11 : mail.find(b">", at, end)].strip()
        before = len(self.ids)
        self.ids.add(found)
        if len(self.ids) == before:
            self.duplicates += 1
            if len(self.twice) < MOST_SHOWN:
                self.twice.append(found.decode(errors="replace"))

    def sample(self) -> None:
        if self.mails and (not self.series or self.series[-1][1] != self.mails):
            self.series.append((time.monotonic(), self.mails, time.process_time()))

    def report(self, open_now: int) -> dict[str, Any]:
        seconds = self.last - self.first
        return {
            "mails": self.mails, "bytes": self.bytes, "first": self.first, "last": self.last, "seconds": seconds,
            "cpu": self.cpu_last - self.cpu_first, "ids": len(self.ids), "nameless": self.nameless,
            "duplicates": self.duplicates, "twice": self.twice, "connections": self.connections,
            "open": open_now, "most_open": self.most_open, "watched": self.watched, "series": self.series,
        }  # fmt: skip


class Sink:
    count = Count()
    open_now = 0


class Session(asyncio.Protocol):
    """One client. Mails are counted when their final dot is read, a delayed answer notwithstanding."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.loop = asyncio.get_running_loop()
        self.left = b""
        self.in_mail = False
        self.watched: list[str] = []
        self.late: deque[bytes] = deque()
        Sink.open_now += 1
        Sink.count.connections += 1
        Sink.count.most_open = max(Sink.count.most_open, Sink.open_now)
        self.answer(GREETING)

    def connection_lost(self, exc: Exception | None) -> None:
        Sink.open_now -= 1

    def data_received(self, data: bytes) -> None:
        given = self.left + data if self.left else data
        answers: list[bytes] = []
        at = 0
        while True:
            if self.in_mail:
                dot = at - 2 if given.startswith(EMPTY_END, at) else given.find(END, at)
                if dot == -1:
                    break
                self.take(given, at, dot + 2)
                answers.append(b"250 2.0.0 Ok: queued as %X\r\n" % Sink.count.mails)
                self.in_mail, at = False, dot + 5
            else:
                end = given.find(b"\r\n", at)
                if end == -1:
                    break
                answers.append(self.obey(given[at:end]))
                at = end + 2
        self.left = given[at:]
        if answers:
            self.answer(b"".join(answers))

    def take(self, mail: bytes, begin: int, end: int) -> None:
        count = Sink.count
        count.last = time.monotonic()
        if not count.mails:
            count.first, count.cpu_first = count.last, time.process_time()
        count.mails += 1
        count.bytes += end - begin
        if count.counts_ids:
            count.name(mail, begin, end)
        if self.watched:
            count.watched.update(dict.fromkeys(self.watched, count.last))
            self.watched.clear()

    def obey(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"DATA":
            self.in_mail = True
            return GO_ON
        if verb == b"EHLO":
            return EHLO
        if verb == b"QUIT":
            return BYE
        if verb == b"RCPT" and Sink.count.watch and Sink.count.watch in line:
            self.watched.append(line[line.find(b"<") + 1 : line.find(b">")].decode())
        return OK

    def answer(self, words: bytes) -> None:
        if Sink.count.delay_s:
            self.late.append(words)
            self.loop.call_later(Sink.count.delay_s, self.answer_late)
        else:
            self.write(words)

    def answer_late(self) -> None:
        self.write(self.late.popleft())

    def write(self, words: bytes) -> None:
        self.transport.write(words)
        if words.endswith(BYE):
            self.transport.close()


def asked(question: dict[str, Any]) -> dict[str, Any]:
    what = question.pop("ask")
    if what == "reset":
        Sink.count = Count(**question)
        return {}
    if what == "glance":
        return {"mails": Sink.count.mails}
    Sink.count.cpu_last = time.process_time()
    Sink.count.sample()
    return Sink.count.report(Sink.open_now)


async def main() -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    server = await loop.create_server(Session, HOST, 0, backlog=1024)
    await loop.connect_read_pipe(lambda: Asked(asked, ended), sys.stdin)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while not ended.done():
        await asyncio.wait([ended], timeout=SAMPLE_S)
        Sink.count.sample()


if __name__ == "__main__":
    uvloop.run(main())
