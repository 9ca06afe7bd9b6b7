"""A drip: everybody on the course, an eighth at each of its eight mails, all due at once."""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from bench import crew, crowd, reference, sending
from bench.campaign import connections
from bench.crew import Crew
from bench.rig import Rig
from bench.rounds import interleaved
from bench.sending import Sent
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 100_000
WORKERS = 2


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    crowd.open_all_day(rig.database)
    size = drip(rig, people).bytes_a_mail  # a first one, not counted
    sides: dict[str, Callable[[], Any]] = {}
    if reference.program():
        sides["smtp-source"] = partial(reference.send, rig, people, size)
    sides |= {"waiting": partial(drip, rig, people), "ticking": partial(drip, rig, people, planned_meanwhile)}
    found = interleaved("drip", wish.rounds, sides)
    theirs = [run.rate for run in found.get("smtp-source", [])]
    against = "smtp-source -d -s 10" if theirs else ""
    rows = [
        Row("drip", "eight different mails mixed, by 2 sending processes: first to last accepted", "mails/s",
            [run.rate for run in found["waiting"]], against, theirs, notes=[f"a mail has {number(size)} bytes"]),
        Row("drip-whole", "the same, planned by the clock meanwhile: from its first tick to the last row recorded",
            "mails/s", [run.whole_rate for run in found["ticking"]], against, theirs,
            notes=[f"one process ticks, and had planned all after "
                   f"{number(median(run.planning_s for run in found['ticking']))} s"]),
    ]  # fmt: skip
    for row in rows:
        row.people, row.small = people, wish.is_small(PEOPLE)
    return rows


def planned_before(hands: Crew) -> int:
    mails = tick_until_none_is_due()
    hands.go()
    return mails


def planned_meanwhile(hands: Crew) -> int:
    hands.go()
    return tick_until_none_is_due()


def drip(rig: Rig, people: int, plan: Callable[[Crew], int] = planned_before) -> Sent:
    crowd.forget_mails(rig.database)
    crowd.enrolments(rig.database, people, soonest_s=-60, spread_s=0)
    with crew.processes(rig, WORKERS, connections(WORKERS)) as hands:
        return sending.send(rig, hands, partial(plan, hands))


def tick_until_none_is_due() -> int:
    """What the clock does, without its pauses; returns how many mails that made."""
    from sqlalchemy import func, select

    from funnel.db import Session, utc_now
    from funnel.models.mail import Message
    from funnel.programme import tick

    looked_at = 1
    while looked_at:
        with Session.begin() as session:
            looked_at = tick.tick(session, utc_now())
    with Session.begin() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()
