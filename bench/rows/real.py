"""The newsletter in our own layout, by sending processes and by the Procfile's worker."""

from collections.abc import Callable
from functools import partial
from typing import Any

from bench import crowd, reference
from bench.campaign import by_processes, by_procfile, of_size
from bench.rig import Rig
from bench.rounds import interleaved
from bench.rows.newsletter import PEOPLE, memory
from bench.table import Row
from bench.wish import Wish

WORKERS = 2


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    size = by_processes(rig, WORKERS).bytes_a_mail  # a first one, not counted
    sides: dict[str, Callable[[], Any]] = {}
    if reference.program():
        sides["smtp-source"] = partial(reference.send, rig, people, size)
    sides |= {"processes": partial(by_processes, rig, WORKERS), "Procfile": partial(by_procfile, rig)}
    found = interleaved("real", wish.rounds, sides)
    theirs = found.get("smtp-source", [])
    rates, against = [run.rate for run in theirs], "smtp-source -d -s 10" if theirs else ""
    rows = []
    for name, who in (("processes", "two sending processes"), ("Procfile", "the Procfile’s worker, two processes")):
        rows += [
            Row(f"real-{name}", f"in our own layout, by {who}: first to last accepted", "mails/s",
                [run.rate for run in found[name]], against, rates),
            Row(f"real-{name}-whole", f"in our own layout, by {who}: command to last row recorded", "mails/s",
                [run.whole_rate for run in found[name]], against, rates),
        ]  # fmt: skip
    rows[0].notes += of_size(size, theirs)
    rows.append(memory("real-memory", "a process of the Procfile’s worker", found["Procfile"]))
    for row in rows:
        row.people, row.small = people, wish.is_small(PEOPLE)
    return rows
