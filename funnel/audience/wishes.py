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


Change = Callable[[Session, Subscriber, datetime], bool]

# What changes by the tap alone, and what is kept of it where it changed something.
CHANGES: dict[Wish, tuple[tuple[Change, Chose], ...]] = {
    Wish.PAUSE: ((preferences.pause, Chose.PAUSE),),
    Wish.RESUME: ((preferences.resume, Chose.GO_ON),),
    Wish.MONTHLY: ((preferences.monthly, Chose.MONTHLY),),
    Wish.ALL: ((preferences.all_mails, Chose.ALL),),
    Wish.AGAIN: ((preferences.resume, Chose.GO_ON), (preferences.all_mails, Chose.ALL)),
    Wish.NO_COURSE: ((preferences.no_course, Chose.NO_COURSE),),
}


def carry_out(session: Session, person: Subscriber, wish: Wish, asked: Asked, now: datetime) -> None:
    """Does it, for somebody who gets the mails; of anybody else nothing changes but the language.

    Raises NothingTickedError, and never by what is set or who it is: whoever was forwarded a mail can ask (law 8).
    """
    if wish is Wish.LANGUAGE:
        _speak(session, person, asked.language, now)
    elif wish is Wish.TOPICS:
        topics.choose(session, person, asked.topics, now, asked.shown)
    elif wish is Wish.LEAVE_OUT:
        if not asked.topics:
            raise NothingTickedError
        topics.choose(session, person, (), now, asked.topics)
    for change, what in CHANGES.get(wish, ()):
        if change(session, person, now):
            chosen.note(session, person.id, what, now)


def _speak(session: Session, person: Subscriber, language: str, now: datetime) -> None:
    before = preferences.speak(session, person, language, now)
    if language != before and person.state is not SubscriberState.ERASED:
        chosen.note(session, person.id, Chose.LANGUAGE, now, before=before, after=language)
