"""Reminders of regular newsletters: what each owner is told of a turn, and what those mails say of it."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.house import staff
from funnel.models.mail import MessageKind, Queue
from funnel.models.rhythms import Rhythm, Turn
from funnel.programme import plan, turns

DRAFT_MADE, NO_NOTES, DRAFT_WAITS = TEMPLATES = ("draft_made", "no_notes", "draft_waits")
LIFE = timedelta(days=2)
SAMPLE = {"rhythm_name": "Monthly tips", "note_count": "4 notes", "turn_day": "Tuesday 1 December, 09:00"}


def tell(session: Session, turn: Turn, template: str, now: datetime) -> int:
    """Plans the mail `template` about the turn to every owner, once. Returns to how many."""
    drafts = [
        plan.draft(
            MessageKind.NOTICE,
            f"{template}:{turn.id}:{owner_id}",
            template=template,
            queue=Queue.URGENT,
            due_at=now,
            expires_at=now + LIFE,
            to_address=email,
            now=now,
        )
        for owner_id, email in staff.told(session)
    ]
    return len(plan.plan_all(session, drafts))


def said(session: Session, key: str) -> dict[str, str] | None:
    """What stands in the mail with this key, and its link's path as `path`; None when its rhythm was deleted."""
    _, number, _ = key.split(":")
    turn = session.get(Turn, int(number))
    if turn is None:
        return None
    rhythm = session.get_one(Rhythm, turn.rhythm_id)
    draft = f"{turn.newsletter_id}/edit" if turn.newsletter_id else "notes"
    return {
        "rhythm_name": rhythm.name,
        "note_count": f"{turn.notes} {'note' if turn.notes == 1 else 'notes'}",
        "turn_day": _named(turns.moment(rhythm, turn.day)),
        "path": f"owner/newsletters/{draft}",
    }


def _named(at: datetime) -> str:
    local = at.astimezone(settings().zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
