"""Guard: mails leave only from the database that they last left from. One that was set back would send them again.

It is known by its lineage and by this machine's mark. Then everything halts, for all workers on all machines, until
somebody says how to go on; whoever was told meanwhile to write to nobody does not have to be told again.
"""

import logging
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import reapplying
from funnel.db import after_commit
from funnel.mail import doubt, lineage, mark, rests
from funnel.mail.lineage import Here
from funnel.mail.mark import Mark
from funnel.models.sending import GUARD, Rest
from funnel.programme import forgotten, presumed

ANOTHER = "this is not the database that mails last left from: it was restored, moved, copied or promoted"
OLDER = "the database is older than what was sent from this machine: a backup or snapshot of it was restored"
RESTORED = "a backup was restored"
DANGER = "What it takes for waiting may have been sent since"
HOW_ON = "How to go on: flask --app wsgi sending resume --help"

_CHECKED = "checked by the guard"

log = logging.getLogger(__name__)


def check(session: Session, claim_id: int, now: datetime) -> bool:
    """Whether mails may be claimed. `claim_id`: of the claim about to be made, 0 at the start of a run.

    Where it is False, the caller commits and claims nothing: the rest named "guard" says why, to all workers.
    """
    known = mark.read()
    here = lineage.look(session)
    if here.accepted is None:
        known, here = None, lineage.begin(session, now)
    if here.halted_at:
        _tell_again(session, here.halted_at, known)
        return False
    if why := _trouble(here, known, claim_id):
        halt(session, why, now)
        return False
    assert here.accepted_at is not None
    if known is None or known.accepted_at != here.accepted_at:
        # New here, or halted while this machine was away: then others were told how to go on, and this one was not.
        reapplying.reapply(session)
        after_commit(session, mark.write, Mark(here.accepted_at))
    session.info[_CHECKED] = Mark(here.accepted_at, claim_id, here.oldest_open)
    return True


def note(session: Session) -> None:
    """Keeps, once it is committed, that the claim which was checked in this transaction has been made."""
    after_commit(session, mark.write, session.info.pop(_CHECKED))


def halt(session: Session, why: str, now: datetime) -> None:
    """Lets nothing leave any more, and tells this database what it forgot. Told again it changes nothing."""
    row = {"name": GUARD, "why": f"{why}. {DANGER}", "seconds": 0, "since": now, "until": None}
    begun = insert(Rest).values(row).on_conflict_do_nothing(index_elements=["name"])
    if session.scalar(begun.returning(Rest.name)):
        log.error("sending is halted: %s. %s", row["why"], HOW_ON)
        lineage.skip_numbers(session)
        doubt.settle_claims(session, now)
    halted_at = lineage.look(session).halted_at
    assert halted_at is not None
    _tell_again(session, halted_at, mark.read())


def resume(session: Session, now: datetime) -> int:
    """Goes on and sends nothing twice: what was due by the halt may have left, and becomes unknown; returns how many.

    0 when nothing is halted, too.
    """
    halted_at = _halted_at(session)
    if halted_at is None:
        return 0
    while presumed.presume(session, halted_at):
        pass
    doubted = doubt.settle_waiting(session, halted_at, now)
    _go_on(session, now)
    return doubted


def resume_all(session: Session, now: datetime) -> None:
    """Goes on with all that waits. For whoever knows that nothing was sent since the backup, as after a move."""
    if _halted_at(session):
        forgotten.trust(session)
        _go_on(session, now)


def _halted_at(session: Session) -> datetime | None:
    """Since when nothing leaves; whoever goes on from there has been told of all withdrawals."""
    halted_at = lineage.look(session).halted_at
    if halted_at:
        _tell_again(session, halted_at, mark.read())
    return halted_at


def _go_on(session: Session, now: datetime) -> None:
    after_commit(session, mark.write, Mark(lineage.accept(session, now)))
    rests.end(session, GUARD)
    log.warning("sending goes on")


def _trouble(here: Here, known: Mark | None, claim_id: int) -> str:
    """Why this database must not be sent from; empty when it may."""
    if not here.is_accepted:
        return ANOTHER
    if known is None or here.accepted_at is None or here.accepted_at > known.accepted_at:
        return ""
    # A worker beside us may have overtaken our own number, but not the last one given: the mark was read before it.
    claimed_before = here.last_claim < known.claim_id or (claim_id and claim_id == known.claim_id)
    same = here.accepted_at == known.accepted_at and here.next_transaction >= known.transaction
    return "" if same and not claimed_before else OLDER


def _tell_again(session: Session, halted_at: datetime, known: Mark | None) -> None:
    """Reapplies this machine's withdrawals, once for each halt."""
    if known and known.told_at == halted_at:
        return
    people = reapplying.reapply(session)
    log.warning("withdrawals were told again: they ended the subscriptions of %s people", people)
    accepted_at = known.accepted_at if known else halted_at
    after_commit(session, mark.write, Mark(accepted_at, told_at=halted_at))
