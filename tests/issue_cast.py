"""An issue and its readers; and the clock that works on it, as the tasks do."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import dispatch, orders
from funnel.db import Session
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import LAST_STATES, WAITING, Link, LinkKind, Message, MessageKind, MessageState
from funnel.models.responses import EventKind
from funnel.programme import outgoing, settling, waiting
from funnel.programme.outgoing import Order
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_link, a_subscriber, add, an_event

START = NOW + timedelta(minutes=5)


def an_issue(session: OrmSession, **changes: Any) -> Newsletter:
    """A draft by default."""
    values = {"subject": "Chairs", "preheader": "", "body": "Hello.\n", "created_at": NOW}
    if NewsletterState(changes.get("state", "draft")) in (NewsletterState.SENDING, NewsletterState.PAUSED):
        values |= {"send_at": NOW, "starts_at": NOW, "scheduled_at": NOW - timedelta(hours=1), "started_at": NOW}
    issue: Newsletter = add(session, Newsletter(**(values | changes)))
    return issue


def readers(session: OrmSession, count: int, **changes: Any) -> list[int]:
    return [a_subscriber(session, **changes).id for _ in range(count)]


def place(session: OrmSession, issue: Newsletter, **order: Any) -> Newsletter:
    placed = orders.place(session, issue.id, Order(**order), NOW)
    session.commit()
    return placed


def work(session: OrmSession, now: datetime = START, limit: int = 20_000) -> None:
    """What the clock does at `now`, until nothing is left to do."""
    session.commit()
    with Session.begin() as own:
        outgoing.start(own, now)
    with Session.begin() as own:
        ids = outgoing.under_way(own)
    for issue_id in ids:
        while _step(issue_id, now, limit):
            pass
    session.expire_all()


def _step(issue_id: int, now: datetime, limit: int) -> bool:
    with Session.begin() as own:
        return dispatch.step(own, issue_id, now, limit).more


def arrive(session: OrmSession) -> None:
    """Everything that waits is sent."""
    waiting.take(session, Message.state.in_(WAITING))
    sent = {"state": MessageState.SENT, "reason": "taken", "sent_at": NOW, "ended_at": NOW}
    session.execute(update(Message).values(**sent))
    session.commit()


def mails(session: OrmSession, *issues_: Newsletter) -> list[Message]:
    """Those of these issues, in the order they were planned; of all where none is named."""
    session.expire_all()
    found = select(Message).where(Message.kind == MessageKind.NEWSLETTER).order_by(Message.id)
    if issues_:
        found = found.where(Message.newsletter_id.in_([issue.id for issue in issues_]))
    return list(session.scalars(found))


def whose(session: OrmSession, *issues_: Newsletter) -> list[int | None]:
    return [mail.subscriber_id for mail in mails(session, *issues_)]


def click(session: OrmSession, wording: Newsletter, subscriber_ids: list[int], **changes: Any) -> None:
    """These people click a link in their mail of it."""
    there = select(Link).where(Link.newsletter_id == wording.id, Link.kind == LinkKind.CONTENT)
    link = session.scalar(there) or a_link(session, newsletter_id=wording.id)
    theirs = {mail.subscriber_id: mail for mail in mails(session, wording)}
    for number in subscriber_ids:
        an_event(session, EventKind.CLICK, theirs[number], link_id=link.id, **changes)


def assert_settled(session: OrmSession, issue: Newsletter, state: NewsletterState = NewsletterState.SENT) -> None:
    """The issue has ended, and planned = sent + skipped + failed + unknown + expired, counted in the mails."""
    session.expire_all()
    found = settling.recounted(session, outgoing.family(session, issue.id))
    assert (issue.state, issue.ended_at is not None) == (state, True)
    assert set(found) <= set(LAST_STATES), found
    assert sum(found.values()) == issue.planned, found
    assert_balance(session, waiting=0)


def counts(session: OrmSession, issue: Newsletter) -> dict[MessageState, int]:
    return settling.recounted(session, outgoing.family(session, issue.id))
