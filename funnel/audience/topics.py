"""Topics: what newsletters are about, as the owner keeps them, and which of them a reader does not want."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import addressees, chosen
from funnel.audience.signup import tidy
from funnel.models.choices_made import Chose
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.topics import Topic, Unwanted
from funnel.programme import calendar, waiting

LONGEST = 60
LONGEST_ABOUT = 160
MOST_COUNTED = 10_000
MOST = 12  # a reader chooses among them on a telephone
THINKS_AGAIN_DAYS = 1  # in which what was skipped comes after all, also where its issue has ended
UNWANTED = "they do not want newsletters about its topic"
UNDER_WAY = (NewsletterState.SCHEDULED, NewsletterState.SENDING, NewsletterState.PAUSED)


class TopicError(ValueError):
    """It is not kept; str() says why, in words for the owner."""


@dataclass(frozen=True)
class Offer:
    id: int
    name: str
    about: str
    wanted: bool


def offered(session: Session, subscriber_id: int = 0) -> list[Offer]:
    """What readers may choose among, and whether this one wants it.

    A retired one too where they switched it off, or where a newsletter about it is still to come.
    """
    off = unwanted(session, subscriber_id) if subscriber_id else set()
    is_offered = Topic.retired_at.is_(None)
    return _offers(session, or_(is_offered, Topic.id.in_(off), _is_to_come()) if subscriber_id else is_offered, off)


def to_leave_out(session: Session) -> list[Offer]:
    """What any reader may leave out, the same for all: what is offered, and what a newsletter is to come about."""
    return _offers(session, or_(Topic.retired_at.is_(None), _is_to_come()), set())


def _offers(session: Session, which: ColumnElement[bool], off: Collection[int]) -> list[Offer]:
    rows = session.scalars(select(Topic).where(which).order_by(Topic.name, Topic.id))
    return [Offer(row.id, row.name, row.about, row.id not in off) for row in rows]


def _is_to_come() -> ColumnElement[bool]:
    to_come = select(Newsletter.topic_id).where(Newsletter.topic_id.is_not(None), Newsletter.state.in_(UNDER_WAY))
    return Topic.id.in_(to_come)


def exist(session: Session) -> bool:
    """Whether readers have been offered any, so that somebody may have switched one off."""
    return bool(session.scalar(select(select(Topic.id).exists())))


def unwanted(session: Session, subscriber_id: int) -> set[int]:
    return set(session.scalars(select(Unwanted.topic_id).where(Unwanted.subscriber_id == subscriber_id)))


def choose(
    session: Session,
    subscriber: Subscriber,
    wanted: Collection[int],
    now: datetime,
    shown: Collection[int] | None = None,
) -> bool:
    """Of the topics that are offered, the reader wants these and no others; whether that changed anything.

    Those that were not among the `shown` stay as they are: nobody switches off what they have not seen. None: all were.
    A newsletter that waits for them and is about one switched off is skipped; switched on again in time, it comes.
    """
    session.flush()
    session.refresh(subscriber, with_for_update=True)
    if subscriber.state is not SubscriberState.ACTIVE:
        return False
    topics = [one for one in offered(session, subscriber.id) if shown is None or one.id in shown]
    off = [one.id for one in topics if one.wanted and one.id not in wanted]
    on = [one.id for one in topics if not one.wanted and one.id in wanted]
    if off:
        rows = [{"topic_id": number, "subscriber_id": subscriber.id, "at": now} for number in off]
        session.execute(insert(Unwanted).values(rows).on_conflict_do_nothing())
    session.execute(delete(Unwanted).where(Unwanted.subscriber_id == subscriber.id, Unwanted.topic_id.in_(on)))
    if off or on:
        names = {one.id: one.name for one in topics}
        said = {"off": [names[number] for number in off], "on": [names[number] for number in on]}
        chosen.note(session, subscriber.id, Chose.TOPICS, now, without=_without(session, subscriber.id), **said)
        _skip(session, subscriber.id, off, now)
        _send_after_all(session, subscriber.id, on, now)
    return bool(off or on)


def _without(session: Session, subscriber_id: int) -> list[str]:
    theirs = select(Topic.name).join(Unwanted).where(Unwanted.subscriber_id == subscriber_id)
    return list(session.scalars(theirs.order_by(Topic.name)))


def _skip(session: Session, subscriber_id: int, off: Collection[int], now: datetime) -> None:
    if off:
        waiting.skip(session, UNWANTED, now, *_about_these(subscriber_id, off))


def _send_after_all(session: Session, subscriber_id: int, on: Collection[int], now: datetime) -> None:
    lately = and_(Newsletter.state == NewsletterState.SENT, Message.ended_at > now - calendar.days(THINKS_AGAIN_DAYS))
    found = (
        select(Message.ended_at, Message.id)
        .join(Newsletter, Newsletter.id == Message.newsletter_id)
        .where(Message.state == MessageState.SKIPPED, Message.reason == UNWANTED, *_about_these(subscriber_id, on))
        .where(or_(Newsletter.state.in_(UNDER_WAY), lately))
    )
    for ended_at, number in session.execute(found).all() if on else ():
        addressees.mean_again(session, [number], ended_at or now, now, UNWANTED)


def _about_these(subscriber_id: int, topics: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    issues = select(Newsletter.id).where(Newsletter.topic_id.in_(topics))
    theirs = Message.subscriber_id == subscriber_id, Message.kind == MessageKind.NEWSLETTER
    return *theirs, Message.newsletter_id.in_(issues)


def every(session: Session) -> list[tuple[Topic, int]]:
    """All topics, those offered first, each with how many of those who get mails do not want it.

    Beyond MOST_COUNTED nobody is counted.
    """
    gets = Subscriber.state == SubscriberState.ACTIVE, Subscriber.email.is_not(None)
    off = select(literal(1)).join_from(Unwanted, Subscriber, Subscriber.id == Unwanted.subscriber_id)
    some = off.where(Unwanted.topic_id == Topic.id, *gets).limit(MOST_COUNTED + 1).correlate(Topic)
    people = select(func.count()).select_from(some.subquery()).scalar_subquery()
    rows = select(Topic, people).order_by(Topic.retired_at.is_not(None), Topic.name, Topic.id)
    return [(topic, int(count)) for topic, count in session.execute(rows)]


def make(session: Session, name: str, about: str, now: datetime) -> Topic:
    """A new topic, which everybody wants until they say otherwise. Raises TopicError."""
    if len(offered(session)) >= MOST:
        raise TopicError(f"Readers can choose among {MOST} topics at most. Retire one first.")
    topic = Topic(name=_checked(session, name), about=_about(about), created_at=now)
    session.add(topic)
    session.flush()
    return topic


def rename(session: Session, topic: Topic, name: str, about: str) -> None:
    """Who does not want it, does not want it under the new name either. Raises TopicError."""
    topic.name, topic.about = _checked(session, name, topic.id), _about(about)
    session.flush()


def retire(session: Session, topic: Topic, now: datetime) -> None:
    """Offered no more for newsletters. Those about it that are scheduled keep it; readers may still switch it off."""
    topic.retired_at = topic.retired_at or now
    session.flush()


def bring_back(session: Session, topic: Topic) -> None:
    """Who did not want it still does not. Raises TopicError."""
    if topic.retired_at and len(offered(session)) >= MOST:
        raise TopicError(f"Readers can choose among {MOST} topics at most. Retire another one first.")
    topic.retired_at = None
    session.flush()


def move(session: Session, kept_id: int, duplicate_id: int) -> None:
    """What either of two who are merged did not want, the one kept does not."""
    theirs = select(Unwanted.topic_id, literal(kept_id), Unwanted.at).where(Unwanted.subscriber_id == duplicate_id)
    session.execute(insert(Unwanted).from_select(["topic_id", "subscriber_id", "at"], theirs).on_conflict_do_nothing())
    session.execute(delete(Unwanted).where(Unwanted.subscriber_id == duplicate_id))


def _checked(session: Session, typed: str, but: int = 0) -> str:
    name = " ".join(tidy(typed).split())
    if not name:
        raise TopicError("Please name the topic, as readers will see it.")
    if len(name) > LONGEST:
        raise TopicError(f"Please name it in {LONGEST} signs or fewer: readers see it on a telephone.")
    same: ColumnElement[bool] = func.lower(Topic.name) == name.lower()
    if session.scalar(select(Topic.id).where(same, Topic.id != but)):
        raise TopicError(f"There is a topic “{name}” already.")
    return name


def _about(typed: str) -> str:
    about = " ".join(tidy(typed).split())
    if len(about) > LONGEST_ABOUT:
        raise TopicError(f"Please say what it is about in {LONGEST_ABOUT} signs or fewer.")
    return about
