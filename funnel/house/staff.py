"""Who works here, as far as mails to them are concerned."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.house import Owner, Role


def told(session: Session) -> list[tuple[int, str]]:
    """Id and address of everybody who hears of bookings and gets the weekly letter: who signs in and changes things."""
    people = select(Owner.id, Owner.email).where(Owner.removed_at.is_(None), Owner.role != Role.VIEWER)
    return [(number, email) for number, email in session.execute(people.order_by(Owner.id))]
