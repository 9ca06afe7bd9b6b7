"""A real SMTP server that keeps what it takes, and can be told to refuse, stall or drop at any stage."""

import asyncio
import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot")


@dataclass
class Caught:
    """One mail that was taken."""

    sender: str
    recipient: str
    data: bytes

    @property
    def mail(self) -> EmailMessage:
        return BytesParser(policy=policy.default).parsebytes(self.data)  # type: ignore[return-value]


@dataclass
class Rule:
    """What happens at a stage: wait `stall` seconds, then answer `reply`, then drop the connection if `drop`.

    Without `reply` and `drop` all goes on after the stall. `taken`: the mail is kept all the same.
    """

    stage: str
    reply: str = ""
    recipient: str = ""
    stall: float = 0
    drop: bool = False
    taken: bool = False
    times: int = 10**9


@dataclass
class Sink:
    """The server; `port` once it listens."""

    rules: list[Rule] = field(default_factory=list)
    caught: list[Caught] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    port: int = 0
    options: dict[str, Any] = field(default_factory=dict)  # of aiosmtpd's SMTP
    context: ssl.SSLContext | None = None  # for TLS from the first byte
    logins: list[bytes] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(str(caught.mail["Message-ID"]) for caught in self.caught)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def at(self, stage: str, reply: str = "", **more: Any) -> None:
        """Adds a rule."""
        assert stage in STAGES
        self.rules.append(Rule(stage, reply, **more))

    def rule(self, stage: str, recipient: str = "") -> Rule | None:
        for rule in self.rules:
            if rule.stage == stage and rule.times > 0 and re.search(rule.recipient, recipient):
                rule.times -= 1
                return rule
        return None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        caught = Caught(envelope.mail_from or "", envelope.rcpt_tos[0], envelope.original_content or b"")
        rule = self.rule("dot", caught.recipient)
        if rule is None or rule.taken:
            self.caught.append(caught)
        if rule is None:
            return f"250 2.0.0 Ok: queued as {len(self.caught):06X}"
        return await server.obey(rule) or "250 2.0.0 Ok"  # type: ignore[attr-defined, no-any-return]

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, method: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append(given.password)
        return AuthResult(success=given.password == b"right", handled=False)

    def listen(self) -> None:
        # The loop runs in a thread of its own: a browser's loop may be running in this one.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._opened(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _opened(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: _Server(self), "127.0.0.1", self.port, ssl=self.context)

    def stop(self) -> None:
        async def close() -> None:
            self._server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Server(SMTP):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.stage = "greeting"
        options = {"hostname": "sink.example", "enable_SMTPUTF8": True, "loop": sink._loop} | sink.options
        if options.pop("sign_in", False):
            options |= {"authenticator": sink.authenticate, "auth_require_tls": False}
        super().__init__(sink, **options)
        sink.connections += 1

    async def obey(self, rule: Rule | None) -> str:
        """The answer to give instead of the usual one; empty: the usual one, or none at all after a drop."""
        if rule is None:
            return ""
        await asyncio.sleep(rule.stall)
        if rule.drop:
            if rule.reply:
                await super().push(rule.reply)
            assert self.transport
            self.transport.close() if rule.reply else self.transport.abort()  # type: ignore[attr-defined]
            raise asyncio.CancelledError
        return rule.reply

    async def push(self, status: Any) -> None:
        if self.stage == "greeting":
            self.stage = ""
            status = await self.obey(self.sink.rule("greeting")) or status
        if self.stage == "body" and str(status).startswith("354"):
            self.stage = ""
            await super().push(status)
            await self.obey(self.sink.rule("body"))
            return
        await super().push(status)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        await self._instead("EHLO", arg, super().smtp_EHLO)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await self._instead("MAIL", arg or "", super().smtp_MAIL)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await self._instead("RCPT", arg or "", super().smtp_RCPT)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self.stage = "body"
        await self._instead("DATA", arg, super().smtp_DATA)
        self.stage = ""

    async def _instead(self, stage: str, arg: str, usual: Any) -> None:
        self.sink.commands.append(f"{stage} {arg or ''}".strip())
        recipient = arg if stage == "RCPT" else next(iter(self.envelope.rcpt_tos), "")  # type: ignore[union-attr]
        if answer := await self.obey(self.sink.rule(stage, recipient)):
            await super().push(answer)
        else:
            await usual(arg)


@pytest.fixture
def sink(clean, setting) -> Iterator[Sink]:  # type: ignore[no-untyped-def]
    """A sink that is the one relay, with patience short enough for a test."""
    from funnel.mail import delivery, halt, smtp

    opened = Sink()
    opened.listen()
    setting(SMTP_URL=opened.url)
    halt.told.clear()
    usual, delivery.patience = delivery.patience, smtp.Patience(4, 1, 1, 1, 1, 1)
    yield opened
    delivery.close()  # what a turn kept for the next one
    delivery.patience = usual
    halt.told.clear()
    opened.stop()


@pytest.fixture
def single(sink, setting) -> Iterator[Sink]:  # type: ignore[no-untyped-def]
    """The sink over one connection a process, so that mails go one after the other; and patience as in real life."""
    from funnel.mail import delivery, smtp

    setting(SMTP_URL=f"{sink.url}?pool=1")
    short, delivery.patience = delivery.patience, smtp.Patience()
    yield sink
    delivery.patience = short
