"""Planning an issue: one mail to each person who may be mailed, in chunks that each are one statement."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter
from funnel.models.mail import MessageKind
from funnel.models.people import Subscriber
from funnel.programme import calendar, plan

TEMPLATE = "newsletter"  # of a message whose words are a newsletter's
CHUNK = 20_000  # people looked at in one transaction, so that no lock and no rollback lasts for long
LASTS_DAYS = 3


def queue(session: Session, newsletter_id: int, now: datetime, limit: int = CHUNK) -> int:
    """Plans the mails to the next `limit` people, by id; returns how many people were looked at, 0 at the end.

    Where it stands is kept with the newsletter: a planner that was killed is followed by the next one, and two at once
    take turns. Who signs up meanwhile has a higher id and is reached too.
    """
    issue = session.get_one(Newsletter, newsletter_id, with_for_update=True)
    ahead = select(Subscriber.id).where(Subscriber.id > issue.planned_to, Subscriber.mailable)
    chunk = ahead.order_by(Subscriber.id).limit(limit).subquery()
    count, last = session.execute(select(func.count(), func.max(chunk.c.id))).one()
    if not count:
        return 0
    plan.plan_people(
        session,
        ahead.where(Subscriber.id <= last).order_by(Subscriber.id),
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
