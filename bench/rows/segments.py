"""How many people a segment has, for each thing that can be asked of them, with a million people behind it."""

import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session as OrmSession

from bench import masses
from bench.rig import Rig
from bench.table import Row
from bench.wish import Wish

PEOPLE = 1_000_000
TIMES = 20  # each
LIMIT = "300 ms"

Plain = dict[str, Any] | None


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE) if wish.mass is None else masses.people(rig.database)
    if wish.mass is None:
        masses.fill(rig.database, people)
    from funnel.db import Session

    with Session.begin() as session:
        rules = _rules(session)
    rows, again = [], {}
    for name, (what, plain) in rules.items():
        anew, first, again[name] = [], [], []
        for _ in range(TIMES):
            _forget()
            anew.append(_took(_count(plain)))
            _forget()
            _took(_count(None))
            first.append(_took(_count(plain)))
            again[name].append(_took(_count(plain)))
        rows.append(_row(f"segment-{name}", what, first, "with nothing remembered", anew, people))
    slowest = max(again.values(), key=_p95)
    rows.append(_row("segment-again", "the slowest of them, counted again", slowest, "", [], people))
    exact = [_took(_reckon) for _ in range(TIMES)]
    rows.append(_row("segment-reckoning", "the reckoning before sending to everybody, exact", exact, "", [], people))
    return rows


def _forget() -> None:
    from funnel import shelf

    for name in shelf._client().scan_iter(f"{shelf.PREFIX}crowd*"):
        shelf._client().delete(name)


def _row(name: str, what: str, ours: list[float], against: str, theirs: list[float], people: int) -> Row:
    other = [_p95(theirs)] if theirs else []
    return Row(name, what, "ms", [_p95(ours)], against, other, LIMIT, people=people, small=people < PEOPLE)


def _count(plain: Plain) -> Callable[[OrmSession], object]:
    """As the page does while the rule is being made."""
    from funnel.db import utc_now
    from funnel.insight.gathered import gathered

    return lambda session: gathered(session, plain, utc_now())


def _reckon(session: OrmSession) -> object:
    from funnel.db import utc_now
    from funnel.insight.reckoning import reckon

    return reckon(session, None, False, utc_now())


def _took(work: Callable[[OrmSession], object]) -> float:
    """Milliseconds, from the beginning of the transaction to its end."""
    from funnel.db import Session

    began = time.perf_counter()
    with Session.begin() as session:
        work(session)
    return (time.perf_counter() - began) * 1000


def _p95(spent: list[float]) -> float:
    return quantiles(spent, n=20)[18]


def _rules(session: OrmSession) -> dict[str, tuple[str, Plain]]:
    """One of each kind, and three that join several."""
    course, step, issue, form = (
        session.scalar(text(f"SELECT {which} FROM {table}"))
        for which, table in (
            ("min(id)", "sequence"),
            ("max(id)", "step"),
            ("max(id)", "newsletter"),
            ("min(id)", "form"),
        )
    )
    finished = {"is": "on_course", "course": course, "place": "finished"}
    nearly, booked, by_form = {"is": "nearly_booked"}, {"is": "booked"}, {"is": "by_form", "form": form}
    quiet = {"is": "quiet", "days": 90}
    instagram = {"is": "came_by", "source": "instagram"}
    return {
        "everybody": ("everybody", None),
        "source": ("who came by the post", {"is": "came_by", "source": "quadratus-lumborum"}),
        "form": ("who came by a form", by_form),
        "now": ("who is in the course now", {"is": "on_course", "course": course, "place": "now"}),
        "finished": ("who finished the course", finished),
        "stopped": ("who stopped before its end", {"is": "on_course", "course": course, "place": "stopped"}),
        "ever": ("who was ever in it", {"is": "on_course", "course": course, "place": "ever"}),
        "awaits": ("who waits for its last mail", {"is": "awaits", "step": step}),
        "nearly": ("who clicked to book and did not", nearly),
        "booked": ("who booked", booked),
        "quiet": ("who clicked nothing in 90 days", quiet),
        "clicked": ("who clicked something in 90 days", {"is": "clicked", "days": 90}),
        "year": ("who clicked something in a year", {"is": "clicked", "days": 365}),
        "issue": ("who had a newsletter", {"is": "got_issue", "newsletter": issue}),
        "joined": ("who signed up in a year", {"is": "joined", "since": "2025-01-01", "until": "2025-12-31"}),
        "pace": ("who wants one a month", {"is": "pace", "pace": "monthly"}),
        "domain": ("whose address has the word gmail", {"is": "called", "words": "gmail"}),
        "name": ("whose name is Ada", {"is": "called", "words": "ada"}),
        "done": ("who finished and did not book", {"all": [finished, {"not": booked}]}),
        "either": ("who came by Instagram, or finished", {"any": [instagram, finished]}),
        "many": (
            "five lines in two groups",
            {"any": [{"all": [instagram, quiet]}, {"all": [nearly, {"not": by_form}, {"not": booked}]}]},
        ),
    }
