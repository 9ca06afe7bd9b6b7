"""A mail server that is rough with its clients, and keeps an account of what it took that outlives it.

A process of its own: `python -m bench.rough <port> <file>`. Of each mail taken, one line is appended to the
file before the 250 is written: the number in its Message-ID, or 0 for a mail that has none or is not whole. Questions
come on standard input (bench.program): {"ask": "rough", "delay_s": …, "rules": […]} and {"ask": "glance"}.

A rule: `at` (greeting, EHLO, MAIL, RCPT, DATA or dot), `part` of the commands it befalls, `match`, a pattern that the
MAIL or RCPT holds, `once` a recipient; and what it does: a reply's text, or one of stall, drop, and at the dot
drop (not taken), taken (and no answer), answered (and closed after the 250).
"""

import asyncio
import json
import os
import random
import re
import sys
from collections import deque
from typing import Any, cast

import uvloop

from bench.program import Asked

HOST = "127.0.0.1"
EHLO = b"250-rough.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250 ENHANCEDSTATUSCODES\r\n"
OK, GO_ON, BYE = b"250 2.0.0 Ok\r\n", b"354 Go on\r\n", b"221 2.0.0 Bye\r\n"
NOBODY = b"554 5.5.1 No valid recipients\r\n"
END, EMPTY_END = b"\r\n.\r\n", b".\r\n"
WHOLE = b"--\r\n"  # the last boundary of a multipart mail (RFC 2046 §5.1.1)
NUMBER = re.compile(rb"^Message-ID:\s*<(\d+)\.", re.MULTILINE | re.IGNORECASE)
LINE = 20  # bytes, so that the file's size tells how many were taken
WORDS = {"stall", "drop", "taken", "answered"}


class Rule:
    def __init__(self, at: str, does: str, part: float = 1.0, match: str = "", once: bool = False) -> None:
        self.at, self.does, self.part, self.match, self.once = at, does, part, match.encode(), once
        self.seen: set[bytes] = set()

    def befalls(self, at: str, recipient: bytes) -> bool:
        if at != self.at or (self.match and not re.search(self.match, recipient)):
            return False
        if self.once and recipient in self.seen:
            return False
        if self.part < 1 and random.random() >= self.part:
            return False
        self.seen.add(recipient)
        return True


class Rough:
    file = -1
    delay_s = 0.0
    rules: list[Rule] = []
    open_now = taken = cuts = 0  # cuts: connections ended or held by us at a dot, each of which may leave one unknown


class Session(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.loop = asyncio.get_running_loop()
        self.left, self.recipient = b"", b""
        self.in_mail = self.addressed = self.deaf = False
        self.said: list[bytes] = []
        self.late: deque[bytes] = deque()
        Rough.open_now += 1
        self.answer("greeting", b"220 rough.example ESMTP\r\n")
        self.speak()

    def connection_lost(self, exc: Exception | None) -> None:
        Rough.open_now -= 1
        self.deaf = True

    def data_received(self, data: bytes) -> None:
        given, at = self.left + data, 0
        while not self.deaf:
            if self.in_mail:
                dot = at - 2 if given.startswith(EMPTY_END, at) else given.find(END, at)
                if dot == -1:
                    break
                self.in_mail = False
                self.dot(given[at : dot + 2])
                at = dot + 5
            else:
                end = given.find(b"\r\n", at)
                if end == -1:
                    break
                self.obey(given[at:end])
                at = end + 2
        self.left = given[at:]
        self.speak()

    def obey(self, line: bytes) -> None:
        verb = line[:4].upper().decode(errors="replace")
        if verb in {"MAIL", "RCPT"}:
            self.recipient = line
        if verb == "DATA" and not self.addressed and random.random() < 0.5:
            self.said.append(NOBODY)  # some servers say so here, others after the dot
            return
        answered = self.answer(verb, {"EHLO": EHLO, "DATA": GO_ON, "QUIT": BYE}.get(verb, OK))
        if verb in {"MAIL", "RCPT"}:
            self.addressed = verb == "RCPT" and answered
        self.in_mail = verb == "DATA" and answered

    def dot(self, mail: bytes) -> None:
        if not self.addressed:
            self.said.append(NOBODY)
            return
        self.addressed = False
        rule = self.rule("dot")
        if rule and rule.does not in {"taken", "answered"}:
            Rough.cuts += rule.does in WORDS
            self.suffer(rule)
            return
        found = NUMBER.search(mail, 0, mail.find(b"\r\n\r\n"))
        number = found[1] if found and mail.endswith(WHOLE) else b"0"
        os.write(Rough.file, number.rjust(LINE - 1) + b"\n")
        Rough.taken += 1
        if rule:
            Rough.cuts += 1
            if rule.does == "answered":
                self.said.append(OK)
                self.close()
            else:
                self.suffer(rule)
        else:
            self.said.append(b"250 2.0.0 Ok: queued as %X\r\n" % Rough.taken)

    def rule(self, at: str) -> Rule | None:
        return next((rule for rule in Rough.rules if rule.befalls(at, self.recipient)), None)

    def answer(self, at: str, usual: bytes) -> bool:
        """Whether it was the usual answer."""
        if rule := self.rule(at):
            self.suffer(rule)
        else:
            self.said.append(usual)
        return rule is None

    def suffer(self, rule: Rule) -> None:
        if rule.does not in WORDS:
            self.said.append(rule.does.encode() + b"\r\n")
            if rule.does.startswith("421"):
                self.close()
            return
        self.speak()
        self.deaf = True
        if rule.does != "stall":
            self.transport.abort()

    def close(self) -> None:
        """Says at once all that is to be said, and no more."""
        self.write(b"".join((*self.late, *self.said)))
        self.late.clear()
        self.said.clear()
        self.deaf = True
        self.transport.close()

    def speak(self) -> None:
        if not self.said:
            return
        words = b"".join(self.said)
        self.said.clear()
        if Rough.delay_s:
            self.late.append(words)
            self.loop.call_later(Rough.delay_s, self.write_late)
        else:
            self.write(words)

    def write_late(self) -> None:
        if self.late:
            self.write(self.late.popleft())

    def write(self, words: bytes) -> None:
        self.transport.write(words)
        if words.endswith(BYE):
            self.transport.close()


def asked(question: dict[str, Any]) -> dict[str, Any]:
    if question["ask"] == "rough":
        Rough.delay_s = question.get("delay_s", 0.0)
        Rough.rules = [Rule(**rule) for rule in question.get("rules", [])]
    return {"open": Rough.open_now, "taken": Rough.taken, "cuts": Rough.cuts}


async def main(port: int, path: str) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    Rough.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    server = await loop.create_server(Session, HOST, port, backlog=1024)
    await loop.connect_read_pipe(lambda: Asked(asked, ended), sys.stdin)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await ended


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
