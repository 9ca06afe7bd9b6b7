"""Who is not among the people though the owner looks for them, and why: their address is typed, and nobody has it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import signup
from funnel.models.people import SignUp, SignUpState, Suppression, SuppressionReason

MOST = 5


@dataclass(frozen=True)
class Absent:
    """What is known of an address that nobody bears. Nothing at all: it never came here, or over 30 days ago."""

    email: str
    suppressed: SuppressionReason | None
    since: datetime | None  # suppressed
    refused: list[tuple[datetime, str]]  # sign-ups, the newest first, each with why
    waits: bool  # a sign-up waits to be settled


def look(session: Session, typed: str) -> Absent | None:
    """What is known of the address that was typed; None when that is none."""
    if " " in typed.strip() or signup.email_problem(typed):
        return None
    email = signup.normalised(typed)
    address_hash = tokens.address_hash(email)
    barred = session.get(Suppression, address_hash)
    of_address = select(SignUp.created_at, SignUp.reason).where(SignUp.address_hash == address_hash)
    refused = of_address.where(SignUp.state == SignUpState.REFUSED).order_by(SignUp.created_at.desc()).limit(MOST)
    waits = session.scalar(of_address.where(SignUp.state == SignUpState.NEW).limit(1)) is not None
    return Absent(
        email,
        barred.reason if barred else None,
        barred.created_at if barred else None,
        [(row.created_at, row.reason) for row in session.execute(refused)],
        waits,
    )
