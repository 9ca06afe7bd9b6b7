"""What is told of one person: an entry of their story, and how each sort of them is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.orm import Session

from funnel.programme.history import among


@dataclass(frozen=True)
class Entry:
    """One thing that happened; `kind` is one of timeline.KINDS."""

    at: datetime
    kind: str
    words: str
    detail: str = ""


@dataclass(frozen=True)
class Told:
    """Whose story is read, and how much of it: at most `most` entries of a sort, those before `before`.

    `ids`: the person, and whoever was merged into them.
    """

    session: Session
    ids: list[int]
    before: datetime | None
    most: int

    def newest(self, query: Select[*tuple[Any, ...]], whose: Any, at: Any) -> list[Row[*tuple[Any, ...]]]:
        """The newest rows of `query` of which `whose` is the person and `at` the time; all of them without `at`."""
        return self.rows(query.where(among(whose, self.ids)), at)

    def rows(self, query: Select[*tuple[Any, ...]], at: Any) -> list[Row[*tuple[Any, ...]]]:
        if at is None:
            return list(self.session.execute(query))
        if self.before is not None:
            query = query.where(at < self.before)
        return list(self.session.execute(query.order_by(at.desc()).limit(self.most)))
