"""The front door: links followed and sign-ups taken a second, by the web process as the Procfile starts it.

All share two processors: the web process, PostgreSQL, Redis and wrk, which makes the load. Each is compared with a view
of one line on the same server, and the server with others that carry the same pages.
"""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path

from bench import crew, load, strangers, web
from bench.load import Load, Once
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

SECONDS = 8  # a run
SIGN_UPS = 40_000  # more than are taken within a run
SETTLED = 3_000
WARM = 3_000
MEANT = 50_000
_runs = count(1)


def measure(rig: Rig, wish: Wish) -> list[Row]:
    if not load.program():
        print(load.HOW_TO_INSTALL, file=sys.stderr)
        return []
    host = rig.environ["BASE_URL"].partition("//")[2]
    people = wish.count(MEANT)
    followed = _written(rig, "clicks", strangers.clicks(rig.database, host, people))
    rows = _clicks(rig, wish, followed) + _sign_ups(rig, wish, host) + _servers(rig, wish, followed, host)
    rows += _settled(rig, wish, host, SETTLED * min(people, MEANT) // MEANT)
    for row in rows:
        row.small, row.people = wish.is_small(MEANT), people
    return rows


def _clicks(rig: Rig, wish: Wish, followed: Path) -> list[Row]:
    sides = {
        "trivial": partial(_run, rig, followed, web.TRIVIAL),
        "clicks": partial(_run, rig, followed, web.OURS),
    }
    found = interleaved("clicks", wish.rounds, sides)
    return [_row("doors-clicks", "links followed: noted, and led on", found["clicks"], found["trivial"],
                 "5,000 a second", "10,000 a second")]  # fmt: skip


def _sign_ups(rig: Rig, wish: Wish, host: str) -> list[Row]:
    sides = {
        "trivial": lambda: _run(rig, _fresh(rig, host), web.TRIVIAL),
        "sign-ups": lambda: _run(rig, _fresh(rig, host), web.OURS),
    }
    found = interleaved("sign-ups", wish.rounds, sides)
    row = _row("doors-sign-ups", "sign-ups taken: the row committed, the worker told", found["sign-ups"],
               found["trivial"], "1,500 a second", "3,000 a second")  # fmt: skip
    return [row]


def _fresh(rig: Rig, host: str) -> Path:
    """Strangers that nobody knows yet."""
    rig.database.execute("TRUNCATE sign_up CASCADE")
    return _written(rig, "sign-ups", strangers.sign_ups(rig.database, host, SIGN_UPS, f"s{next(_runs)}"))


def _settled(rig: Rig, wish: Wish, host: str, count: int) -> list[Row]:
    """The same with the worker that settles them: until the last has its confirmation planned."""
    with crew.celery(rig, 1, 4, "urgent"), web.served(rig):
        found = [_settle(rig, host, count) for _ in range(wish.rounds)]
    row = Row("doors-settled", f"{count:,} sign-ups: from the first POST to the last confirmation planned",
              "a second", [count / seconds for seconds, _ in found])  # fmt: skip
    row.notes.append(f"taken within {number(found[-1][1].seconds)} s of it")
    return [row]


def _settle(rig: Rig, host: str, count: int) -> tuple[float, Once]:
    rig.database.execute("TRUNCATE sign_up, message, queue_entry, claim CASCADE")
    made = load.write(rig.folder / "settled", strangers.sign_ups(rig.database, host, count, f"t{next(_runs)}"))
    rig.rest()
    began = time.monotonic()
    taken = load.run_once(rig.environ["BASE_URL"], made, 290)
    assert taken.statuses == {"303": count}, taken
    while _one(rig, "SELECT count(*) FROM (SELECT FROM sign_up WHERE state = 'new' LIMIT 1) one"):
        if time.monotonic() - began > 300:
            raise TimeoutError(f"sign-ups were not settled in five minutes.\n{rig.said('urgent')}")
        time.sleep(0.05)
    seconds = time.monotonic() - began
    planned = _one(rig, "SELECT count(*) FROM message WHERE template = 'confirmation'")
    assert planned == count, f"{planned} of {count} confirmations planned"
    return seconds, taken


def _servers(rig: Rig, wish: Wish, followed: Path, host: str) -> list[Row]:
    """Links followed and sign-ups taken, by one server after the other."""
    links = _by_each(rig, wish, "links followed", lambda: followed)
    return links + _by_each(rig, wish, "sign-ups taken", lambda: _fresh(rig, host))


def _by_each(rig: Rig, wish: Wish, what: str, requests: Callable[[], Path]) -> list[Row]:
    sides: dict[str, Callable[[], Load]] = {"ours": partial(_afresh, rig, requests)}
    sides |= {name: partial(_afresh, rig, requests, **told) for name, told in web.OURS_OTHERWISE.items()}
    sides |= {name: partial(_afresh_by, rig, requests, name) for name in web.OTHERS}
    found = interleaved(what, wish.rounds, sides)
    ours = found.pop("ours")
    kind = what.partition(" ")[0]
    return [
        _row(f"doors-{kind}-by-{name.replace(' ', '-').replace(',', '')}", f"{what}, by {name}", runs, ours,
             against="granian, as the Procfile starts it")
        for name, runs in found.items()
    ]  # fmt: skip


def _afresh(rig: Rig, requests: Callable[[], Path], **told: str) -> Load:
    return _run(rig, requests(), web.OURS, **told)


def _afresh_by(rig: Rig, requests: Callable[[], Path], name: str) -> Load:
    made = requests()
    with web.served_by(rig, name) as process:
        return _loaded(rig, made, process.pid)


def _run(rig: Rig, requests: Path, app: str, **told: str) -> Load:
    with web.served(rig, app, **told) as process:
        return _loaded(rig, requests, process.pid)


def _written(rig: Rig, name: str, requests: Iterable[str]) -> Path:
    """Those that are measured, and apart some to warm up with: one followed again at once is another matter."""
    made = list(requests)
    path = load.write(rig.folder / name, made[WARM:])
    load.write(_warm(path), made[:WARM])
    return path


def _warm(path: Path) -> Path:
    return path.with_name(f"{path.name}-warm")


def _loaded(rig: Rig, requests: Path, pid: int) -> Load:
    rig.database.execute("TRUNCATE event CASCADE")
    load.run(rig.environ["BASE_URL"], _warm(requests), 1)  # what is made on first use
    rig.rest()
    found = load.run(rig.environ["BASE_URL"], requests, SECONDS)
    assert not found.refused, f"{found}\n{rig.said('web')}"
    return found


def _row(name: str, what: str, ours: list[Load], theirs: list[Load], limit: str = "", aim: str = "",
         against: str = "a view of one line, on the same server") -> Row:  # fmt: skip
    made = Row(name, what, "a second", [run.rate for run in ours], against, [run.rate for run in theirs], limit, aim)
    told = [f"99 of 100 within {_ms(max(run.p99 for run in runs))}" for runs in (ours, theirs)]
    half, slowest = max(run.p50 for run in ours), max(run.slowest for run in ours)
    made.notes.append(f"{told[0]}, half within {_ms(half)}, the slowest {_ms(slowest)}, over {load.CONNECTIONS} "
                      f"connections; of what it is compared with {told[1]}")  # fmt: skip
    return made


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


def _one(rig: Rig, statement: str) -> int:
    row = rig.database.execute(statement).fetchone()
    assert row
    return int(str(row[0]))
