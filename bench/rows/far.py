"""A relay that is far away: each of its answers takes 20 or 100 ms. Connections are what counts then."""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from bench import crowd, reference
from bench.campaign import LIGHT, by_processes
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

DELAYS_S = (0.02, 0.1)
WORKERS = 2
CONNECTIONS = 100  # of both together; smtp-source gets as many
SECONDS = 4  # how long a run lasts when every connection sends a mail an answer
ROUND_TRIPS = 4  # smtp-source waits for MAIL, RCPT, DATA and the dot each


def measure(rig: Rig, wish: Wish) -> list[Row]:
    return [_at(rig, wish, delay_s) for delay_s in DELAYS_S]


def _at(rig: Rig, wish: Wish, delay_s: float) -> Row:
    meant = int(CONNECTIONS / delay_s * SECONDS)
    people = min(wish.count(meant), meant)
    crowd.fresh(rig.database, people)
    send = partial(by_processes, rig, WORKERS, LIGHT, pool=CONNECTIONS // WORKERS, delay_s=delay_s)
    size = send().bytes_a_mail  # a first one, not counted
    sides: dict[str, Callable[[], Any]] = {}
    if reference.program():
        count = max(people // ROUND_TRIPS, CONNECTIONS)
        sides["smtp-source"] = partial(reference.send, rig, count, size, CONNECTIONS, delay_s)
    sides["ours"] = send
    found = interleaved(f"{delay_s * 1000:g} ms", wish.rounds, sides)
    theirs = [run.rate for run in found.get("smtp-source", [])]
    used = median(run.most_open for run in found["ours"])
    return Row(
        f"far-{delay_s * 1000:g}", f"a relay that answers after {delay_s * 1000:g} ms, {CONNECTIONS} connections",
        "mails/s", [run.rate for run in found["ours"]], f"smtp-source -d -s {CONNECTIONS}" if theirs else "", theirs,
        notes=[f"{number(CONNECTIONS / delay_s)} mails/s is the most that {CONNECTIONS} connections can carry, with "
               f"one mail at a time on each; {used:g} were open at once"],
        people=people, small=wish.is_small(meant),
    )  # fmt: skip
