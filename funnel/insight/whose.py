"""Whose numbers: the people who signed up on some days, by a source and by a form where these are given."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, and_, true

from funnel.models.tallies import Arrival, Journey, Tally


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
        return self._of(Journey)

    @property
    def tallied(self) -> ColumnElement[bool]:
        """Which tallies are of them: the same people, counted already."""
        return self._of(Tally)

    @property
    def arrived(self) -> ColumnElement[bool]:
        """Which arrivals are theirs: enough where it does not matter how far they have come."""
        return self._of(Arrival)

    def on(self, first: date | None, last: date) -> "Whose":
        """The same on other days."""
        return replace(self, first=first, last=last)

    def _of(self, table: type[Journey] | type[Tally] | type[Arrival]) -> ColumnElement[bool]:
        return and_(
            table.day <= self.last,
            table.day >= self.first if self.first else true(),
            table.source == self.source if self.source is not None else true(),
            table.form_id == self.form_id if self.form_id else true(),
            table.source.not_in(self.besides) if self.besides else true(),
        )
