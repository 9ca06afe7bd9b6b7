"""The one thing worth doing next, drawn from the numbers: what loses most comes first, praise last.

Each look asks one question and gives an answer or none. Few numbers give no advice: nobody is sent to mend a mail
because two of three people left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight import health, subjects
from funnel.insight.week import midnight
from funnel.models.content import Post, SequenceState, Step
from funnel.models.mail import Link, LinkKind, Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.tallies import MailTally, Tally, Way

ANSWERED_WITHIN = timedelta(days=2)  # whoever asks for a session hopes for a word by then
STILL_WAITING = timedelta(days=60)  # longer ago, it was settled by telephone and never marked
LATELY = timedelta(days=28)
SEASON = timedelta(days=90)
ENOUGH_SIGN_UPS, POOR_CONFIRMING = 20, 0.6
ENOUGH_READERS, ENOUGH_LEFT, MANY_LEAVE = 50, 5, 0.02  # of one mail; what is over 2 % is far from usual
ENOUGH_LOOKERS = 3
ENOUGH_BOOKINGS = 3


@dataclass(frozen=True)
class Advice:
    """`text` is one or two plain sentences; `button` leads to `path`, where it can be done."""

    text: str
    button: str
    path: str


def drawn(session: Session, now: datetime) -> Advice:
    """What to do next; that all is well, when nothing asks for anything. Read it after `tallies.freshen`."""
    looks: tuple[Callable[[Session, datetime], Advice | None], ...] = (
        _requests, _standing, _confirming, _leaving, _lookers, _silence, _source,
    )  # fmt: skip
    for look in looks:
        if found := look(session, now):
            return found
    return Advice("Nothing asks for you this week. The course goes on by itself.", "See the overview", "/owner/")


def _requests(session: Session, now: datetime) -> Advice | None:
    waiting = select(func.count(), func.min(Booking.id)).where(
        Booking.state == BookingState.REQUESTED,
        Booking.created_at < now - ANSWERED_WITHIN,
        Booking.created_at > now - STILL_WAITING,
    )
    count, first = session.execute(waiting).one()
    if not count:
        return None
    who = "Somebody" if count == 1 else f"{count} people"
    asks = "asks" if count == 1 else "ask"
    return Advice(
        f"{who} {asks} for a session and nothing is marked for more than two days. A short call now is worth more than "
        "any mail; then mark it as booked or cancelled.",
        "See the request" if count == 1 else "See the first request",
        f"/owner/bookings/{first}",
    )


def _standing(session: Session, now: datetime) -> Advice | None:
    standing = health.standing(session, now)
    for rate, what, limit in (
        (standing.complaints, "called a mail spam", health.COMPLAINTS_WATCHED),
        (standing.bounces, "could not be reached", health.BOUNCES_WATCHED),
    ):
        if rate.level in {"watch", "stop"}:
            return Advice(
                f"{rate.count} of the last {rate.sent:,} mails {what}: more than the {limit:.1%} that mail providers "
                "put up with. Look at where those people came from before you write to more of them.",
                "See what was sent",
                "/owner/messages",
            )
    return None


def _confirming(session: Session, now: datetime) -> Advice | None:
    today = now.astimezone(settings().zone).date()
    people = func.coalesce(func.sum(Tally.people), 0)
    of_those_days = (
        select(people, func.coalesce(func.sum(Tally.people).filter(Way.confirmed), 0))
        .join(Way, Way.id == Tally.way_id)
        .where(Tally.day >= today - LATELY, Tally.day < today)
    )
    signed_up, confirmed = session.execute(of_those_days).one()
    if signed_up < ENOUGH_SIGN_UPS or confirmed / signed_up >= POOR_CONFIRMING:
        return None
    return Advice(
        f"Of {signed_up} people who signed up in four weeks, {confirmed} confirmed. Sign up yourself with an address "
        "at another provider: does the mail arrive, and is it clear what to press?",
        "See the confirmation mail",
        "/owner/mails/confirmation",
    )


def _leaving(session: Session, now: datetime) -> Advice | None:
    """The mail that people leave from, when it is more than chance."""
    since = now.astimezone(settings().zone).date() - SEASON
    sent = (
        select(MailTally.step_id, func.sum(MailTally.mails).label("mails"))
        .where(MailTally.kind == MessageKind.STEP, MailTally.state == MessageState.SENT, MailTally.day >= since)
        .group_by(MailTally.step_id)
        .subquery()
    )
    left = (
        select(Message.step_id, func.count(Message.id.distinct()).label("mails"))
        .join(Event, Event.message_id == Message.id)
        .where(Event.kind == EventKind.UNSUBSCRIBE, Event.at >= midnight(since))
        .where(Message.created_at >= midnight(since), Message.state == MessageState.SENT)
        .group_by(Message.step_id)
        .subquery()
    )
    rows = session.execute(
        select(Step.id, Step.subject, sent.c.mails, func.coalesce(left.c.mails, 0))
        .join(sent, sent.c.step_id == Step.id)
        .outerjoin(left, left.c.step_id == Step.id)
        .where(Step.state == SequenceState.LIVE)
    ).all()
    worst = max(rows, key=lambda row: row[3] / row[2], default=None)
    if worst is None or worst[2] < ENOUGH_READERS or worst[3] < ENOUGH_LEFT or worst[3] / worst[2] < MANY_LEAVE:
        return None
    return Advice(
        f"“{subjects.shown(worst[1])}” loses most people: {worst[3]} of {worst[2]} left from it in three months. Read "
        "it as they do, and ask what it promises and what it gives.",
        "Open this mail",
        f"/owner/mails/{worst[0]}",
    )


def _lookers(session: Session, now: datetime) -> Advice | None:
    booked = exists(select(Booking.id).where(Booking.subscriber_id == Event.subscriber_id))
    lookers = (
        select(func.count(Event.subscriber_id.distinct()))
        .join(Link, and_(Link.id == Event.link_id, Link.kind == LinkKind.BOOKING))
        .where(Event.kind == EventKind.CLICK, Event.machine.is_(False), Event.subscriber_id.is_not(None))
        .where(Event.at > now - LATELY, ~booked)
    )
    count = session.scalars(lookers).one()
    if count < ENOUGH_LOOKERS:
        return None
    return Advice(
        f"{count} people opened your booking page from a mail in the last four weeks and booked nothing. Is there a "
        "time that suits people who work, and is the price easy to find?",
        "See the overview",
        "/owner/",
    )


def _silence(session: Session, now: datetime) -> Advice | None:
    if session.scalar(select(Subscriber.id).where(Subscriber.created_at > now - timedelta(days=7)).limit(1)):
        return None
    return Advice(
        "Nobody signed up in seven days. Put the link to your post where people who hurt will see it: your site’s "
        "front page, the foot of your mails, the wall of the practice.",
        "See where people came from",
        "/owner/?days=all",
    )


def _source(session: Session, now: datetime) -> Advice | None:
    """The post that brings bookings. Only posts of ours are named: a source may be any word that a stranger typed."""
    rows = session.execute(
        select(Post.title, Post.slug, func.count())
        .join(Booking, Booking.source == Post.source)
        .where(Booking.created_at > now - SEASON, Booking.state != BookingState.CANCELLED)
        .group_by(Post.id)
        .order_by(func.count().desc(), Post.id)
    ).first()
    if rows is None or rows[2] < ENOUGH_BOOKINGS:
        return None
    return Advice(
        f"“{rows[0]}” brought {rows[2]} bookings in three months. Link to it once more where it worked, or write "
        "its sequel.",
        "Read the post",
        f"/posts/{rows[1]}",
    )
