"""Files of people, and what becomes of them."""

import io
from typing import Any

from sqlalchemy import select

from funnel.audience import headings, imports, staging
from funnel.audience.intake import Plan
from funnel.db import Session, utc_now
from funnel.models.imports import Import
from funnel.models.people import Subscriber
from tasks import imports as task

AGREED = {"how": "on paper, at the practice", "agreed_on": "2026-01-02"}


def bring(text: str | bytes, name: str = "people.csv") -> int:
    """Chooses a file that holds `text`; the import's number."""
    raw = text.encode() if isinstance(text, str) else text
    with Session.begin() as session:
        return staging.keep(session, name, staging.pieces_of(io.BytesIO(raw)), utc_now()).id


def check(import_id: int, **changes: Any) -> Import:
    """Checks it by the columns that are guessed."""
    with Session.begin() as session:
        found = imports.hold(session, import_id)
        rows = staging.sample(session, found)
        kept = {
            "columns": headings.guessed(rows), "headed": headings.has_headings(rows), "way": "agreed", "form_id": None,
            "sequence_id": None, "known": "nothing", "tags": [], **AGREED,
        }  # fmt: skip
        assert imports.check(session, found, Plan.read(kept | changes), utc_now())
    task.work()
    return found_again(import_id)


def start(import_id: int) -> Import:
    with Session.begin() as session:
        assert imports.start(session, imports.hold(session, import_id), utc_now())
    task.work()
    return found_again(import_id)


def found_again(import_id: int) -> Import:
    with Session() as session:
        found = session.get_one(Import, import_id)
        session.expunge(found)
        return found


def people() -> dict[str, Subscriber]:
    with Session() as session:
        found = {person.email: person for person in session.scalars(select(Subscriber).order_by(Subscriber.id))}
        session.expunge_all()
        return found
