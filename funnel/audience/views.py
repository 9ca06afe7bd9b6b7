"""How often a form was seen, a row a day and source."""

from datetime import datetime

from sqlalchemy import case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience.signup import clean_source
from funnel.config import settings
from funnel.models.door import FormView

MOST_SOURCES_A_DAY = 100  # made-up ?src= would otherwise grow the table without end; more count as no source


def count(session: Session, form_id: int, source: str, now: datetime) -> None:
    """Counts one more view of the form, on the practice's day."""
    day, wanted = now.astimezone(settings().zone).date(), clean_source(source)
    today = select(func.count()).where(FormView.form_id == form_id, FormView.day == day)
    known = today.where(FormView.source == wanted)
    room = or_(known.scalar_subquery() > 0, today.scalar_subquery() < MOST_SOURCES_A_DAY)
    row = insert(FormView).values(form_id=form_id, day=day, source=case((room, literal(wanted)), else_=""), views=1)
    session.execute(
        row.on_conflict_do_update(index_elements=["form_id", "day", "source"], set_={"views": FormView.views + 1})
    )
