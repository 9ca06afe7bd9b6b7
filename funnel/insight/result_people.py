"""Who is behind each number of an issue's results: the number is the count of them.

Lists are read by the numbers of their rows before the people are, so that a far page of a million is as near as the
first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from funnel.insight.behind import Person
from funnel.insight.paging import PAGE_ROWS, Page
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.tallies import BLOCK, IssueOutcome, MailTally, OutcomeKind
from funnel.programme.history import among

AT_ONCE = 1_000  # people of a file held in memory


@dataclass(frozen=True)
class Accepted:
    """Those whose mail of these newsletters a relay took, found in the blocks of mails that hold them."""

    newsletters: Sequence[int]

    def total(self, session: Session) -> int:
        return sum(mails for _, mails in self._blocks(session))

    def slice(self, session: Session, skip: int, limit: int) -> list[int]:
        found: list[int] = []
        for block, mails in self._blocks(session):
            if skip >= mails:
                skip -= mails
                continue
            rows = self._of(block).offset(skip).limit(limit - len(found))
            found += [number for number in session.scalars(rows) if number]
            skip = 0
            if len(found) == limit:
                break
        return found

    def all(self, session: Session) -> Iterator[list[int]]:
        for block, _ in self._blocks(session):
            yield [number for number in session.scalars(self._of(block)) if number]

    def _blocks(self, session: Session) -> list[tuple[int, int]]:
        mine = (among(MailTally.newsletter_id, self.newsletters), MailTally.kind == MessageKind.NEWSLETTER)
        blocks = select(MailTally.block, func.sum(MailTally.mails)).where(*mine, MailTally.state == MessageState.SENT)
        rows = session.execute(blocks.group_by(MailTally.block).order_by(MailTally.block.desc()))
        return [(block, int(mails)) for block, mails in rows]

    def _of(self, block: int) -> Select[int | None]:
        within = (Message.id >= block * BLOCK, Message.id < (block + 1) * BLOCK)
        mine = (among(Message.newsletter_id, self.newsletters), Message.kind == MessageKind.NEWSLETTER)
        mails = select(Message.subscriber_id).where(*within, *mine, Message.state == MessageState.SENT)
        return mails.order_by(Message.id.desc())


@dataclass(frozen=True)
class Told:
    """Those of a select of subscribers' ids, each once."""

    ids: Select[Any]

    def total(self, session: Session) -> int:
        return session.scalars(select(func.count()).select_from(self.ids.subquery())).one()

    def slice(self, session: Session, skip: int, limit: int) -> list[int]:
        return list(session.scalars(self._newest_first().offset(skip).limit(limit)))

    def all(self, session: Session) -> Iterator[list[int]]:
        yield from map(list, session.scalars(self._newest_first()).partitions(AT_ONCE))

    def _newest_first(self) -> Select[Any]:
        return self.ids.order_by(self.ids.selected_columns[0].desc())


def came(newsletters: Sequence[int], which: OutcomeKind) -> Told:
    """With whom that came of any of these newsletters."""
    mine = (among(IssueOutcome.newsletter_id, newsletters), IssueOutcome.which == which)
    ids = select(IssueOutcome.subscriber_id).where(*mine)
    return Told(ids if len(newsletters) == 1 else ids.distinct())


def page(session: Session, people: Accepted | Told, number: int) -> Page[Person]:
    """A page of them, the newest first; past the end, the last."""
    total = people.total(session)
    shown = min(max(number, 1), Page((), total, 1).pages)
    ids = people.slice(session, (shown - 1) * PAGE_ROWS, PAGE_ROWS)
    return Page(_persons(session, ids), total, shown, number)


def rows(session: Session, people: Accepted | Told) -> Iterator[Person]:
    """All of them, in constant memory."""
    for ids in people.all(session):
        for at in range(0, len(ids), AT_ONCE):
            yield from _persons(session, ids[at : at + AT_ONCE])


def _persons(session: Session, ids: Sequence[int]) -> list[Person]:
    columns = select(Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.state)
    found = {row[0]: Person(*row) for row in session.execute(columns.where(among(Subscriber.id, ids)))}
    return [found[number] for number in ids if number in found]
