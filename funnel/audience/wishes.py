"""Wishes: what a reader changes by one tap. Each is carried out whatever is set now, and kept as evidence if it changed
something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from funnel.audience import chosen, ending, own_data, preferences, topics
from funnel.audience.visit import Visit
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
    STOP = "stop"
    MY_DATA = "my-data"  # the mail with the fresh link


UNSEEN = Visit("", "")


class NothingTickedError(ValueError):
    """It cannot be meant, whoever asks."""


@dataclass(frozen=True)
class Asked:
    """What was given with the button. `shown`: the topics that its page listed; None: it did not tell.

    `page`, `visit` and `message_id`: where, by whom and from which mail it was pressed, as is kept of a leaving.
    """

    topics: frozenset[int] = frozenset()
    shown: frozenset[int] | None = None
    language: str = ""
    page: str = ""
    visit: Visit = UNSEEN
    message_id: int | None = None


Change = Callable[[Session, Subscriber, Asked, datetime], object]


def carry_out(session: Session, person: Subscriber, wish: Wish, asked: Asked, now: datetime) -> None:
    """Does it, for somebody who gets the mails; of anybody else nothing changes but the language.

    The fresh link is mailed to whoever may be mailed it. Raises NothingTickedError, and never by what is set or who it
    is: whoever was forwarded a mail can ask (law 8).
    """
    CHANGES[wish](session, person, asked, now)


def _tap(change: Callable[[Session, Subscriber, datetime], bool], what: Chose) -> Change:
    """What changes by the tap alone; `what` is kept of it where it changed something."""

    def tap(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
        if change(session, person, now):
            chosen.note(session, person.id, what, now)

    return tap


def _again(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    for one in (Wish.RESUME, Wish.ALL):
        CHANGES[one](session, person, asked, now)


def _choose_topics(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    topics.choose(session, person, asked.topics, now, asked.shown)


def _leave_out(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    if not asked.topics:
        raise NothingTickedError
    topics.choose(session, person, (), now, asked.topics)


def _speak(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    before = preferences.speak(session, person, asked.language, now)
    if asked.language != before and person.state is not SubscriberState.ERASED:
        chosen.note(session, person.id, Chose.LANGUAGE, now, before=before, after=asked.language)


def _stop(session: Session, person: Subscriber, asked: Asked, now: datetime) -> None:
    ending.leave(session, person.id, asked.page, asked.visit, now, message_id=asked.message_id)


def _mail_link(session: Session, person: Subscriber, _asked: Asked, now: datetime) -> None:
    own_data.fresh_link(session, person, now)


CHANGES: dict[Wish, Change] = {
    Wish.PAUSE: _tap(preferences.pause, Chose.PAUSE),
    Wish.RESUME: _tap(preferences.resume, Chose.GO_ON),
    Wish.MONTHLY: _tap(preferences.monthly, Chose.MONTHLY),
    Wish.ALL: _tap(preferences.all_mails, Chose.ALL),
    Wish.AGAIN: _again,
    Wish.NO_COURSE: _tap(preferences.no_course, Chose.NO_COURSE),
    Wish.TOPICS: _choose_topics,
    Wish.LEAVE_OUT: _leave_out,
    Wish.LANGUAGE: _speak,
    Wish.STOP: _stop,
    Wish.MY_DATA: _mail_link,
}
