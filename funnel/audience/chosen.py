"""What a reader chose, written down: with the consent lines it is the evidence of what they wished."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.choices_made import Choice, Chose

MOST_A_DAY = 50  # of one person: more than anybody chooses, and a forwarded link is pressed by whoever has it


def note(session: Session, subscriber_id: int, chose: Chose, now: datetime, **detail: object) -> None:
    """Keeps it. That it was chosen stays when they are erased; the `detail`, such as which topics, does not.

    Beyond MOST_A_DAY the latest line is written over, so that the last wish is kept whatever came before.
    """
    theirs = select(Choice).where(Choice.subscriber_id == subscriber_id, Choice.at > now - timedelta(days=1))
    latest = session.scalars(theirs.order_by(Choice.at.desc(), Choice.id.desc()).limit(MOST_A_DAY)).all()
    if len(latest) < MOST_A_DAY:
        session.add(Choice(subscriber_id=subscriber_id, chose=chose, detail=detail, at=now))
    else:
        latest[0].chose, latest[0].detail, latest[0].at = chose, detail, now
    session.flush()
