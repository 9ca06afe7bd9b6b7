"""Counted: a number of people, counted up to MOST, so that a page stays quick."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

MOST = 10_000


@dataclass(frozen=True)
class Counted:
    """A number of people. `more`: there are more than it says."""

    people: int
    more: bool = False

    def __add__(self, other: "Counted") -> "Counted":
        people = self.people + other.people
        return Counted(min(people, MOST), self.more or other.more or people > MOST)

    def __bool__(self) -> bool:
        return self.people > 0


@dataclass(frozen=True)
class Sample:
    """How many people, of those looked at. `more`: there are others, who were not."""

    people: int
    of: int
    more: bool

    def __bool__(self) -> bool:
        return self.more or self.people > 0


def count(session: Session, rows: Select[int]) -> Counted:
    """How many rows there are, up to MOST."""
    found = session.scalars(select(func.count()).select_from(rows.limit(MOST + 1).subquery())).one()
    return Counted(min(found, MOST), found > MOST)
