"""What a line of a rule is: one thing said of a person.

A line can be asked of one person (`holds`), and names by indexes everybody of whom it is true (`named`); both say the
same of everybody, which a test holds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, select

from funnel.audience.conditions import Condition
from funnel.models.people import Subscriber


@dataclass(frozen=True)
class Named:
    """Who is in all of `these`, and in none of `others`. No `these`: everybody.

    Each is a select of ids, or of bytes, which are many of them (`readership.packed`).
    """

    these: tuple[Select[Any], ...] = ()
    others: tuple[Select[Any], ...] = ()


@dataclass(frozen=True)
class Line:
    """One line. Its fields are the keys of its JSON, beside `is`, which is its `kind`."""

    kind: ClassVar[str]

    def holds(self, now: datetime) -> ColumnElement[bool]:
        """The line as a condition on Subscriber."""
        raise NotImplementedError

    def named(self, now: datetime) -> Named:
        """The line as sets of their ids."""
        return Named((select(Subscriber.id).where(self.holds(now)),))


def found(known: Condition) -> Named:
    """Whom the condition finds by its index, which must be no others."""
    assert known.found is not None
    return Named((known.found,))
