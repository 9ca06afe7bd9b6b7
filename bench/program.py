"""A program beside us that answers questions: a line of JSON in, a line of JSON out. It ends when its input does.

So none outlives the bench, however the bench ends: a pipe whose other end has died is closed.
"""

import asyncio
import contextlib
import json
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ANSWER_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
TAIL = 3000


class ProgramError(RuntimeError):
    """A program ended or did not answer. The text holds the end of what it said."""


class Program:
    """`python -m <module> <words>`, started, its first line read into `ready`."""

    def __init__(self, module: str, *words: str, environ: Mapping[str, str], log: Path) -> None:
        self.module, self.log = module, log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *words], env=dict(environ), cwd=ROOT,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
            )  # fmt: skip
        self.ready: dict[str, Any] = {}

    def wait_until_ready(self) -> "Program":
        self.ready = self.read()
        return self

    def ask(self, what: str, timeout: float = ANSWER_TIMEOUT_S, **more: Any) -> dict[str, Any]:
        """The answer to one question. Raises ProgramError."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps({"ask": what, **more}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ProgramError(f"{self.module} has ended:\n{self.tail()}") from None
        return self.read(timeout)

    def read(self, timeout: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        assert self.process.stdout
        # One line an answer, so that nothing is ever left in the buffer that select cannot see.
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            raise ProgramError(f"{self.module} did not answer for {timeout:g} s:\n{self.tail()}")
        line = self.process.stdout.readline()
        if not line:
            raise ProgramError(f"{self.module} has ended:\n{self.tail()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def stop(self) -> None:
        """Closes its input and waits for its end; kills it when that does not come."""
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-TAIL:] if self.log.exists() else ""


class Asked(asyncio.Protocol):
    """The other side, in a program with a loop: `answer` is called for each question; `ended` when the input does."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]], ended: "asyncio.Future[None]") -> None:
        self.answer, self.ended = answer, ended
        self.left = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.left = (self.left + data).split(b"\n")
        for line in lines:
            print(json.dumps(self.answer(json.loads(line))), flush=True)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
