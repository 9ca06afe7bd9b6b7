"""At the door: what came from a network lately, how often somebody was stopped there, and which puzzles are spent."""

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, Select, bindparam, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import allowance
from funnel.audience.visit import truncated
from funnel.config import settings
from funnel.models.door import DoorDay, SpentPuzzle, Stop
from funnel.models.people import SignUp

LATELY = timedelta(hours=1)
LOOKED_AT = 50  # newest sign-ups of a wider network: a flood is no more work than a few


@dataclass(frozen=True)
class Company:
    """The sign-ups beside one: of its network and the wider one within the hour; whether its form is in a rush."""

    from_network: int
    from_around: int
    is_rush: bool


def company(session: Session, form_id: int, network: str, now: datetime) -> Company:
    """Counts them, up to LOOKED_AT, whatever came of each: what an address is must not show in it (law 4)."""
    asked = {
        "network": network,
        "wide": truncated(network),
        "since": now - LATELY,
        "form_id": form_id,
        "minute": now - allowance.MINUTE,
        "full": settings().limits.form_minute,
    }
    row = session.execute(_company(), asked).one()
    return Company(row[0], row[1], row[2])


@functools.cache
def _company() -> Select[int, int, bool]:
    # Built once: SQLAlchemy takes longer to put it together than PostgreSQL to run it.
    around = (
        select(SignUp.network)
        .where(SignUp.wide == bindparam("wide"), SignUp.created_at > bindparam("since"))
        .order_by(SignUp.created_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    of_network = func.count().filter(around.c.network == bindparam("network"))
    counted = select(of_network, func.count()).select_from(around).subquery()
    # Whether the form had more sign-ups in this minute than it lets out, mails sent again apart.
    came = SignUp.created_at > bindparam("minute")
    over = select(literal(1)).where(SignUp.form_id == bindparam("form_id"), came, SignUp.is_again.is_(False))
    is_rush = over.order_by(SignUp.created_at.desc()).offset(bindparam("full", type_=Integer)).limit(1).exists()
    return select(counted.c[0], counted.c[1], is_rush)


def count(session: Session, form_id: int, what: Stop, now: datetime) -> None:
    """Counts one more that was stopped, on the practice's day."""
    # A number for the owner: a crash may lose the last of it, and a flood of robots waits for no disk.
    session.execute(text("SET LOCAL synchronous_commit TO off"))
    day = now.astimezone(settings().zone).date()
    row = insert(DoorDay).values(form_id=form_id, day=day, what=what, times=1, last_at=now)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["form_id", "day", "what"], set_={"times": DoorDay.times + 1, "last_at": now}
        )
    )


def spend(session: Session, mark: bytes, until: datetime) -> bool:
    """Spends a puzzle that is good until then; False when it was spent before, by whichever process."""
    spent = insert(SpentPuzzle).values(mark=mark, until=until).on_conflict_do_nothing(index_elements=["mark"])
    return session.scalar(spent.returning(SpentPuzzle.mark)) is not None
