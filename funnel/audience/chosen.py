"""What a reader chose, written down: with the consent lines it is the evidence of what they wished."""

from datetime import datetime

from sqlalchemy.orm import Session

from funnel.models.choices_made import Choice, Chose


def note(session: Session, subscriber_id: int, chose: Chose, now: datetime, **detail: object) -> None:
    """Keeps it. That it was chosen stays when they are erased; the `detail`, such as which topics, does not."""
    session.add(Choice(subscriber_id=subscriber_id, chose=chose, detail=detail, at=now))
    session.flush()
