"""Addressees: whom an issue is for, by the rule it was scheduled with. Whom the gate then turns back is not in it."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.orm import Session

from funnel.audience import counting, recipients, segments
from funnel.audience.counting import IN_COURSE, MAILABLE
from funnel.audience.crowd import Crowd
from funnel.audience.line import Named
from funnel.audience.lines_of_past import ClickedIssue
from funnel.audience.remembered import Key
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import Event
from funnel.models.sending import QueueEntry
from funnel.models.topics import Unwanted
from funnel.programme import contest, outgoing, readership, settling, waiting
from funnel.programme.history import among

UNMOVED, OFF = "unmoved", "switched off"
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
    """How many it would be sent to once more: who got it, has not clicked in it, and is still whom it was for; exact.

    Raises RuleError where its rule cannot be asked any more.
    """
    rule = None if issue.rule is None else segments.read(session, issue.rule)
    clicks = ClickedIssue(issue.id).named(now).these
    also = {UNMOVED: Named((readership.of_issue(issue.id, (MessageState.SENT,)),), clicks)}
    also[OFF] = Named((select(Unwanted.subscriber_id).where(Unwanted.topic_id == issue.topic_id),))
    keys: list[Key] = [MAILABLE, *(() if issue.with_course else (IN_COURSE,)), *counting.leaves(rule)]
    crowds, _ = counting.read(session, keys, now, exact=True, also=also)
    people = counting.meeting(rule, crowds, crowds[UNMOVED] & crowds[MAILABLE])
    return len(people - crowds[OFF] - crowds.get(IN_COURSE, Crowd()))


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
        still = _still_meant(session, issue, found.values(), now) if found else set()
        for number, whose in found.items():
            if whose not in still:
                gone[whose].append(number)
    waiting.skip(session, NOT_MEANT, now, among(Message.id, [number for mails in gone.values() for number in mails]))
    return dict(gone)


def mean_again(
    session: Session, message_ids: Collection[int], skipped_at: datetime, now: datetime, why: str = NOT_MEANT
) -> None:
    """Lets mails wait again that were skipped at that time for `why`; their issues go on where they had ended.

    But for those whose people the issue is not for even so, and those of an issue that was cancelled. By readers'
    clocks, whose hour has passed has it at that hour of the next day. Hold the people.
    """
    by_issue: dict[int, dict[int, int]] = defaultdict(dict)
    mails = select(Message.id, Message.subscriber_id, Message.newsletter_id)
    mine = among(Message.id, message_ids), Message.kind == MessageKind.NEWSLETTER
    for number, whose, newsletter_id in session.execute(mails.where(*mine)).all() if message_ids else ():
        by_issue[_issue(session, newsletter_id).id][number] = whose or 0
    for issue_id, theirs in by_issue.items():
        issue = session.get_one(Newsletter, issue_id)
        if issue.state is NewsletterState.CANCELLED:
            continue
        still = _still_meant(session, issue, theirs.values(), now)
        back = [number for number, whose in theirs.items() if whose in still]
        settling.spare_their_night(session, issue, back, now)
        if back and waiting.unskip(session, why, skipped_at, now, among(Message.id, back)):
            settling.reopen(session, back)


def _is_meant(session: Session, subscriber_id: int, newsletter_id: int, now: datetime) -> bool:
    issue = _issue(session, newsletter_id)
    return issue.state is NewsletterState.DRAFT or bool(_still_meant(session, issue, [subscriber_id], now))


def _still_meant(session: Session, issue: Newsletter, subscriber_ids: Collection[int], now: datetime) -> set[int]:
    """Whom of these it is for: asked of the moment of which it was planned, so that no day that passed counts."""
    meant = chosen(issue, issue.started_at or now)
    return set(session.scalars(select(Subscriber.id).where(among(Subscriber.id, set(subscriber_ids)), meant)))


def _issue(session: Session, newsletter_id: int | None) -> Newsletter:
    said = session.get_one(Newsletter, newsletter_id)
    return session.get_one(Newsletter, said.parent_id) if said.parent_id and said.part in outgoing.WORDINGS else said
