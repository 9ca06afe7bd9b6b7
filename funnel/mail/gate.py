"""The gate: what is done with a mail whose time has come, decided in the very statement that claims it (law 2).

Whoever left, booked, bounced or asked for a pause a moment ago is seen here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Interval,
    String,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause

from funnel.audience.topics import UNWANTED
from funnel.mail import topical
from funnel.models.content import Enrolment, EnrolmentState, NewsletterState
from funnel.models.mail import MARKETING, MessageKind, Queue
from funnel.models.people import Pace, SignUp, Subscriber, SubscriberState, Suppression, SuppressionReason
from funnel.models.sending import NEVER, MarketingStamp
from funnel.programme import calendar, settling

MONTHLY_DAYS = 28  # between two newsletters to somebody who asked for one a month


class Verdict(StrEnum):
    GO = "go"
    LATER = "later"  # as it is: its person gets another mail right now
    HOLD = "hold"  # not before another time
    SKIP = "skip"
    EXPIRE = "expire"


TOO_LATE = "it came too late to be of use"
QUIET = "waits: one tip or newsletter a person in 20 hours"
PAUSED_COURSE = "waits: they paused"
PAUSED = "they paused"
MONTHLY = "they asked for one newsletter a month and no course"
HAD_THIS_MONTH = "they asked for one newsletter a month, and had one"
SUPPRESSED = "the address is not to be mailed"
GONE = "the address was deleted"
DOMAIN_RESTS = "waits: the mail servers of this domain take no more for now"
DOMAIN_LOOK = timedelta(minutes=2)  # after which it is looked whether the domain still rests
CONFIRMED = "they have confirmed already"
COURSE_STOPPED = "the course was stopped: "
ENDED = {
    SubscriberState.PENDING: "they have not confirmed",
    SubscriberState.UNSUBSCRIBED: "they left",
    SubscriberState.BOUNCED: "the address does not take mail",
    SubscriberState.COMPLAINED: "they complained",
    SubscriberState.ERASED: GONE,
}

# Bound when the statement runs, so that it is built once a process.
_TIME = DateTime(timezone=True)
NOW = bindparam("now", type_=_TIME)
QUIET_SINCE = bindparam("quiet_since", type_=_TIME)
QUIET_FOR = bindparam("quiet_for", type_=Interval())
MONTH_SINCE = bindparam("month_since", type_=_TIME)
RESTING: Any = bindparam("resting", type_=ARRAY(String))  # domains


# Asked once a statement, and written out: for the partial indexes ix_newsletter_under_way and ix_newsletter_cancelled.
# A cancelled one counts for good: a worker that slept may give mails of it back long after it has ended.
_NAMED: Any = "ARRAY(SELECT id FROM newsletter WHERE state = '{}'{})"
IDLE: Any = literal_column(_NAMED.format(NewsletterState.PAUSED.value, " AND ended_at IS NULL"), ARRAY(BigInteger))
CALLED_OFF: Any = literal_column(_NAMED.format(NewsletterState.CANCELLED.value, ""), ARRAY(BigInteger))


@dataclass(frozen=True)
class Rule:
    """The first rule that holds decides. `until`: when a mail that is held may leave."""

    holds: ColumnElement[bool]
    verdict: Verdict
    reason: str | ColumnElement[str] = ""
    until: ColumnElement[Any] | None = None


def times(now: datetime) -> dict[str, Any]:
    """What NOW and the others stand for."""
    return {
        "now": now,
        "quiet_since": now - calendar.quiet(),
        "quiet_for": calendar.quiet(),
        "month_since": now - calendar.days(MONTHLY_DAYS),
    }


def judged(due: CTE) -> CTE:
    """The rows of `due` with the person's address, name and language, verdict, reason and, for those held, until.

    Each row is looked up for itself: left to itself, the planner reads whole tables to judge a thousand rows.
    """
    person, stamp = _person(due), _stamp(due)
    course, asked = (
        _one(due.c.enrolment_id, Enrolment, "state", "reason", "is_wish"),
        _one(due.c.sign_up_id, SignUp, "id", "confirmed_at", "address_hash"),
    )
    rules = _rules(due.c, person.c, stamp.c, course.c, asked.c)
    found = (
        select(
            due,
            person.c.email,
            person.c.first_name,
            person.c.language,
            _first(rules, [rule.verdict.value for rule in rules], Verdict.GO.value).label("verdict"),
            _first(rules, [rule.reason for rule in rules], "").label("reason"),
            case(*((rule.holds, rule.until) for rule in rules if rule.until is not None)).label("until"),
            due.c.kind.in_(MARKETING).label("marketing"),
        )
        .select_from(due)
        .outerjoin(person, true())
        .outerjoin(stamp, true())
        .outerjoin(course, true())
        .outerjoin(asked, true())
        .cte("judged")
        .prefix_with("MATERIALIZED")
    )
    return _one_each(found)


def _person(due: CTE) -> LateralFromClause:
    wanted = ("id", "email", "first_name", "language", "address_hash", "state", "pace", "paused_until")
    return (
        select(*(getattr(Subscriber, name) for name in wanted), Subscriber.mailable.label("mailable"))
        .where(Subscriber.id == due.c.subscriber_id)
        .limit(1)
        .lateral("person")
    )


def _stamp(due: CTE) -> LateralFromClause:
    return (
        select(MarketingStamp.at, MarketingStamp.message_id, MarketingStamp.newsletter_at)
        .where(MarketingStamp.subscriber_id == due.c.subscriber_id)
        .limit(1)
        .lateral("stamp")
    )


def _one(number: ColumnElement[Any], kind: Any, *wanted: str) -> LateralFromClause:
    found = select(*(getattr(kind, name) for name in wanted)).where(kind.id == number).limit(1)
    return found.lateral(f"one_{kind.__tablename__}")


def _rules(due: Any, person: Any, stamp: Any, course: Any, asked: Any) -> list[Rule]:
    resting = func.split_part(person.email, "@", 2) == any_(RESTING)
    return [
        *_for_newsletters(due),
        Rule(due.expires_at <= NOW, Verdict.EXPIRE, TOO_LATE),
        *_for_confirmations(due, person, asked),
        *_for_all_but_marketing(due, person, asked),
        *_for_marketing(due, person, stamp, course),
        Rule(resting, Verdict.HOLD, DOMAIN_RESTS, NOW + DOMAIN_LOOK),
    ]


def _for_newsletters(due: Any) -> list[Rule]:
    """An issue that the owner stopped. What waits for the owner does not come too late."""
    mine = case((due.kind == MessageKind.NEWSLETTER, due.newsletter_id), else_=null())
    return [
        Rule(mine == any_(IDLE), Verdict.HOLD, settling.HELD, literal(NEVER, _TIME)),
        Rule(mine == any_(CALLED_OFF), Verdict.SKIP, settling.CANCELLED),
    ]


def _for_confirmations(due: Any, person: Any, asked: Any) -> list[Rule]:
    asks = due.kind == MessageKind.CONFIRMATION
    return [
        Rule(and_(asks, asked.id.is_(None)), Verdict.SKIP, GONE),
        Rule(and_(asks, asked.confirmed_at.is_not(None)), Verdict.SKIP, CONFIRMED),
        Rule(and_(asks, person.state == SubscriberState.ACTIVE), Verdict.SKIP, CONFIRMED),
    ]


def _for_all_but_marketing(due: Any, person: Any, asked: Any) -> list[Rule]:
    """An erasure alone lets a fresh sign-up be answered; every other suppression is for good."""
    plain = due.kind.not_in(MARKETING)
    suppressed = (
        select(Suppression.address_hash)
        .where(
            Suppression.address_hash == func.coalesce(person.address_hash, asked.address_hash),
            Suppression.reason != SuppressionReason.ERASURE,
        )
        .correlate(person.id.table, asked.id.table)
        .exists()
    )
    return [
        Rule(and_(plain, person.id.is_not(None), person.email.is_(None)), Verdict.SKIP, GONE),
        Rule(and_(plain, suppressed), Verdict.SKIP, SUPPRESSED),
    ]


def _for_marketing(due: Any, person: Any, stamp: Any, course: Any) -> list[Rule]:
    step, newsletter = due.kind == MessageKind.STEP, due.kind == MessageKind.NEWSLETTER
    monthly, paused = person.pace == Pace.MONTHLY, person.paused_until > NOW
    ended = case(*((person.state == state, why) for state, why in ENDED.items()), else_=SUPPRESSED)
    stopped = literal(COURSE_STOPPED, String) + func.coalesce(course.reason, literal(""))
    # A mail that is tried again is not held back by its own first try.
    another = stamp.message_id != due.id
    had_one = and_(stamp.newsletter_at > MONTH_SINCE, another)
    had_another = and_(due.queue == Queue.BULK, stamp.at > QUIET_SINCE, another)
    return [
        Rule(and_(due.kind.in_(MARKETING), person.mailable.is_not(true())), Verdict.SKIP, ended),
        Rule(topical.is_unwanted(due), Verdict.SKIP, UNWANTED),
        Rule(course.state == EnrolmentState.STOPPED, Verdict.SKIP, stopped),
        Rule(and_(step, monthly, course.is_wish.is_not(true())), Verdict.SKIP, MONTHLY),
        Rule(and_(newsletter, paused), Verdict.SKIP, PAUSED),
        Rule(and_(step, paused), Verdict.HOLD, PAUSED_COURSE, person.paused_until),
        Rule(and_(newsletter, monthly, had_one), Verdict.SKIP, HAD_THIS_MONTH),
        Rule(
            and_(due.kind.in_(MARKETING), had_another),
            Verdict.HOLD,
            QUIET,
            stamp.at + QUIET_FOR,
        ),
    ]


def _one_each(found: CTE) -> CTE:
    """Of several tips and newsletters to one person only the first goes; the next claim holds the others."""
    going = and_(found.c.marketing, found.c.verdict == Verdict.GO.value)
    place = func.row_number().over(partition_by=(found.c.subscriber_id, going), order_by=(found.c.due_at, found.c.id))
    ranked = select(found, case((going, place), else_=1).label("place")).cte("ranked")
    others = [column for column in ranked.c if column.key not in {"verdict", "place"}]
    verdict = case((ranked.c.place > 1, Verdict.LATER.value), else_=ranked.c.verdict).label("verdict")
    return select(*others, verdict).cte("verdicts")


def _first(rules: list[Rule], outcomes: list[Any], otherwise: str) -> ColumnElement[str]:
    whens = [(rule.holds, outcome) for rule, outcome in zip(rules, outcomes, strict=True)]
    return case(*whens, else_=otherwise)
