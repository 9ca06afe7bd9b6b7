"""Who sends during a run: sending processes of the bench's own, or Celery's workers as the Procfile starts them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import watch
from bench.program import Program
from bench.rig import Rig

READY_TIMEOUT_S = 60.0


@dataclass
class Crew:
    """The processes that send. `says` names the log they write."""

    pids: list[int]
    says: str
    programs: list[Program] = field(default_factory=list)

    def report(self) -> list[dict[str, Any]]:
        return [program.ask("report") for program in self.programs]

    def go(self) -> None:
        """Lets them look for work."""
        for program in self.programs:
            program.ask("go")

    def nudge(self) -> None:
        """Says that there is work. Processes of the bench's own look for themselves."""


class CeleryCrew(Crew):
    def nudge(self) -> None:
        from tasks.mail import send_bulk

        send_bulk.delay()


@contextmanager
def processes(rig: Rig, count: int, pool: int, *words: str) -> Iterator[Crew]:
    """`count` processes that only deliver bulk mail, each over `pool` connections, once told to go."""
    module = "bench.worker"
    with ExitStack() as stack:
        started = [Program(module, *words, environ=rig.environ | {"SMTP_URL": rig.smtp_url(pool)}, log=rig.log(module))
                   for _ in range(count)]  # fmt: skip
        for program in started:
            stack.callback(program.stop)
        for program in started:
            program.wait_until_ready()
        yield Crew([program.process.pid for program in started], module, started)


@contextmanager
def celery(rig: Rig, concurrency: int, pool: int, *others: str) -> Iterator[Crew]:
    """The Procfile's bulk worker with so many processes, beat, and the `others` by their names."""
    with ExitStack() as stack:
        told = {"SMTP_URL": rig.smtp_url(pool), "WORKER_CONCURRENCY": str(concurrency), "WEB_CONCURRENCY": "1"}
        for name in ("beat", *others):
            stack.enter_context(rig.procfile(name, **told))
        worker = stack.enter_context(rig.procfile("worker", **told))
        _wait_until_ready(1 + ("urgent" in others))
        yield CeleryCrew(watch.family(worker.pid), "worker")


def _wait_until_ready(workers: int) -> None:
    from tasks.celery import app

    deadline = time.monotonic() + READY_TIMEOUT_S
    while len(app.control.ping(timeout=0.5) or []) < workers:
        if time.monotonic() > deadline:
            raise TimeoutError("Celery's workers did not answer for a minute")
