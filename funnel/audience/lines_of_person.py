"""Lines about who somebody is and how they came."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, select, true

from funnel.audience import conditions
from funnel.audience.line import Line, Named, found
from funnel.models.people import Pace, Subscriber


@dataclass(frozen=True)
class Everybody(Line):
    kind = "everybody"

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return true()

    def named(self, now: datetime) -> Named:
        return Named()


@dataclass(frozen=True)
class CameBy(Line):
    """By this post or ?src= at first; '' for none named."""

    kind = "came_by"
    source: str

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.came_by(self.source).holds


@dataclass(frozen=True)
class ByForm(Line):
    kind = "by_form"
    form: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return and_(Subscriber.form_id.is_not(None), conditions.by_form(self.form).holds)  # its opposite must hold too


@dataclass(frozen=True)
class Tagged(Line):
    kind = "tagged"
    tag: int

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.tagged(self.tag).holds

    def named(self, now: datetime) -> Named:
        return found(conditions.tagged(self.tag))


@dataclass(frozen=True)
class Joined(Line):
    """Signed up on one of these days, both counted in."""

    kind = "joined"
    since: date | None
    until: date | None

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.joined(self.since, self.until).holds


@dataclass(frozen=True)
class AtPace(Line):
    """Asked for all mails, or for one a month."""

    kind = "pace"
    pace: Pace

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return Subscriber.pace == self.pace


@dataclass(frozen=True)
class Called(Line):
    """Words of their address or name begin so."""

    kind = "called"
    words: str

    def holds(self, now: datetime) -> ColumnElement[bool]:
        return conditions.begins(self.words.split()).holds

    def named(self, now: datetime) -> Named:
        words = self.words.split()
        known = conditions.begins(words)
        if known.found is None:
            return Named((select(Subscriber.id).where(known.holds),))
        return Named((known.found.where(*conditions.as_typed(words)),))


@dataclass(frozen=True)
class InSegment(Line):
    """Is in a saved segment. It is unfolded before anybody is asked (`segments.unfolded`)."""

    kind = "segment"
    segment: int
