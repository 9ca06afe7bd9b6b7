"""The sum of an order: what would be done, told before it is; or what is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import Session as OrmSession

from funnel import languages
from funnel.audience import addressees, orders, topics
from funnel.audience.orders import SameAgain
from funnel.audience.rule import RuleError
from funnel.config import settings
from funnel.insight import reckoning
from funnel.insight.reckoning import Reckoning
from funnel.mail import pace, unready
from funnel.mail.pace import Slow
from funnel.models.content import Newsletter
from funnel.models.topics import Topic
from funnel.programme import outgoing, send_times, subject_trial, translations
from funnel.programme.outgoing import NotNow, Order
from funnel.programme.subject_trial import BadTrial
from funnel.programme.translations import Line
from funnel.web.owner import gate, order_form, promise
from funnel.web.owner.order_form import TOPIC, TRIAL, WHEN, WHOM, TypedOrder

NO_CHOICE = "Please choose what it is about, or that it is for all of them."

PARTS = {outgoing.PAST: WHEN, orders.RETIRED: TOPIC}  # of the form, for what else than its people is refused


@dataclass(frozen=True)
class Tongue:
    """A language other than the original's: how many of those who get it read it, and what there is in it."""

    line: Line
    people: int


@dataclass(frozen=True)
class Sum:
    """What would be done. `first`, `last`: when the first and the last reader’s hour comes."""

    order: Order  # to the very people of the sum: what becomes of a segment later does not change it
    told: str  # promise.of it
    reckoning: Reckoning
    send_at: datetime
    first: datetime
    last: datetime
    slow: Slow | None  # the mail servers' daily limits spread it over days
    decides_at: datetime | None  # when the trial of two subjects ends, if its mails leave at once
    in_archive: bool | None  # whether everybody may read it on the web; None: its first sending decided that
    tongues: list[Tongue]
    apart: int  # how many readers of a translation see neither of two subjects

    @property
    def is_now(self) -> bool:
        return self.order.at is None


def of(session: OrmSession, issue: Newsletter, typed: TypedOrder, now: datetime) -> Sum | None:
    """What the order comes to; None where it is refused, and `typed.problems` say why. It is not placed by this."""
    if words := unready.why(session, issue, now):
        typed.problems["words"] = words
    offered = about(session, issue)
    if typed.topic_id not in {None, *offered}:
        typed.problems[TOPIC] = "This topic is not offered any more. Choose another, or none."
    elif offered and typed.topic_id is None and typed.topic != order_form.NO_TOPIC:
        typed.problems[TOPIC] = NO_CHOICE
    order = typed.order(issue, now)
    if order is None or typed.problems:
        return None
    try:
        return _tried(session, issue, typed, order, now)
    except BadTrial as why:
        typed.problems[TRIAL] = str(why)
    except RuleError as why:
        typed.rule.blame(why)
        typed.problems[WHOM] = why.words
    except SameAgain as why:
        typed.problems["words"] = str(why)
    except NotNow as why:
        typed.problems[PARTS.get(str(why), WHOM)] = str(why)
    return None


def reckoned(
    session: OrmSession,
    issue: Newsletter,
    rule: Any,
    with_course: bool,
    at: datetime,
    topic_id: int | None = None,
    spoken: Collection[str] = (),
) -> Reckoning:
    """Who gets the issue, and why others do not. Raises RuleError."""
    only = addressees.unmoved(issue.parent_id) if order_form.is_resend(issue) and issue.parent_id else None
    return reckoning.reckon(session, rule, with_course, at, only, topic_id, spoken)


def tongues(session: OrmSession, issue: Newsletter, found: Reckoning) -> list[Tongue]:
    """The languages that somebody reads who gets it, or that it is said in."""
    lines = translations.listed(session, issue, gate.owner().id)
    all_of_them = [Tongue(line, found.languages.get(line.language.code, 0)) for line in lines]
    return [one for one in all_of_them if one.people or one.line.written]


def about(session: OrmSession, issue: Newsletter) -> dict[int, str]:
    """The topics it may be about: those offered, and the one it has."""
    names = {one.id: one.name for one in topics.offered(session)}
    own = session.get(Topic, issue.topic_id) if issue.topic_id else None
    return names | ({own.id: own.name} if own else {})


def _tried(session: OrmSession, issue: Newsletter, typed: TypedOrder, order: Order, now: datetime) -> Sum:
    with session.begin_nested() as tried:
        placed = orders.place(session, issue.id, order, now)
        assert placed.send_at
        at = max(placed.send_at, now)
        order = replace(order, rule=placed.rule)
        foreign = [one.code for one in languages.known()[1:]]
        found = reckoned(
            session,
            placed,
            order.rule,
            order.with_course,
            at,
            order.topic_id,
            foreign,
        )
        first, last = send_times.span(session, placed)
        slow = pace.slowed(session, settings().relays, found.gets, at)
        decides_at = subject_trial.end(placed, placed.send_at) if order.trial else None
        told = promise.of(session, placed, order.rule, order.topic_id)
        in_archive = None if order_form.is_resend(placed) else placed.in_archive
        if in_archive is not None and typed.in_archive is not None:
            in_archive = typed.in_archive
        told_in = tongues(session, placed, found)
        theirs = and_(addressees.chosen(placed, at), subject_trial.reads_translation(issue.id))
        apart = addressees.count(session, theirs) if order.trial else 0
        answer = Sum(order, told, found, placed.send_at, first, last, slow, decides_at, in_archive, told_in, apart)
        tried.rollback()
    session.refresh(issue)
    return answer
