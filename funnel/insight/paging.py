"""Long lists, a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.programme.history import among

PAGE_ROWS = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. Pages count from 1; an empty list has one, which is empty. `asked` is the page wanted."""

    rows: Sequence[Row]
    total: int
    page: int
    asked: int = field(default=1, compare=False)

    @property
    def is_past_the_end(self) -> bool:
        """A page was asked for that there is not; this is the last."""
        return self.asked > self.page

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_ROWS))


def paged(
    session: Session,
    query: Select[*tuple[Any, ...]],
    row: Callable[..., Row],
    page: int,
    total: int | None = None,
    key: InstrumentedAttribute[int] | None = None,
    ids: Select[*tuple[Any, ...]] | None = None,
) -> Page[Row]:
    """The rows of `query` on `page`, each made by `row` from its columns; a page past the end is the last.

    `total`: how many there are, where that can be known without counting them. `key`: a unique column by which the
    rows of a far page are found before the rest of them is read. `ids`: all of its values, in the order of the list;
    then the rows of every page are found by it, and each of its values must have one.
    """
    if total is None:
        every = (query if ids is None else ids).order_by(None).subquery()
        total = session.scalars(select(func.count()).select_from(every)).one()
    asked, page = page, at_most(page, total)
    wanted = query.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
    if key is not None and (ids is not None or page > 1):
        keys = wanted.with_only_columns(key) if ids is None else ids.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
        wanted = query.where(among(key, session.scalars(keys).all()))
    found = session.execute(wanted)
    return Page([row(*columns) for columns in found], total, page, asked)


def at_most(page: int, total: int) -> int:
    """The page of a list of `total` rows that is shown when `page` is asked for."""
    return min(max(page, 1), Page((), total, 1).pages)
