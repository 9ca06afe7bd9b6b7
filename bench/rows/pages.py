"""Every page of the owner's, with a million people, eleven million mails and twenty-three million events behind it."""

import time
from statistics import median, quantiles
from typing import Any

from sqlalchemy import event, select

from bench import masses
from bench.desk import EMAIL, MOST_S, PASSWORD, TOO_LONG, Desk, Place, places
from bench.rig import Rig
from bench.rows.confirmation import START_TIMEOUT_S
from bench.table import Row
from bench.wish import Wish

PEOPLE = 1_000_000
REQUESTS = 20  # a page
WARM = 2
PLANNED = 10  # pages of which the slowest statement is explained
LIMIT, AIM = "300 ms", "100 ms"
OPEN = {"signin.show", "signin.ask_code", "entry.show", "entry.forgotten"}


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE) if wish.mass is None else masses.people(rig.database)
    if wish.mass is None:
        masses.fill(rig.database, people)
    counted = masses.count() if wish.mass is None else 0.0
    apart = masses.count_apart()
    _hire()
    with rig.procfile("web", WEB_CONCURRENCY="1"):
        return look(rig.environ["BASE_URL"], rig.database, people, people < PEOPLE, counted, apart, wish.pages)


def look(
    base_url: str, database: Any, people: int, small: bool, counted: float, apart: float, only: tuple[str, ...] = ()
) -> list[Row]:
    """The rows of every page of the process at `base_url`, or `only` of those that begin so."""
    from funnel import create_app

    app = create_app()
    desk = _sign_in(base_url)
    spent: dict[Place, list[float]] = {}
    unseen = []
    for place in places(app.url_map, database):
        if place.endpoint in OPEN or (only and not place.shown.startswith(only)):
            continue
        told = {desk.ask(address)[0] for address in place.addresses[:WARM]}
        if TOO_LONG in told:
            spent[place] = [MOST_S * 1000.0] * 2
            continue
        if told != {"200"}:
            unseen.append(f"{place.shown} ({', '.join(sorted(told))})")
            continue
        spent[place] = [desk.ask(place.addresses[turn % len(place.addresses)])[1] for turn in range(REQUESTS)]
    slowest = sorted(spent, key=lambda place: -_p95(spent[place]))
    plans = {place: explained(app, desk, place) for place in slowest[:PLANNED]}
    rows = [
        Row(
            f"page-{place.endpoint}-{place.shown}", place.shown, "ms", [_p95(spent[place])], "half of them within",
            [median(spent[place])], LIMIT, AIM, people=people, small=small,
            facts={"explain": plans[place]} if plans.get(place) else {},
        )
        for place in slowest
    ]  # fmt: skip
    if rows:
        rows[0].notes += [f"all of it was counted into the tallies in {counted:.0f} s"] if counted else []
        rows[0].notes += [f"why people never get a mail is counted by a worker, in {apart:.1f} s for the slowest mail"]
        rows[0].notes += [f"not looked at, there being nothing to show: {', '.join(unseen)}"] if unseen else []
    return rows


def explained(app: Any, desk: Desk, place: Place) -> str:
    """PostgreSQL's own account of the slowest statement that a page runs, with the number of all it runs."""
    from funnel.db import engine

    ran: list[tuple[float, str, Any]] = []
    began: list[float] = []

    def before(*_: Any) -> None:
        began.append(time.perf_counter())

    def after(_c: Any, _u: Any, words: str, values: Any, *_: Any) -> None:
        ran.append((time.perf_counter() - began.pop(), words, values))

    event.listen(engine(), "before_cursor_execute", before)
    event.listen(engine(), "after_cursor_execute", after)
    try:
        for _ in range(2):
            ran.clear()
            app.test_client(use_cookies=False).get(place.addresses[0], headers={"Cookie": desk.cookie})
    finally:
        event.remove(engine(), "before_cursor_execute", before)
        event.remove(engine(), "after_cursor_execute", after)
    took, words, values = max(ran, key=lambda one: one[0])
    all_ms = sum(one[0] for one in ran) * 1000
    told = f"{len(ran)} statements in {all_ms:.0f} ms, the slowest {took * 1000:.0f} ms:\n{words}"
    if not words.lstrip().upper().startswith("SELECT"):
        return told
    with engine().connect() as connection:
        lines = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {words}", values)
        return f"{told}\n" + "\n".join(line for (line,) in lines)


def _hire() -> None:
    from funnel.db import Session, utc_now
    from funnel.models.house import Owner
    from funnel.web.owner import accounts

    with Session.begin() as session:
        if session.scalar(select(Owner.id).where(Owner.email == EMAIL)):
            return
        accounts.create(session, EMAIL, PASSWORD, utc_now())


def _sign_in(base_url: str) -> Desk:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return Desk(base_url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _p95(spent: list[float]) -> float:
    return quantiles(spent, n=20)[18]
