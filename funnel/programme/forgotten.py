"""Forgotten: what became of an issue in a time that a restored backup does not know. Its owner says before more leaves.

Nothing here can tell: of a process that ended well no journal is left, and its mails have the numbers of lost rows.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState
from funnel.programme import outgoing, send_times
from funnel.programme.outgoing import NotNow

State = NewsletterState

NO_DOUBT = "There is nothing to be asked about it any more."

_WAITING = (State.SCHEDULED, State.PAUSED)
# A draft too may have been sent since, and one thrown away before it was fetched back. Once all of an issue is planned,
# its mails say for themselves what is known.
_OPEN = (State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED)
_DOUBTED = Newsletter.doubted_at.is_not(None)


def doubt(session: Session, now: datetime) -> None:
    """Puts in doubt all issues of which more may have been planned than is known here; pauses what is being sent."""
    is_open = or_(Newsletter.state.in_(_OPEN), outgoing.is_thrown_away())
    open_ones = update(Newsletter).where(is_open, Newsletter.planned_at.is_(None))
    _run(session, open_ones.where(outgoing.is_issue()).values(doubted_at=now))
    sending = update(Newsletter).where(Newsletter.state == State.SENDING)
    _run(session, sending.values(state=State.PAUSED, paused_at=now))


def trust(session: Session) -> None:
    """Ends all doubts, for whoever knows that nothing was sent since the backup."""
    _run(session, update(Newsletter).where(_DOUBTED).values(doubted_at=None))


def asks(issue: Newsletter) -> bool:
    """Whether it waits for its owner's word. A draft waits for nothing, and is asked about when it is sent."""
    return issue.doubted_at is not None and issue.state in _WAITING


def asking(session: Session) -> int:
    """How many issues wait so."""
    waiting = select(func.count()).where(_DOUBTED, Newsletter.state.in_(_WAITING))
    return session.scalars(waiting).one()


def go_on(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """It was not sent: it leaves when it was to, now where that has passed, or goes on where it stopped.

    Raises NotNow, also where nobody is in doubt.
    """
    issue = believe(session, issue_id)
    if issue.state is State.PAUSED:
        return outgoing.resume(session, issue_id, now)
    return outgoing.confirm_late(session, issue_id, now) if send_times.lateness(issue, now) else issue


def believe(session: Session, issue_id: int) -> Newsletter:
    """Ends the doubt about one, whatever it is in: it was not sent. Raises NotNow."""
    ended = update(Newsletter).where(Newsletter.id == issue_id, _DOUBTED, outgoing.is_issue()).values(doubted_at=None)
    if session.scalar(ended.returning(Newsletter.id).execution_options(synchronize_session=False)) is None:
        raise NotNow(NO_DOUBT)
    return session.get_one(Newsletter, issue_id, populate_existing=True)


def take_as_sent(session: Session, issue_id: int, now: datetime) -> Newsletter:
    """It was sent: no more of it is planned, and it ends once what waits of it has left. Raises NotNow."""
    return outgoing.moved(
        session,
        issue_id,
        State.SENDING,
        _WAITING,
        _DOUBTED,
        otherwise=NO_DOUBT,
        started_at=func.coalesce(Newsletter.started_at, Newsletter.starts_at, now),
        planned_at=now,
        paused_at=None,
        doubted_at=None,
    )


def _run(session: Session, statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
