"""The moments at which a send is struck, and who sends in an act."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.senders import Celery, Nest, Senders
from bench.stage import Stage

SETTLED_WITHIN_S = 240.0
DELAY_S = 0.01  # of each answer: a send of thousands then lasts long enough to be struck many times
HURRY_S = 0.5
LOOK_S = 0.02
LONGEST_CALM_S = 3.0  # on average; also a process that begins, or reads a dead one's journal, is struck


def until_settled(
    stage: Stage, senders: Senders, strike: Callable[[], object] = bool, people: int = 0, strikes: int = 0
) -> None:
    """Lets `strike` fall `strikes` times or so while `people` mails leave. Raises TimeoutError when they never end."""
    moments = Moments(stage, people, strikes) if strikes else None
    began = hurried = time.monotonic()
    while _waits(stage, senders):
        if time.monotonic() - began > SETTLED_WITHIN_S:
            raise TimeoutError(f"mails still wait after {SETTLED_WITHIN_S:g} s:\n{stage.why_waiting()}")
        if time.monotonic() - hurried > HURRY_S:
            hurried = time.monotonic()
            stage.hurry()
        if isinstance(senders, Nest):
            senders.fill()
        if moments and moments.has_come():
            strike()
        else:
            time.sleep(LOOK_S)


def _waits(stage: Stage, senders: Senders) -> bool:
    """Also what a process gives back as it ends, which held it though its claim had been taken from it."""
    if not stage.waits() and isinstance(senders, Nest):
        senders.end()
    return stage.waits()


class Moments:
    """When to strike: at random, `strikes` times or so in the send, and now and then though nothing moves."""

    def __init__(self, stage: Stage, people: int, strikes: int) -> None:
        self.stage, self.gap = stage, people / strikes
        self._next()

    def has_come(self) -> bool:
        come = self.stage.taken() >= self.mails or time.monotonic() > self.until
        if come:
            self._next()
        return come

    def _next(self) -> None:
        self.mails = self.stage.taken() + random.uniform(0, 2 * self.gap)
        self.until = time.monotonic() + random.expovariate(1 / LONGEST_CALM_S)


@contextmanager
def nest(stage: Stage, count: int, **how: float) -> Iterator[Nest]:
    senders = Nest(stage.nest, stage.port, count, **how)
    try:
        yield senders
    finally:
        senders.end()


@contextmanager
def celery(stage: Stage, workers: int, *others: str, **how: int) -> Iterator[Celery]:
    senders = Celery(stage.rig, stage.port, workers, *others, **how)
    try:
        yield senders
    finally:
        senders.end()
