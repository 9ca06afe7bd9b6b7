"""An issue to a hundred thousand and to a million: planned, held, let go, swept; and its account while it is sent."""

import time
from statistics import quantiles

from sqlalchemy import select

from bench import crowd, issue
from bench.rig import Rig
from bench.table import Row, number
from bench.wish import Wish

SIZES = (100_000, 1_000_000)
LOOKS = 100
IN_HAND = 2000  # mails a claim, and
CLAIMS = 4  # of them
PLANNED, HELD, RELEASED, SWEPT = "planned", "held", "let go", "skipped"
WHAT = {
    PLANNED: "planning an issue",
    HELD: "holding what waits of a paused issue",
    RELEASED: "letting it go on",
    SWEPT: "skipping what waits of a cancelled issue",
}


def measure(rig: Rig, wish: Wish) -> list[Row]:
    rows: list[Row] = []
    for people in [count for count in SIZES if count <= wish.count(SIZES[-1])] or [wish.count(0)]:
        crowd.fresh(rig.database, people)
        spent: dict[str, list[float]] = {}
        looks: list[float] = []
        for _ in range(wish.rounds):
            looks += _round(rig, people, spent)
        rows += [
            Row(f"issue-{name}-{people}".replace(" ", "-"), f"{WHAT[name]}: {people:,} people", "mails/s", found,
                people=people, small=wish.is_small(people))
            for name, found in spent.items()
        ]  # fmt: skip
        rows.append(Row(
            f"issue-account-{people}", f"the account of an issue being sent: {people:,} people", "ms", looks,
            notes=[f"95 of 100 within {number(quantiles(looks, n=20)[18])} ms, {CLAIMS * IN_HAND:,} mails in hand"],
            people=people, small=wish.is_small(people),
        ))  # fmt: skip
    return rows


def _round(rig: Rig, people: int, spent: dict[str, list[float]]) -> list[float]:
    """Adds the mails a second of each; returns the milliseconds of each look at the account."""
    from funnel.db import Session, utc_now
    from funnel.models.content import Newsletter
    from funnel.models.sending import Claim
    from funnel.programme import outgoing

    crowd.forget_mails(rig.database)
    drafted = issue.draft()
    rig.rest()
    _timed(spent, PLANNED, lambda: issue.plan(drafted))
    rig.database.execute("VACUUM ANALYZE queue_entry")
    looks = _looks(drafted)
    for name, verb in ((HELD, outgoing.pause), (RELEASED, outgoing.resume), (SWEPT, outgoing.cancel)):
        with Session.begin() as session:
            verb(session, drafted, utc_now())
        rig.rest()
        _timed(spent, name, lambda: _worked(drafted))
    with Session.begin() as session:
        ended = session.scalars(select(Newsletter.ended_at).where(Newsletter.id == drafted)).one()
        assert ended or session.scalar(select(Claim.id).limit(1)), people
    return looks


def _timed(spent: dict[str, list[float]], name: str, work: object) -> None:
    began = time.monotonic()
    mails = work()  # type: ignore[operator]
    spent.setdefault(name, []).append(mails / (time.monotonic() - began))


def _worked(number: int) -> int:
    """Steps of the clock until nothing is left; how many mails the issue has."""
    from funnel.audience import dispatch
    from funnel.db import Session, utc_now
    from funnel.models.content import Newsletter

    more = True
    while more:
        with Session.begin() as session:
            more = dispatch.step(session, number, utc_now()).more
    with Session.begin() as session:
        return session.get_one(Newsletter, number).planned


def _looks(issue_id: int) -> list[float]:
    """Milliseconds of a hundred accounts, while some of it is in the hands of workers; they give it back."""
    from funnel.db import Session, utc_now
    from funnel.insight import issue_account
    from funnel.mail import claim, record
    from funnel.models.mail import Queue

    held, spent = [], []
    for _ in range(CLAIMS):
        with Session.begin() as session:
            held.append(number := claim.new_id(session))
            claim.claim(session, Queue.BULK, utc_now(), IN_HAND, number)
    for _ in range(LOOKS):
        began = time.perf_counter()
        with Session.begin() as session:
            found = issue_account.account(session, issue_id, utc_now())
        spent.append((time.perf_counter() - began) * 1000)
    assert found.holds, found
    for number in held:
        with Session.begin() as session:
            record.hand_back_all(session, number, "given back by the bench")
    return spent
