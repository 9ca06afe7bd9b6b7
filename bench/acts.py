"""What is done to a send while it runs. Each act ends when every mail has come to its end, and gives its account."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from bench.senders import Celery, Nest, Senders
from bench.stage import SETTLED_WITHIN_S, Account, Stage

DELAY_S = 0.01  # of each answer: a send of thousands then lasts long enough to be struck many times
HURRY_S = 0.5
LOOK_S = 0.02
LONGEST_CALM_S = 3.0  # on average; also a process that begins, or reads a dead one's journal, is struck
HALT_S = 22.0  # by then a process that was told to stop has ended (20 s, and its goodbye)

# Of a hundred mails: where the sink stalls, drops the connection or refuses.
ROUGH = [
    *({"at": at, "does": does, "part": 0.002} for at in ("MAIL", "RCPT", "DATA", "dot") for does in ("stall", "drop")),
    {"at": "dot", "does": "taken", "part": 0.002},
    {"at": "dot", "does": "answered", "part": 0.004},
    {"at": "greeting", "does": "drop", "part": 0.05},
    {"at": "greeting", "does": "421 4.3.2 not now", "part": 0.05},
    {"at": "EHLO", "does": "stall", "part": 0.05},
    {"at": "RCPT", "does": "550 5.1.1 no such user", "match": "reader-[0-9]*77@"},
    {"at": "RCPT", "does": "451 4.2.2 mailbox full", "match": "reader-[0-9]*5@", "once": True},
    {"at": "dot", "does": "452 4.2.0 not now", "match": "reader-[0-9]*3@", "once": True},
    {"at": "dot", "does": "554 5.6.0 not like this", "match": "reader-[0-9]*88@"},
    {"at": "DATA", "does": "421 4.3.2 closing", "part": 0.001},
    {"at": "dot", "does": "421 4.3.2 closing", "part": 0.001},
]  # fmt: skip


def until_settled(
    stage: Stage, senders: Senders, strike: Callable[[], None] = bool, people: int = 0, strikes: int = 0
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


def senders_killed(stage: Stage, people: int, strikes: int, count: int) -> Account:
    """Newsletter and tips mixed; a sending process is killed several times a second."""
    with stage.act(f"{count} senders on one queue, killed; tips and a newsletter", people) as account:
        stage.be_rough(DELAY_S)
        stage.tips(people // 2)
        stage.newsletter(people // 2)
        with nest(stage, count) as senders:

            def strike() -> None:
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def senders_undisturbed(stage: Stage, people: int, _strikes: int, count: int) -> Account:
    with stage.act(f"{count} senders on one queue, left alone", people) as account:
        stage.newsletter()
        with nest(stage, count) as senders:
            until_settled(stage, senders)
    return account


def rough_sink(stage: Stage, people: int, strikes: int) -> Account:
    """Connections stall and break at every phase, mails are refused in every way, and senders are killed as well."""
    with stage.act("sink stalls, drops and refuses; senders killed", people) as account:
        stage.be_rough(0.0, ROUGH)
        stage.newsletter()
        with nest(stage, 3, patience_s=1.0) as senders:

            def strike() -> None:
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def sink_killed(stage: Stage, people: int, strikes: int) -> Account:
    with stage.act("sink killed and started again", people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 3) as senders:

            def strike() -> None:
                account.allowed += senders.connections()
                stage.kill_sink()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def database_killed(stage: Stage, people: int, strikes: int, number: int) -> Account:
    how = "killed" if number == signal.SIGKILL else "restarted"
    with stage.act(f"PostgreSQL {how}; senders killed", people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 3) as senders:

            def strike() -> None:
                account.allowed += senders.connections()
                stage.kill_database(number)
                if number == signal.SIGKILL:
                    account.kills += 1
                else:
                    account.others += 1
                time.sleep(random.uniform(0.0, 1.0))
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def told_to_stop(stage: Stage, people: int, strikes: int, *, twice: bool) -> Account:
    """What is past its dot is finished, so nothing is unknown; told a second time, only what is with the relay."""
    with stage.act("senders told SIGTERM" + (" twice" if twice else ""), people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        slowest = [0.0]
        with nest(stage, 3) as senders:

            def strike() -> None:
                pid = random.choice(senders.pids())
                if twice:
                    account.allowed += senders.connections()
                senders.tell(pid)
                if twice:
                    time.sleep(random.uniform(0.0, 0.02))
                    senders.tell(pid)
                slowest[0] = max(slowest[0], senders.wait(pid, HALT_S))
                account.others += 1

            until_settled(stage, senders, strike, people, strikes)
        account.note = f"slowest end {slowest[0]:.1f} s"
    return account


def clocks_jump(stage: Stage, people: int, strikes: int) -> Account:
    """The database's clock, forth and back, with claims reaped after each jump; and each sender's own is hours off."""
    from bench import clocks

    with stage.act("clocks jump by up to 20 hours", people) as account, clocks.loose(stage.rig) as clock:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 2) as senders:
            senders.how = {"skew_s": -7200.0}
            senders.count = 3

            def strike() -> None:
                clock.jump(random.choice((0.0, 3600.0, -3600.0, 72_000.0, 300.0)))
                clock.reap()
                account.others += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def celery_killed(stage: Stage, people: int, strikes: int) -> Account:
    """Forked processes, parents, whole workers, beat, the sink, Redis and the database, in turns at random."""
    with stage.act("2 Celery workers; everything killed in turns", people) as account:
        stage.be_rough(DELAY_S)
        stage.tips(people // 2)
        stage.newsletter(people // 2)
        with celery(stage, 2, "beat", "urgent") as senders:

            def all_connections(kill: Callable[[], None]) -> int:
                found = senders.connections()
                kill()
                return found

            def free(kill: Callable[[], None]) -> int:
                kill()
                return 0

            kinds: list[Callable[[], int]] = [
                *[senders.kill_one] * 6,
                senders.kill_worker,
                senders.kill_parent,
                partial(free, partial(senders.kill_other, "beat")),
                partial(free, partial(senders.kill_other, "urgent")),
                partial(free, stage.kill_redis),
                partial(all_connections, stage.kill_sink),
                partial(all_connections, stage.kill_database),
            ]

            def strike() -> None:
                if senders.connections():  # a worker takes seconds to begin: else it would be struck there only
                    account.allowed += random.choice(kinds)()
                    account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def redis_troubled(stage: Stage, people: int, strikes: int, rate: int) -> Account:
    """Flushed, frozen for up to ten seconds, and killed, while the pace is shared through it."""
    with stage.act(f"Redis flushed, frozen, killed; at most {rate:,} a second", people) as account:
        stage.rig.environ["SMTP_URL"] = stage.smtp_url(f"&rate={rate}")
        stage.newsletter()
        began = time.monotonic()
        with celery(stage, 2, "beat") as senders:
            stage.rig.environ["SMTP_URL"] = stage.smtp_url()

            def strike() -> None:
                if not senders.connections():
                    return
                random.choice(
                    (stage.flush_redis, stage.kill_redis, lambda: stage.freeze_redis(random.uniform(1, 10)))
                )()
                account.others += 1

            until_settled(stage, senders, strike, people, strikes)
            took = time.monotonic() - began
        account.note = f"{people / took:,.0f} a second"
    return account


def celery_stopped(stage: Stage, people: int, strikes: int) -> Account:
    """Workers are told to stop as a host does, in the middle of the send, and others take over."""
    with stage.act("4 Celery workers in turn told SIGTERM", people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        slowest = [0.0]
        with celery(stage, 4, "beat", concurrency=1) as senders:

            def strike() -> None:
                if senders.connections() and len(senders.workers) > 1:
                    slowest[0] = max(slowest[0], senders.stop_worker())
                    account.others += 1

            until_settled(stage, senders, strike, people, strikes)
        account.note = f"slowest end {slowest[0]:.1f} s"
    return account


def three_beats(stage: Stage, people: int, _strikes: int) -> Account:
    """Tips fall due while three clocks tick; each is planned and sent once. Beats are killed too."""
    with stage.act("3 beats, killed at times; tips fall due meanwhile", people) as account:
        stage.fall_due(people, 15.0)
        with celery(stage, 1, "beat", "beat", "beat", "urgent") as senders:

            def strike() -> None:
                senders.kill_other("beat")
                account.kills += 1

            while int(str((stage.ask("SELECT count(*) FROM message") or (0,))[0])) < people:
                time.sleep(random.uniform(1.0, 4.0))
                strike()
                if account.kills > SETTLED_WITHIN_S / 2:
                    raise TimeoutError("the tips were never planned")
            until_settled(stage, senders)
    return account
