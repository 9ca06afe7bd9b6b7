"""Wishes: what a reader changes by one tap. Each is carried out whatever is set now, and kept as evidence if it changed
something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from funnel.audience import chosen, preferences, topics
from funnel.models.choices_made import Chose
from funnel.models.people import Subscriber, SubscriberState


class Wish(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    MONTHLY = "monthly"
    ALL = "all"
    AGAIN = "again"  # both of these
    NO_COURSE = "no-course"
    TOPICS = "topics"
    LEAVE_OUT = "leave-out"
    LANGUAGE = "language"


class NothingTickedError(ValueError):
    """It cannot be meant, whoever asks."""


@dataclass(frozen=True)
class Asked:
    """What was given with the button. `shown`: the topics that its page listed; None: it did not tell."""

    topics: frozenset[int] = frozenset()
    shown: frozenset[int] | None = None
    language: str = ""


def carry_out(session: Session, person: Subscriber, wish: Wish, asked: Asked, now: datetime) -> None:
    """Does it, for somebody who gets the mails; of anybody else nothing changes but the language.

    Raises NothingTickedError, and never by what is set or who it is: whoever was forwarded a mail can ask (law 8).
    """
    HOW[wish](session, person, asked, now)


def _pause(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    if preferences.pause(session, person, now):
        chosen.note(session, person.id, Chose.PAUSE, now)


def _resume(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    if preferences.resume(session, person, now):
        chosen.note(session, person.id, Chose.GO_ON, now)


def _monthly(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    if preferences.monthly(session, person, now):
        chosen.note(session, person.id, Chose.MONTHLY, now)


def _all_mails(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    if preferences.all_mails(session, person, now):
        chosen.note(session, person.id, Chose.ALL, now)


def _again(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    _resume(session, person, asked, now)
    _all_mails(session, person, asked, now)


def _no_course(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    if preferences.no_course(session, person, now):
        chosen.note(session, person.id, Chose.NO_COURSE, now)


def _topics(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    topics.choose(session, person, asked.topics, now, asked.shown)


def _leave_out(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    if not asked.topics:
        raise NothingTickedError
    topics.choose(session, person, (), now, asked.topics)


def _language(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    before = preferences.speak(session, person, asked.language, now)
    if asked.language != before and person.state is not SubscriberState.ERASED:
        chosen.note(session, person.id, Chose.LANGUAGE, now, before=before, after=asked.language)


HOW: dict[Wish, Callable[[Session, Subscriber, Asked, datetime], None]] = {
    Wish.PAUSE: _pause,
    Wish.RESUME: _resume,
    Wish.MONTHLY: _monthly,
    Wish.ALL: _all_mails,
    Wish.AGAIN: _again,
    Wish.NO_COURSE: _no_course,
    Wish.TOPICS: _topics,
    Wish.LEAVE_OUT: _leave_out,
    Wish.LANGUAGE: _language,
}
