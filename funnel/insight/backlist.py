"""The backlist: every newsletter with what came of it, the drafts first and then the newest.

Each column is one statement for a page of them. Clicks are people's, not machines'; who left did so by a link of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from funnel.insight.paging import Page, paged
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import Link, LinkKind, Message, MessageState
from funnel.models.responses import Event, EventKind
from funnel.models.tallies import MailTally
from funnel.programme.history import among


@dataclass(frozen=True)
class Line:
    """An issue, and how many mails of it were planned and accepted; how many people clicked in it, and left by it."""

    issue: Newsletter
    planned: int = 0
    accepted: int = 0
    clicked: int = 0
    left: int = 0


def listed(session: Session, page: int = 1) -> Page[Line]:
    """A page of them. Read it after `tallies.freshen`."""
    first = case((Newsletter.state == NewsletterState.DRAFT, 0), else_=1)
    found = paged(session, select(Newsletter).order_by(first, Newsletter.id.desc()), lambda issue: issue, page)
    return Page(_lines(session, found.rows), found.total, found.page, found.asked)


def _lines(session: Session, issues: Sequence[Newsletter]) -> list[Line]:
    told = [issue.id for issue in issues if issue.state is not NewsletterState.DRAFT]
    planned = _mails(session, told)
    accepted = _mails(session, told, MailTally.state == MessageState.SENT)
    clicked, left = _clicked(session, told), _left(session, told)
    return [
        Line(issue, *(counts.get(issue.id, 0) for counts in (planned, accepted, clicked, left))) for issue in issues
    ]


def _mails(session: Session, ids: list[int], *which: ColumnElement[bool]) -> dict[int, int]:
    counts = select(MailTally.newsletter_id, func.sum(MailTally.mails)).where(among(MailTally.newsletter_id, ids))
    return {
        number: int(count) for number, count in session.execute(counts.where(*which).group_by(MailTally.newsletter_id))
    }


def _clicked(session: Session, ids: list[int]) -> dict[int, int]:
    # Said as the index on what people followed says it: the visits of machines are twenty times as many.
    by_people = (Event.kind == EventKind.CLICK) & Event.machine.is_(False) & Event.subscriber_id.is_not(None)
    people = (
        select(Link.newsletter_id, func.count(Event.subscriber_id.distinct()))
        .join(Event, (Event.link_id == Link.id) & by_people)
        .where(among(Link.newsletter_id, ids), Link.kind != LinkKind.CANARY)
        .group_by(Link.newsletter_id)
    )
    return {number: count for number, count in session.execute(people) if number}


def _left(session: Session, ids: list[int]) -> dict[int, int]:
    people = (
        select(Message.newsletter_id, func.count(Event.subscriber_id.distinct()))
        .join(Event, Event.message_id == Message.id)
        .where(among(Message.newsletter_id, ids), Event.kind == EventKind.UNSUBSCRIBE)
        .group_by(Message.newsletter_id)
    )
    return {number: count for number, count in session.execute(people) if number}
