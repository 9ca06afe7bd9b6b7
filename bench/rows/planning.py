"""Planning a newsletter while nothing else runs, beside a plain copy of the rows it makes."""

import time
from functools import partial

from bench import crowd, issue
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row
from bench.wish import Wish

PEOPLE = 100_000


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    planned(rig)  # a first one, not counted
    found = interleaved("planning", wish.rounds, {"planned": partial(planned, rig), "copied": partial(copied, rig)})
    row = Row(
        "planning", "planning a newsletter", "rows/s", found["planned"], "plain INSERT … SELECT of the same rows",
        found["copied"], "100,000 rows/s", people=people, small=wish.is_small(PEOPLE),
        notes=["ours in chunks, with every index and the queue's entries; the copy in one, with neither"],
    )  # fmt: skip
    return [row]


def planned(rig: Rig) -> float:
    """Mails a second, from the command to the last chunk's commit."""
    crowd.forget_mails(rig.database)
    number = issue.draft()
    rig.rest()
    began = time.monotonic()
    people = issue.plan(number)
    return people / (time.monotonic() - began)


def copied(rig: Rig) -> float:
    """Rows a second into a table without an index, of the mails just planned."""
    rig.database.execute("CREATE TABLE plain (LIKE message)")
    rig.rest()
    began = time.monotonic()
    rows = rig.database.execute("INSERT INTO plain SELECT * FROM message").rowcount
    spent = time.monotonic() - began
    rig.database.execute("DROP TABLE plain")
    return rows / spent
