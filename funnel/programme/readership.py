"""Readership: whose mails of an issue stand in a certain state, exact, without a look at each of a million mails.

Their ids are kept where mails are counted, by blocks (MailTally.people). A block of which anything changed, or came,
since it was counted (`_loose`) is read from its mails instead. Both in one statement, and so of one moment.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    any_,
    func,
    literal_column,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.sql.selectable import CTE

from funnel.models.mail import Message, MessageState
from funnel.models.tallies import BLOCK, BLOCKS, MAILS, Gap, MailTally, Reading, Stale
from funnel.programme import outgoing


def of_issue(issue_id: int, states: Collection[MessageState], *more: Select[Any]) -> Select[Any]:
    """The people, and `more` (selects of ids), as rows of many ids each (`packed`). One who has mails of several
    wordings of the issue in one of `states` may be named as often.
    """
    ids = any_(func.array(outgoing.names(issue_id).scalar_subquery(), type_=ARRAY(BigInteger)))
    loose = _loose(ids)
    counted = select(MailTally.people.label("packed")).where(
        MailTally.newsletter_id == ids, MailTally.state.in_(states), MailTally.block.not_in(select(loose.c.block))
    )
    mails = select(Message.newsletter_id, Message.state, Message.subscriber_id)
    mails = mails.where(Message.id >= loose.c.block * BLOCK, Message.id < (loose.c.block + 1) * BLOCK)
    each = mails.offset(0).lateral()  # block by block, whatever their number is thought to be
    read = select(packed(each.c.subscriber_id)).select_from(loose).join(each, true())
    read = read.where(each.c.newsletter_id == ids, each.c.state.in_(states), each.c.subscriber_id.is_not(None))
    others = (select(packed(ids.c[0])) for ids in (one.subquery() for one in more))
    return select(counted.union_all(read, *others).subquery().c.packed)


def packed(ids: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Them, of all rows, eight bytes each: as they are kept."""
    return func.string_agg(func.int8send(ids), literal_column("''::bytea"), type_=BYTEA)


def _loose(ids: Any) -> CTE:
    """The blocks that do not stand in the tallies as they are now: see insight/tallies."""
    mails = select((func.unnest(Stale.ids, type_=BigInteger) // BLOCK).label("block")).where(Stale.what == MAILS)
    blocks = select(func.unnest(Stale.ids, type_=BigInteger)).where(Stale.what == BLOCKS)
    late = select(func.generate_series(Gap.first_id // BLOCK, Gap.last_id // BLOCK)).where(Gap.name == "message")
    read_to = select(func.max(Reading.last_id)).where(Reading.name == "message").scalar_subquery()
    newest = select(func.max(Message.id)).scalar_subquery()
    new = select(func.generate_series(func.coalesce(read_to, 0) // BLOCK, newest // BLOCK))
    unkept = select(MailTally.block).where(MailTally.newsletter_id == ids, MailTally.people.is_(None))
    return union(mails, blocks, late, new, unkept).cte()
