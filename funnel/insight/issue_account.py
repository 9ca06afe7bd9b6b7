"""The account of an issue: where all its mails are, how fast they leave, and for how long yet.

It adds up what is noted with the mails themselves (models/sending.Progress), so that a page may ask every two seconds
during a send to a million: some hundred rows, and the mails in the hands of workers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import LAST_STATES, MessageKind, MessageState, Queue
from funnel.models.sending import NEVER, Progress, QueueEntry
from funnel.programme import newsletters, outgoing, send_times, settling
from funnel.programme.history import among

LATELY = timedelta(minutes=1)  # over which the rate is taken
LATER_COUNTED = 10_000  # mails due later, at the most


@dataclass(frozen=True)
class Account:
    """`states`: of the last states, how many mails are in each. `rate`: mails a second that came to an end lately.

    `later`: of those that wait, how many are due later (put off, held for 20 hours, or by their readers' clocks);
    `later_more`: there are more than that; `put_off`: those of `later` that were tried before. `next_at`: when the
    first of them is.
    """

    issue_id: int
    state: NewsletterState
    planned: int
    looked_at: int
    is_planning: bool  # more mails are to be planned now
    states: dict[MessageState, int]
    in_hand: int
    rate: float
    later: int
    later_more: bool
    put_off: int
    next_at: datetime | None
    late_by: timedelta | None  # scheduled, past its time, and asks before it is sent

    @property
    def ended(self) -> int:
        """Mails in a last state."""
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """Mails in the queue."""
        return max(0, self.planned - self.ended - self.in_hand)

    @property
    def held(self) -> int:
        """Of those that wait, how many wait since the issue is paused."""
        return self.waiting if self.state is NewsletterState.PAUSED else 0

    @property
    def is_whole(self) -> bool:
        """planned = sent + skipped + failed + unknown + expired, and nothing is still to be planned."""
        return self.planned == self.ended and not self.is_planning

    @property
    def holds(self) -> bool:
        """No more have ended than were planned. What is counted mail by mail is `settling.recounted`."""
        return self.ended + self.in_hand <= self.planned and all(count >= 0 for count in self.states.values())

    @property
    def done(self) -> float:
        """How much of what is planned has ended, from 0 to 1."""
        return self.ended / self.planned if self.planned else 0.0

    @property
    def left(self) -> timedelta | None:
        """In how long what is due now will have left, as fast as it goes; None where that cannot be told."""
        due = self.waiting + self.in_hand - self.later
        if self.state is not NewsletterState.SENDING or self.later_more or not self.rate:
            return None
        return timedelta(seconds=max(0, due) / self.rate)


def account(session: Session, issue_id: int, now: datetime) -> Account:
    """The account of one issue as of now. Raises NoResultFound for none."""
    issue = session.get_one(Newsletter, issue_id, populate_existing=True)
    ids = outgoing.family(session, issue_id)
    goes = issue.state in (NewsletterState.SENDING, NewsletterState.PAUSED, NewsletterState.CANCELLED)
    # Before the states: what is recorded meanwhile is then counted in both, and shown as neither too few nor lost.
    in_hand = settling.in_hand(session, ids) if goes and not issue.ended_at else 0
    states, lately = _states(session, ids, now - LATELY)
    ended = sum(states.values())
    # Entries are looked for among those of all others: not where nothing can be there.
    waits = issue.state is NewsletterState.SENDING and issue.planned > ended + in_hand
    later, put_off, next_at = _later(session, ids, now) if waits else (0, 0, None)
    return Account(
        issue_id=issue_id,
        state=issue.state,
        planned=issue.planned,
        looked_at=issue.looked_at,
        is_planning=newsletters.is_planning(issue),
        states=states,
        in_hand=min(in_hand, max(0, issue.planned - ended)),
        rate=_rate(lately, issue.started_at, now),
        later=min(later, LATER_COUNTED),
        later_more=later > LATER_COUNTED,
        put_off=put_off,
        next_at=next_at,
        late_by=send_times.lateness(issue, now),
    )


def _states(session: Session, ids: list[int], since: datetime) -> tuple[dict[MessageState, int], int]:
    """How many mails are in each last state, and how many came there since then."""
    lately = func.coalesce(func.sum(Progress.mails).filter(Progress.at > since), 0)
    rows = select(Progress.state, func.sum(Progress.mails), lately).where(among(Progress.newsletter_id, ids))
    found = session.execute(rows.group_by(Progress.state)).all()
    return dict.fromkeys(LAST_STATES, 0) | {row[0]: int(row[1]) for row in found}, sum(int(row[2]) for row in found)


def _later(session: Session, ids: list[int], now: datetime) -> tuple[int, int, datetime | None]:
    mine = (QueueEntry.kind == MessageKind.NEWSLETTER, among(QueueEntry.newsletter_id, ids))
    due = QueueEntry.due_at > now, QueueEntry.due_at < NEVER, QueueEntry.queue == Queue.BULK
    ahead = select(QueueEntry.due_at, QueueEntry.attempts).where(*due, *mine).order_by(QueueEntry.due_at)
    few = ahead.limit(LATER_COUNTED + 1).subquery()
    tried = func.count().filter(few.c.attempts > 0)
    count, put_off, next_at = session.execute(select(func.count(), tried, func.min(few.c.due_at))).one()
    return count, put_off, next_at


def _rate(lately: int, started_at: datetime | None, now: datetime) -> float:
    """A second; of an issue that began less than a minute ago, over the time since then."""
    seconds = min(LATELY, now - started_at).total_seconds() if started_at and started_at < now else 0.0
    return max(0, lately) / seconds if seconds > 0 else 0.0
