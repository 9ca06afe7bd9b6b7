"""The due tick: what it costs to look, with up to ten million enrolments waiting and none of them due."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median, quantiles
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from bench import crowd, sizes
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
USUAL_MOST = 1_000_000  # ten million take a quarter of an hour to load: only when asked for (PEOPLE=10000000)
LOOKS = 100  # a round
SOONEST_S, SPREAD_S = 3600.0, 30 * 86_400.0
LIMIT, AIM = "5 ms", "1 ms"


def measure(rig: Rig, wish: Wish) -> list[Row]:
    counts = [count for count in SIZES if count <= wish.count(USUAL_MOST)] or [wish.count(USUAL_MOST)]
    with _databases(rig, counts) as engines:
        found = interleaved("tick", wish.rounds, {str(count): partial(looks, engines[count]) for count in counts})
        plans = {count: explained(engines[count]) for count in counts}
        room = {count: _room(rig, count) for count in counts}
    base = [median(run) for run in found[str(counts[0])]]
    rows = []
    for count in counts:
        ours = [median(run) for run in found[str(count)]]
        worst = median(quantiles(run, n=100)[98] for run in found[str(count)])
        first = count == counts[0]
        rows.append(Row(
            f"tick-{count}", f"due tick, {count:,} enrolments waiting, none due", "ms", ours,
            "" if first else f"the same with {counts[0]:,}", [] if first else base, LIMIT, AIM,
            notes=[f"99 of 100 within {number(worst)} ms, its transaction included"],
            facts={"explain": plans[count], "sizes": room[count]}, people=count, small=wish.is_small(0),
        ))  # fmt: skip
    return rows


def looks(engine: Engine) -> list[float]:
    """Milliseconds of each of a hundred ticks."""
    from funnel.db import utc_now
    from funnel.programme import tick

    spent = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        with Session(engine) as session, session.begin():
            looked_at = tick.tick(session, utc_now())
        spent.append((time.perf_counter() - began) * 1000)
        assert looked_at == 0
    return spent


def explained(engine: Engine) -> str:
    """PostgreSQL's own account of the statement that a tick runs."""
    from funnel.programme import tick

    ran: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, words, values, *_: ran.append((words, values)))
    with Session(engine) as session, session.begin():
        tick.tick(session, datetime.now(UTC))
    words, values = ran[0]
    with engine.connect() as connection:
        lines = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {words}", values)
        return "\n".join(line for (line,) in lines)


@contextmanager
def _databases(rig: Rig, counts: list[int]) -> Iterator[dict[int, Engine]]:
    """A database for each count, loaded, all there at once so that they can take turns."""
    from funnel.db import engine

    engine().dispose()  # a database that is copied must have no visitors
    rig.database.close()
    engines = {}
    with psycopg.connect(_url(rig, "template1"), autocommit=True) as office:
        for count in counts:
            office.execute(f"CREATE DATABASE tick_{count} TEMPLATE postgres")
        rig.connect()
        try:
            for count in counts:
                _load(_url(rig, f"tick_{count}"), count)
                scheme = _url(rig, f"tick_{count}").replace("postgresql://", "postgresql+psycopg://")
                engines[count] = create_engine(scheme, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"})
            rig.rest()
            yield engines
        finally:
            for made in engines.values():
                made.dispose()
            for count in counts:
                office.execute(f"DROP DATABASE tick_{count} WITH (FORCE)")


def _load(url: str, count: int) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET synchronous_commit = off")
        crowd.fresh(database, count, had_mail=False)
        crowd.enrolments(database, count, SOONEST_S, SPREAD_S)


def _room(rig: Rig, count: int) -> dict[str, dict[str, float]]:
    with psycopg.connect(_url(rig, f"tick_{count}"), autocommit=True) as database:
        return sizes.of_mails(database, count)


def _url(rig: Rig, name: str) -> str:
    return rig.postgres.url.replace("/postgres?", f"/{name}?")
