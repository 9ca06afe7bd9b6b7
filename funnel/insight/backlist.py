"""The backlist: every newsletter with what came of it: the drafts, what is on its way, and then the newest.

Each column is one statement for a page of them, the mails of two subjects among those of their issue. What was accepted
is read where the account of an issue reads it. Clicks are people's, not machines'; who left did so by a link of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from funnel.insight.paging import Page, paged
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import Link, LinkKind, Message, MessageKind, MessageState
from funnel.models.responses import Event, EventKind
from funnel.models.sending import Progress
from funnel.programme import outgoing
from funnel.programme.history import among

ON_ITS_WAY = (NewsletterState.SCHEDULED, NewsletterState.SENDING, NewsletterState.PAUSED)
ISSUE = outgoing.issue_of()


@dataclass(frozen=True)
class Line:
    """An issue, and how many mails of it were accepted; how many people clicked in it, and left by it."""

    issue: Newsletter
    accepted: int = 0
    clicked: int = 0
    left: int = 0


def listed(session: Session, page: int = 1) -> Page[Line]:
    """A page of them."""
    first = case((Newsletter.state == NewsletterState.DRAFT, 0), (Newsletter.state.in_(ON_ITS_WAY), 1), else_=2)
    every = select(Newsletter).where(outgoing.is_issue()).order_by(first, Newsletter.id.desc())
    found = paged(session, every, lambda issue: issue, page)
    return Page(_lines(session, found.rows), found.total, found.page, found.asked)


def of(session: Session, issue: Newsletter) -> Line:
    """The line of one."""
    return _lines(session, [issue])[0]


def _lines(session: Session, issues: Sequence[Newsletter]) -> list[Line]:
    begun = [issue for issue in issues if issue.started_at]
    if not begun:
        return [Line(issue) for issue in issues]
    ids = [issue.id for issue in begun]
    since = min(issue.started_at for issue in begun if issue.started_at)
    columns = (_accepted(session, ids), _clicked(session, ids), _left(session, ids, since))
    return [Line(issue, *(counts.get(issue.id, 0) for counts in columns)) for issue in issues]


def _accepted(session: Session, ids: list[int]) -> dict[int, int]:
    mails = (
        select(ISSUE, func.sum(Progress.mails))
        .join(Newsletter, Newsletter.id == Progress.newsletter_id)
        .where(among(ISSUE, ids), Progress.state == MessageState.SENT)
        .group_by(ISSUE)
    )
    return {row[0]: int(row[1]) for row in session.execute(mails)}


def _clicked(session: Session, ids: list[int]) -> dict[int, int]:
    # Said as the index on what people followed says it: the visits of machines are twenty times as many.
    by_people = (Event.kind == EventKind.CLICK) & Event.machine.is_(False) & Event.subscriber_id.is_not(None)
    people = (
        select(ISSUE, func.count(Event.subscriber_id.distinct()))
        .join(Link, Link.newsletter_id == Newsletter.id)
        .join(Event, (Event.link_id == Link.id) & by_people)
        .where(among(ISSUE, ids), Link.kind != LinkKind.CANARY)
        .group_by(ISSUE)
    )
    return {row[0]: row[1] for row in session.execute(people)}


def _left(session: Session, ids: list[int], since: datetime) -> dict[int, int]:
    """Those who left are far fewer than the mails: read by when they did, and none did before the first was sent."""
    people = (
        select(ISSUE, func.count(Event.subscriber_id.distinct()))
        .join(Message, Message.id == Event.message_id)
        .join(Newsletter, Newsletter.id == Message.newsletter_id)
        .where(Event.kind == EventKind.UNSUBSCRIBE, Event.at >= since, Message.kind == MessageKind.NEWSLETTER)
        .where(among(ISSUE, ids))
        .group_by(ISSUE)
    )
    return {row[0]: row[1] for row in session.execute(people)}
