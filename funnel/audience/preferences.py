"""What a subscriber may choose: a pause, fewer mails, all mails, another name. Each button may be pressed twice."""

import math
import re
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from funnel import languages
from funnel.audience.signup import HIDDEN, tidy
from funnel.languages import Said
from funnel.models.content import Enrolment, StopReason
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import Pace, Subscriber, SubscriberState
from funnel.programme import calendar, enrolment, waiting
from funnel.programme.history import among

PAUSE_DAYS = 30
LONGEST_NAME = 80
# What mail programs make a link of: a stranger may have typed it into the form beside somebody else's address (law 5).
LINK = re.compile(r"//|@|\.\w+/|[^\W_]{2}\.[^\W\d_]{2}")


def pause(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """No tip or newsletter for 30 days of the course's clock; the course goes on after them where it stood.

    False when nothing changed: they are not active, or it is quiet for as long already, give or take a day.
    """
    _lock(session, subscriber)
    until = now + calendar.days(PAUSE_DAYS)
    if subscriber.paused_until is not None and until - subscriber.paused_until <= calendar.days(1):
        return False
    return _pause(session, subscriber, until, now)


def pause_until(session: Session, subscriber: Subscriber, until: datetime, now: datetime) -> bool:
    """The same until a time to come, also of a pause that ends at another. False: they are not active."""
    _lock(session, subscriber)
    return _pause(session, subscriber, until, now)


def resume(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """Ends a pause early: the course comes back by the days that were left of it, one that has begun counted whole.

    False when there was none.
    """
    _lock(session, subscriber)
    is_paused = subscriber.paused_until is not None and subscriber.paused_until > now
    if subscriber.paused_until is not None and is_paused:
        left = pause_length(now, subscriber.paused_until)
        enrolment.shift(session, subscriber.id, -left, now)
        _shift_waiting(session, subscriber.id, -left, now)
    subscriber.paused_until = None
    session.flush()
    return is_paused


def pause_length(begin: datetime, end: datetime) -> timedelta:
    """By how much a course is moved for a pause: whole days of its clock, one that has begun counted whole."""
    return calendar.days(math.ceil((end - begin) / calendar.days(1)))


def _pause(session: Session, subscriber: Subscriber, until: datetime, now: datetime) -> bool:
    if subscriber.state != SubscriberState.ACTIVE:
        return False
    length = pause_length(max(subscriber.paused_until or now, now), until)
    subscriber.paused_until = until
    session.flush()
    enrolment.shift(session, subscriber.id, length, now)
    _shift_waiting(session, subscriber.id, length, until)
    return True


def monthly(session: Session, subscriber: Subscriber, now: datetime, *, but: Collection[int] = ()) -> bool:
    """At most one newsletter in 28 days; the course ends. False when nothing changed.

    Also one that they asked for since they first chose this, `but` these enrolments.
    """
    changed = _keep_pace(session, subscriber, Pace.MONTHLY)
    ended = no_course(session, subscriber, now, but=but)
    if changed or ended:  # one that the owner takes up again is no wish of theirs
        others = Enrolment.subscriber_id == subscriber.id, ~among(Enrolment.id, but)
        session.execute(update(Enrolment).where(*others).values(is_wish=False))
    return changed or ended


def all_mails(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """Every newsletter again. A course that was ended stays ended. False when nothing changed."""
    return _keep_pace(session, subscriber, Pace.ALL)


def _keep_pace(session: Session, subscriber: Subscriber, pace: Pace) -> bool:
    _lock(session, subscriber)
    if subscriber.state != SubscriberState.ACTIVE or subscriber.pace == pace:
        return False
    subscriber.pace = pace
    session.flush()
    return True


def no_course(session: Session, subscriber: Subscriber, now: datetime, *, but: Collection[int] = ()) -> bool:
    """The course ends, `but` these enrolments; newsletters come as before. False when there was none."""
    _lock(session, subscriber)
    if subscriber.state != SubscriberState.ACTIVE:
        return False
    return bool(enrolment.stop(session, subscriber.id, StopReason.PREFERENCE, now, but=but))


def speak(session: Session, subscriber: Subscriber, language: str, now: datetime) -> str:
    """Mails come in this language from now on, where there are words in it; the one before.

    Of somebody erased too, whose old mails lead to pages that must not be told apart. Raises ValueError for one that we
    do not speak.
    """
    if language not in languages.codes():
        raise ValueError(language)
    _lock(session, subscriber)
    before, subscriber.language = subscriber.language, language
    session.flush()
    return before


def rename(session: Session, subscriber: Subscriber, first_name: str, now: datetime) -> None:
    """Corrects the name. Raises ValueError, in the words of `name_problem`, for one that cannot stand in a mail."""
    if problem := name_problem(first_name):
        raise ValueError(problem)
    _lock(session, subscriber)
    if subscriber.state != SubscriberState.ERASED:
        subscriber.first_name = tidy_name(first_name)
        session.flush()


def tidy_name(first_name: str) -> str:
    """`first_name` as it is kept."""
    return tidy(first_name)


def name_problem(first_name: str) -> str | None:
    """What is wrong with a typed first name, in words the reader can mend it by; None when nothing is.

    A name stands in mail headers, so line breaks and the start of an encoded word (RFC 2047) are refused.
    """
    name = tidy_name(first_name)
    if len(name) > LONGEST_NAME:
        return Said("Please shorten the name to %(most)s signs or fewer.", most=LONGEST_NAME)
    if any(unicodedata.category(sign) in HIDDEN for sign in name):
        return Said("There is a hidden sign in this name. Please type it afresh instead of pasting it.")
    if "=?" in name:
        return Said("Please leave the signs =? out of the name.")
    if LINK.search(name):
        return Said("Please leave web and mail addresses out of the name.")
    return None


def _lock(session: Session, subscriber: Subscriber) -> None:
    # Two presses at once would each shift the course.
    session.flush()
    session.refresh(subscriber, with_for_update=True)


def _shift_waiting(session: Session, subscriber_id: int, by: timedelta, not_before: datetime) -> None:
    # A tip that was planned and waits, for example after a refusal for now, goes along with its course.
    tips = (Message.subscriber_id == subscriber_id, Message.kind == MessageKind.STEP, Message.queue == Queue.BULK)
    waiting.shift(session, by, not_before, *tips)
