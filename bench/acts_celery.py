"""What is done to a send by Celery's workers, started as the Procfile says. Each act gives its account."""

import random
import time
from collections.abc import Callable
from functools import partial

from bench.account import Account
from bench.moments import DELAY_S, SETTLED_WITHIN_S, celery, until_settled
from bench.stage import Stage

BEATS_LIVE_S = (6.0, 12.0)  # with three of them, each for longer than a period of the timetable


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
                partial(stage.kill_sink, senders.connections),
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
        stage.fall_due(people, 40.0)
        with celery(stage, 1, "beat", "beat", "beat", "urgent") as senders:

            def strike() -> None:
                senders.kill_other("beat")
                account.kills += 1

            while int(str((stage.ask("SELECT count(*) FROM message") or (0,))[0])) < people:
                time.sleep(random.uniform(*BEATS_LIVE_S))
                strike()
                if account.kills * BEATS_LIVE_S[0] > SETTLED_WITHIN_S:
                    raise TimeoutError("the tips were never planned")
            until_settled(stage, senders)
    return account
