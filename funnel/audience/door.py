"""At the door: what came from a network lately, how often somebody was stopped there, and which puzzles are spent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import allowance, risk
from funnel.audience.risk import Facts, Risk
from funnel.audience.visit import truncated
from funnel.config import settings
from funnel.models.door import DoorDay, SpentPuzzle, Stop

LATELY = timedelta(hours=1)
LOOKED_AT = 50  # newest sign-ups of a wider network: a flood is no more work than a few

# A rush: the form had more sign-ups in this minute than it lets out, mails sent again apart. Asked for as a stretch of
# ix_sign_up_form, in its order: asked for as one form's, PostgreSQL may read through the flood of another.
_COMPANY = text("""
SELECT beside.of_network, beside.around, EXISTS (SELECT FROM sign_up
    WHERE form_id <= asked.form_id AND (form_id, created_at) > (asked.form_id, :minute) AND NOT is_again
    ORDER BY form_id, created_at OFFSET :full LIMIT 1) AS is_rush
FROM unnest(CAST(:forms AS bigint[]), CAST(:networks AS text[]), CAST(:wides AS text[]))
    WITH ORDINALITY AS asked (form_id, network, wide, place)
CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE near.network = asked.network) AS of_network, count(*) AS around
    FROM (SELECT network FROM sign_up WHERE sign_up.wide = asked.wide AND created_at > :since
        ORDER BY created_at DESC LIMIT :most) near) beside
ORDER BY asked.place
""")


@dataclass(frozen=True)
class Company:
    """The sign-ups beside one: of its network and the wider one within the hour; whether its form is in a rush."""

    from_network: int
    from_around: int
    is_rush: bool


ALONE = Company(0, 0, False)


def companies(session: Session, asked: Sequence[tuple[int, str]], now: datetime) -> list[Company]:
    """What came beside each (form, network), up to LOOKED_AT, whatever came of it: what an address is must not show.

    A network that is not known has no company (law 4).
    """
    found = session.execute(
        _COMPANY,
        {
            "forms": [form_id for form_id, _ in asked],
            "networks": [network for _, network in asked],
            "wides": [truncated(network) for _, network in asked],
            "since": now - LATELY,
            "minute": now - allowance.MINUTE,
            "full": settings().limits.form_minute,
            "most": LOOKED_AT,
        },
    )
    beside = [Company(row.of_network, row.around, row.is_rush) for row in found]
    return [one if network else ALONE for one, (_, network) in zip(beside, asked, strict=True)]


def risk_of(facts: Facts | None, company: Company) -> Risk:
    """How risky a request looks in its company. None: whoever tries it out on their own machine, who never does."""
    if facts is None:
        return risk.of(())
    from_network, from_around = company.from_network, company.from_around
    return risk.weigh(replace(facts, from_network=from_network, from_around=from_around, is_rush=company.is_rush))


def asks_more(found: Risk) -> bool:
    """Whether who looks so is asked for one step more."""
    return found.score >= risk.THRESHOLDS[settings().door.strictness]


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
