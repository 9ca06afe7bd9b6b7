"""Lines about what somebody got and did: courses, newsletters, clicks, bookings. Clicks are people's, not machines'."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from funnel.audience import conditions
from funnel.audience.line import Line, Named, found
from funnel.audience.line_values import Place
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import Link, LinkKind, Message
from funnel.models.people import Subscriber
from funnel.models.responses import Event
from funnel.programme import outgoing, readership
from funnel.programme.history import HAD

_STATES = {
    Place.NOW: EnrolmentState.ACTIVE,
    Place.FINISHED: EnrolmentState.FINISHED,
    Place.STOPPED: EnrolmentState.STOPPED,
    Place.EVER: None,
}


@dataclass(frozen=True)
class OnCourse(Line):
    kind = "on_course"
    course: int
    place: Place

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.on_course(self.course, _STATES[self.place]).holds

    def named(self, now: datetime) -> Named:
        known = conditions.on_course(self.course, _STATES[self.place])
        if known.found is not None:
            return found(known)
        about = select(Enrolment.subscriber_id).where(Enrolment.sequence_id == self.course)
        return Named((about if self.place is Place.EVER else about.where(Enrolment.state == EnrolmentState.ACTIVE),))


@dataclass(frozen=True)
class Awaits(Line):
    """This mail of a course is their next one."""

    kind = "awaits"
    step: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.awaits(self.step).holds

    def named(self, now: datetime) -> Named:
        return found(conditions.awaits(self.step))


@dataclass(frozen=True)
class NearlyBooked(Line):
    """Clicked a booking link, and has no booking."""

    kind = "nearly_booked"

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.nearly_booked().holds

    def named(self, now: datetime) -> Named:
        return Named(found(conditions.nearly_booked()).these, found(conditions.booked()).these)


@dataclass(frozen=True)
class Booked(Line):
    """Has a booking that is not cancelled."""

    kind = "booked"

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.booked().holds

    def named(self, now: datetime) -> Named:
        return found(conditions.booked())


@dataclass(frozen=True)
class Quiet(Line):
    """Confirmed more than so many days ago, and clicked nothing since then."""

    kind = "quiet"
    days: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        silent = conditions.quiet(now, timedelta(days=self.days)).holds
        return and_(Subscriber.confirmed_at.is_not(None), silent)  # its opposite must hold of all others

    def named(self, now: datetime) -> Named:
        since = now - timedelta(days=self.days)
        confirmed = select(Subscriber.id).where(Subscriber.confirmed_at <= since)
        return Named((confirmed,), (conditions.clicks().where(Event.at > since),))


@dataclass(frozen=True)
class Clicked(Line):
    """Clicked something in the last so many days."""

    kind = "clicked"
    days: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return _clicked(Event.at > now - timedelta(days=self.days))

    def named(self, now: datetime) -> Named:
        return Named((conditions.clicks().where(Event.at > now - timedelta(days=self.days)),))


@dataclass(frozen=True)
class GotIssue(Line):
    """Had this newsletter: it was sent to them, or it is on its way; in any of its wordings, and under another
    address, too, that was theirs."""

    kind = "got_issue"
    newsletter: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        own = exists().where(self._mail(), Message.subscriber_id == Subscriber.id)
        return or_(own, Subscriber.id.in_(self._by_pointer()))

    def named(self, now: datetime) -> Named:
        return Named((readership.of_issue(self.newsletter, HAD, self._by_pointer()),))

    def _mail(self) -> ColumnElement[bool]:
        return and_(Message.newsletter_id.in_(outgoing.names(self.newsletter)), Message.state.in_(HAD))

    def _by_pointer(self) -> Select[Any]:
        pointer = Subscriber.__table__.alias("pointer")
        theirs = exists().where(self._mail(), Message.subscriber_id == pointer.c.id)
        return select(pointer.c.merged_into_id).where(pointer.c.merged_into_id.is_not(None), theirs)


@dataclass(frozen=True)
class ClickedIssue(Line):
    """Clicked a link of this newsletter."""

    kind = "clicked_issue"
    newsletter: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return _clicked(Event.link_id.in_(self._links()))

    def named(self, now: datetime) -> Named:
        return Named((conditions.clicks().where(Event.link_id.in_(self._links())),))

    def _links(self) -> Select[Any]:
        return select(Link.id).where(
            Link.newsletter_id.in_(outgoing.names(self.newsletter)), Link.kind != LinkKind.CANARY
        )


def _clicked(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(conditions.IS_CLICK, which, Event.subscriber_id == Subscriber.id)
