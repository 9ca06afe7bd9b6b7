"""Whose numbers: the people who signed up on some days, by a source and by a form where these are given."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, and_, true

from funnel.models.tallies import Journey, Tally


@dataclass(frozen=True)
class Whose:
    """From `first` (None: ever) to `last`, days of the practice's, both among them."""

    first: date | None
    last: date
    source: str | None = None  # None: any; '': one that was not named
    form_id: int | None = None
    besides: tuple[str, ...] = ()  # sources left out

    @property
    def condition(self) -> ColumnElement[bool]:
        """Which journeys are theirs."""
        return and_(
            Journey.day <= self.last,
            Journey.day >= self.first if self.first else true(),
            Journey.source == self.source if self.source is not None else true(),
            Journey.form_id == self.form_id if self.form_id else true(),
            Journey.source.not_in(self.besides) if self.besides else true(),
        )

    @property
    def tallied(self) -> ColumnElement[bool]:
        """Which tallies are of them: the same people, counted already."""
        return and_(
            Tally.day <= self.last,
            Tally.day >= self.first if self.first else true(),
            Tally.source == self.source if self.source is not None else true(),
            Tally.form_id == self.form_id if self.form_id else true(),
            Tally.source.not_in(self.besides) if self.besides else true(),
        )

    def on(self, first: date | None, last: date) -> "Whose":
        """The same on other days."""
        return replace(self, first=first, last=last)
