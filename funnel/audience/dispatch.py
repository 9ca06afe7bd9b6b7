"""Dispatch: what the clock does for an issue as it stands, a chunk at a time. Any number of clocks is correct."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.audience import addressees
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.sending import GUARD, Rest
from funnel.programme import contest, newsletters, outgoing, settling


@dataclass(frozen=True)
class Step:
    """`more`: there is more to do now. `due`: mails may have become due."""

    more: bool = False
    due: bool = False


def step(session: Session, issue_id: int, now: datetime, limit: int = newsletters.CHUNK) -> Step:
    """One chunk of what is to be done: to plan, hold, let go, sweep or end it. Nothing where another clock is at it."""
    issue = outgoing.held(session, issue_id)
    if issue is None or issue.ended_at:
        return Step()
    ids = outgoing.family(session, issue_id)
    for number in ids:
        settling.add_up(session, number, now)
    waits = settling.open_mails(session, issue, ids) > 0
    match issue.state:
        case NewsletterState.PAUSED:
            return Step(more=waits and settling.hold(session, ids) > 0)
        case NewsletterState.CANCELLED:
            # Out of the way of others first: that takes a fifth of the time that skipping them does.
            swept = waits and (settling.hold(session, ids, settling.CANCELLED) or settling.sweep(session, ids, now))
            if not swept:
                settling.finish(session, issue, now)
            return Step(more=swept > 0)
        # In a database that was set back none is let go: then it could not be told any more which may have left.
        case NewsletterState.SENDING if session.get(Rest, GUARD) is None:
            # One that was stopped as it was let go is found here later: none waits for a word that was said.
            if waits and settling.release(session, issue, ids, now):
                return Step(more=True, due=True)
            return _send(session, issue, now, limit)
    return Step()


def _send(session: Session, issue: Newsletter, now: datetime, limit: int) -> Step:
    contest.decide(session, issue, now)
    if newsletters.is_planning(issue):
        whom = addressees.chosen(issue, issue.started_at or now)  # of one moment, however long planning takes
        looked_at = newsletters.queue(session, issue.id, whom, now, limit)
        return Step(more=looked_at > 0, due=looked_at > 0)
    settling.finish(session, issue, now)
    return Step()
