"""Addressees: whom an issue is for, by the rule it was scheduled with. Whom the gate then turns back is not in it."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.orm import Session

from funnel.audience import counting, recipients
from funnel.audience.counting import IN_COURSE, MAILABLE
from funnel.audience.crowd import Crowd
from funnel.audience.line import Named
from funnel.audience.lines_of_past import ClickedIssue
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import Event
from funnel.models.sending import QueueEntry
from funnel.programme import contest, outgoing, readership, settling, waiting
from funnel.programme.history import among

NOT_MEANT = "they are none of those any more whom the newsletter is for"


def chosen(issue: Newsletter, now: datetime) -> ColumnElement[bool]:
    """Which subscribers the issue is for, as it was scheduled."""
    whom = recipients.condition(issue.rule, issue.with_course, now)
    if issue.topic_id:
        whom = and_(whom, ~recipients.switched_off(issue.topic_id))
    return and_(whom, unmoved(issue.parent_id)) if issue.part is Part.RESEND and issue.parent_id else whom


def unmoved(issue_id: int) -> ColumnElement[bool]:
    """Who got this issue and has not clicked in it."""
    theirs = outgoing.names(issue_id)
    got = select(literal(1)).where(
        Message.subscriber_id == Subscriber.id,
        Message.kind == MessageKind.NEWSLETTER,
        Message.newsletter_id.in_(theirs),
        Message.state == MessageState.SENT,
    )
    clicks = select(literal(1)).where(Event.subscriber_id == Subscriber.id, contest.clicked(theirs))
    return and_(got.exists(), ~clicks.exists())


def count_unmoved(session: Session, issue: Newsletter, now: datetime) -> int:
    """How many who may be written to got this issue and have not clicked in it; exact."""
    clicks = ClickedIssue(issue.id).named(now).these
    unmoved = Named((readership.of_issue(issue.id, (MessageState.SENT,)),), clicks)
    keys = [MAILABLE, *(() if issue.with_course else (IN_COURSE,))]
    crowds, _ = counting.read(session, keys, now, exact=True, also={"unmoved": unmoved})
    return len((crowds["unmoved"] & crowds[MAILABLE]) - crowds.get(IN_COURSE, Crowd()))


def count(session: Session, whom: ColumnElement[bool], most: int | None = None) -> int:
    """How many subscribers `whom` holds for; at most `most`, where no more need be known."""
    people = select(literal(1)).select_from(Subscriber).where(whom)
    return session.scalars(select(func.count()).select_from(people.limit(most).subquery())).one()


def look_again(session: Session, subscriber_id: int, now: datetime) -> int:
    """Skips the newsletters that wait for somebody whom they are for no more; returns how many.

    "Clicked, but did not book" is not written to who has booked before it left; what is sent once more to those who did
    not click is not to who has clicked; and a course that has begun is not interrupted, unless the issue is to be.
    """
    waits = select(Message.id, Message.newsletter_id).join(QueueEntry, QueueEntry.message_id == Message.id)
    theirs = waits.where(Message.subscriber_id == subscriber_id, Message.kind == MessageKind.NEWSLETTER)
    gone = [
        number
        for number, newsletter_id in session.execute(theirs).all()
        if newsletter_id and not _is_meant(session, subscriber_id, newsletter_id, now)
    ]
    return waiting.skip(session, NOT_MEANT, now, among(Message.id, gone)) if gone else 0


def look_again_at_many(session: Session, subscriber_ids: Collection[int], now: datetime) -> dict[int, list[int]]:
    """The same for many at once, whom the caller has locked: which mails were skipped, by whose they were."""
    gone: dict[int, list[int]] = defaultdict(list)
    for issue_id in outgoing.under_way(session) if subscriber_ids else ():
        issue = session.get_one(Newsletter, issue_id)
        if issue.state is NewsletterState.CANCELLED:
            continue
        waits = select(Message.id, Message.subscriber_id).join(QueueEntry, QueueEntry.message_id == Message.id)
        mine = among(Message.subscriber_id, subscriber_ids), Message.kind == MessageKind.NEWSLETTER
        theirs = waits.where(*mine, among(Message.newsletter_id, outgoing.family(session, issue_id)))
        found = {number: whose or 0 for number, whose in session.execute(theirs)}
        meant = select(Subscriber.id).where(among(Subscriber.id, set(found.values())), chosen(issue, now))
        still = set(session.scalars(meant)) if found else set()
        for number, whose in found.items():
            if whose not in still:
                gone[whose].append(number)
    waiting.skip(session, NOT_MEANT, now, among(Message.id, [number for mails in gone.values() for number in mails]))
    return dict(gone)


def mean_again(session: Session, message_ids: Collection[int], skipped_at: datetime, now: datetime) -> None:
    """Lets mails wait again that `look_again_at_many` skipped at that time; their issues go on where they had ended."""
    mine = among(Message.id, message_ids), Message.kind == MessageKind.NEWSLETTER
    if message_ids and waiting.unskip(session, NOT_MEANT, skipped_at, now, *mine):
        settling.reopen(session, message_ids)


def _is_meant(session: Session, subscriber_id: int, newsletter_id: int, now: datetime) -> bool:
    said = session.get_one(Newsletter, newsletter_id)
    issue = session.get_one(Newsletter, said.parent_id) if said.parent_id and said.part in outgoing.WORDINGS else said
    if issue.state is NewsletterState.DRAFT:
        return True
    return bool(count(session, and_(Subscriber.id == subscriber_id, chosen(issue, now))))
