"""The reckoning before a newsletter is sent: who of a segment will get it, and why the others will not.

It says what the gate (mail/gate) would say of each mail at that time, and a test holds the two together. Nobody stands
in two of its numbers: `segment` = `gets` + `in_course` + all of `left_out`. Of those who get it, `later` had another
tip or newsletter less than 20 hours before; theirs waits, until the last has it at `until`.
"""

import functools
import operator
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from funnel.audience import counting, segments
from funnel.audience.counting import ENDED, IN_COURSE, MAILABLE, MUTE, REACHABLE
from funnel.audience.crowd import Crowd
from funnel.audience.line import Named
from funnel.audience.remembered import Key
from funnel.audience.rule import Plain
from funnel.audience.topics import UNWANTED
from funnel.mail import gate
from funnel.models.people import Pace, Subscriber, SubscriberState
from funnel.models.sending import MarketingStamp
from funnel.models.topics import Unwanted
from funnel.programme import calendar
from funnel.programme.history import among

PAUSED, HAD, LATELY, ONLY, OFF = "paused", "had one this month", "had a mail lately", "only", "switched off"


@dataclass(frozen=True)
class Reckoning:
    """All are numbers of people. `left_out`: by the gate's words, those that are none left away."""

    at: datetime
    segment: int
    gets: int
    in_course: int
    left_out: dict[str, int] = field(default_factory=dict)
    later: int = 0
    until: datetime | None = None
    languages: dict[str, int] = field(default_factory=dict)  # of those who get it, as far as it was asked


def reckon(
    session: Session,
    rule: Plain | None,
    with_course: bool,
    at: datetime,
    only: ColumnElement[bool] | None = None,
    topic_id: int | None = None,
    spoken: Collection[str] = (),
) -> Reckoning:
    """For a newsletter to the people of `rule` (None: everybody), sent at `at`, as things are now: read anew, exact.

    `with_course`: to those still in a course too. `only`: a condition on Subscriber; nobody else is meant. `topic_id`:
    what it is about. `spoken`: languages of which it is asked how many of those who get it read them. Raises RuleError
    where the rule cannot be asked.
    """
    chosen = None if rule is None else segments.read(session, rule)
    ended = {state: counting.in_state(state) for state in ENDED}
    keys: list[Key] = [MAILABLE, IN_COURSE, REACHABLE, MUTE, *ended.values(), *counting.leaves(chosen)]
    also = _held_back(at) | _only(only) | _off(topic_id) | {f"reads {code}": _reads(code) for code in spoken}
    crowds, _ = counting.read(session, keys, at, exact=True, also=also)
    states = {state: crowds[key] for state, key in ended.items()}
    states[SubscriberState.ACTIVE] = crowds[REACHABLE] | crowds[MUTE]
    known = functools.reduce(operator.or_, states.values(), Crowd())
    people = counting.meeting(chosen, crowds, known if only is None else known & crowds[ONLY])
    reachable = people & crowds[MAILABLE]
    off = reachable & crowds[OFF] if topic_id else Crowd()
    beyond, reachable = people - reachable, reachable - off
    held = Crowd() if with_course else reachable & crowds[IN_COURSE]
    paused = (reachable - held) & crowds[PAUSED]
    had = (reachable - held - paused) & crowds[HAD]
    gets = reachable - held - paused - had
    left_out = {gate.ENDED.get(state, gate.SUPPRESSED): beyond & theirs for state, theirs in states.items()}
    left_out |= {UNWANTED: off, gate.PAUSED: paused, gate.HAD_THIS_MONTH: had}
    waits = gets & crowds[LATELY]
    return Reckoning(
        at,
        len(people),
        len(gets),
        len(held),
        {why: len(who) for why, who in left_out.items() if len(who)},
        len(waits),
        _until(session, waits, at),
        {code: len(gets & crowds[f"reads {code}"]) for code in spoken},
    )


def _held_back(at: datetime) -> dict[str, Named]:
    """Who paused, who wants one newsletter a month and had one, and who had a mail so lately that the next waits."""
    month = MarketingStamp.newsletter_at > at - calendar.days(gate.MONTHLY_DAYS)
    theirs = select(MarketingStamp.subscriber_id).where(MarketingStamp.subscriber_id == Subscriber.id, month)
    return {
        PAUSED: Named((select(Subscriber.id).where(Subscriber.paused_until > at),)),
        HAD: Named((select(Subscriber.id).where(Subscriber.pace == Pace.MONTHLY, theirs.exists()),)),
        LATELY: Named((select(MarketingStamp.subscriber_id).where(_lately(at)),)),
    }


def _only(only: ColumnElement[bool] | None) -> dict[str, Named]:
    return {} if only is None else {ONLY: Named((select(Subscriber.id).where(only),))}


def _off(topic_id: int | None) -> dict[str, Named]:
    off = select(Unwanted.subscriber_id).where(Unwanted.topic_id == topic_id)
    return {OFF: Named((off,))} if topic_id else {}


def _reads(code: str) -> Named:
    return Named((select(Subscriber.id).where(Subscriber.language == code),))


def _until(session: Session, waits: Crowd, at: datetime) -> datetime | None:
    if not len(waits):
        return None
    last = select(func.max(MarketingStamp.at)).where(_lately(at), among(MarketingStamp.subscriber_id, list(waits)))
    return session.scalars(last).one() + calendar.quiet()


def _lately(at: datetime) -> ColumnElement[bool]:
    return MarketingStamp.at > at - calendar.quiet()
