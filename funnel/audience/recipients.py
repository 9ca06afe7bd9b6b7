"""Who gets an issue: the people of a rule who may be mailed, but for those still in a course."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, true

from funnel.audience import rule as rules
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import Subscriber
from funnel.models.topics import Unwanted


def condition(rule: dict[str, Any] | None, with_course: bool, now: datetime) -> ColumnElement[bool]:
    """Who is to get it, as a condition on Subscriber; `rule` None: everybody. What the gate says later is not in it.

    `with_course`: also who is in a course now. A rule that names saved segments is unfolded before that
    (`segments.unfolded`). Raises RuleError for one that is not, or that makes no sense.
    """
    chosen = rules.condition(rules.read(rule), now) if rule is not None else true()
    return and_(Subscriber.mailable, chosen, *(() if with_course else (~in_course(),)))


def in_course() -> ColumnElement[bool]:
    """Mails of a course are still to come to them."""
    return exists().where(Enrolment.subscriber_id == Subscriber.id, Enrolment.state == EnrolmentState.ACTIVE)


def switched_off(topic_id: int) -> ColumnElement[bool]:
    """They do not want newsletters about it."""
    return exists().where(Unwanted.topic_id == topic_id, Unwanted.subscriber_id == Subscriber.id)
