"""Planning an issue: one mail to each person who may be mailed, in chunks that each are one statement."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Subscriber
from funnel.programme import calendar, plan
from funnel.programme.history import HAD, among

TEMPLATE = "newsletter"  # of a message whose words are a newsletter's
CHUNK = 20_000  # people looked at in one transaction, so that no lock and no rollback lasts for long
LASTS_DAYS = 3


def queue(session: Session, newsletter_id: int, now: datetime, limit: int = CHUNK) -> int:
    """Plans the mails to the next `limit` people, by id; returns how many people were looked at, 0 at the end.

    Where it stands is kept with the newsletter: a planner that was killed is followed by the next one, and two at once
    take turns. Who signs up meanwhile has a higher id and is reached too. Who had it before they were merged has it.
    """
    issue = session.get_one(Newsletter, newsletter_id, with_for_update=True)
    ahead = select(Subscriber.id).where(Subscriber.id > issue.planned_to, Subscriber.mailable)
    chunk = ahead.order_by(Subscriber.id).limit(limit).subquery()
    count, last = session.execute(select(func.count(), func.max(chunk.c.id))).one()
    if not count:
        return 0
    chosen = ahead.where(Subscriber.id <= last).order_by(Subscriber.id)
    if reached := _had_before_merging(session, newsletter_id, issue.planned_to, last):
        chosen = chosen.where(~among(Subscriber.id, reached))
    plan.plan_people(
        session,
        chosen,
        kind=MessageKind.NEWSLETTER,
        key=f"newsletter:{newsletter_id}",
        template=TEMPLATE,
        newsletter_id=newsletter_id,
        due_at=now,
        expires_at=now + calendar.days(LASTS_DAYS),
        now=now,
    )
    issue.planned_to = last
    session.flush()
    return int(count)


def had(session: Session, subscriber_ids: Collection[int]) -> set[int]:
    """The issues that any of these people had, perhaps had, or have on its way."""
    mails = select(Message.newsletter_id).where(
        among(Message.subscriber_id, subscriber_ids),
        Message.kind == MessageKind.NEWSLETTER,
        Message.state.in_(HAD),
    )
    return {number for number in session.scalars(mails) if number}


def _had_before_merging(session: Session, newsletter_id: int, after: int, last: int) -> set[int]:
    """Those of a chunk who had the issue, or have it on its way, as somebody who was merged into them since."""
    merged = select(Subscriber.id, Subscriber.merged_into_id).where(
        Subscriber.merged_into_id > after, Subscriber.merged_into_id <= last
    )
    whose = {number: into for number, into in session.execute(merged) if into}
    if not whose:
        return set()
    whose |= {into: into for into in whose.values()}  # a mail that waited then was handed over to them
    mails = select(Message.subscriber_id).where(
        among(Message.subscriber_id, list(whose)),
        Message.kind == MessageKind.NEWSLETTER,
        Message.newsletter_id == newsletter_id,
        Message.state.in_(HAD),
    )
    return {whose[number] for number in session.scalars(mails) if number}
