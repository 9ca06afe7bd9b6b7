"""Asking each: the people of a file get the mail that asks them to confirm, a few a minute, so that readers go first.

Who does not confirm is forgotten like everybody who does not. Nobody is asked more often than a form may ask them.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience import admission, allowance, by_hand, mailbox
from funnel.audience.by_hand import KnownError, Newcomer, RefusedError
from funnel.audience.intake import Plan
from funnel.models.imports import Import, ImportRow, Verdict
from funnel.models.people import Form

A_MINUTE = 30  # half of what the form itself lets out (choices.Limits.form_minute)
EVERY = timedelta(minutes=1)


def ask(session: Session, found: Import, now: datetime) -> int:
    """Asks the next few, and moves the import on; how many lines that was. 0: all are asked.

    The caller holds the import, and lets it rest for a minute.
    """
    plan = Plan.read(found.plan)
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.verdict == Verdict.NEW, ImportRow.line > found.line)
        .order_by(ImportRow.line)
        .limit(A_MINUTE)
    ).all()
    if not rows:
        return 0
    form = session.get_one(Form, plan.form_id)
    evidence = plan.how or f"imported from {found.name}"
    # All mailboxes before the first turn is given, and people in the order of their hashes: as all who take several do.
    allowance.lock_addresses(session, {mailbox.hash_of(row.email) for row in rows})
    for row in sorted(rows, key=lambda one: one.address_hash or b""):
        admission.count(found, **_ask(session, found, row, _newcomer(row, evidence, form), now))
    found.line, found.reached = rows[-1].line, found.reached + len(rows)
    session.flush()
    return len(rows)


def _newcomer(row: ImportRow, evidence: str, form: Form) -> Newcomer:
    return Newcomer(row.email, row.first_name, evidence, form, row.language)


def _ask(session: Session, found: Import, row: ImportRow, new: Newcomer, now: datetime) -> dict[str, int]:
    try:
        with session.begin_nested():
            person = by_hand.ask(session, new, now)
            person.source, person.import_id = row.source, found.id
    except (KnownError, RefusedError):  # since the dry run
        return {"not asked": 1}
    return {"asked": 1}


def takes(people: int) -> timedelta:
    """How long it takes to ask so many."""
    return EVERY * (people / A_MINUTE)
