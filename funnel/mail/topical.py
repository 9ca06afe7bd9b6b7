"""Whether a newsletter is about what its reader switched off a moment ago: the gate's last look.

The plan leaves such readers out and switching off skips what waits (audience/topics); what is planned at that very
moment is caught here. Only newsletters that have a topic are looked up: all other mails cost a comparison.
"""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, case, literal_column, null, select

from funnel.models.content import Newsletter
from funnel.models.mail import MessageKind
from funnel.models.topics import Unwanted

# Asked once a statement, and written out: for the partial index ix_newsletter_topical.
_TOPICAL: Any = literal_column("ARRAY(SELECT id FROM newsletter WHERE topic_id IS NOT NULL)", ARRAY(BigInteger))


def is_unwanted(due: Any) -> ColumnElement[bool]:
    mine = case((due.kind == MessageKind.NEWSLETTER, due.newsletter_id), else_=null())
    switched_off = (
        select(Unwanted.topic_id)
        .join(Newsletter, Newsletter.topic_id == Unwanted.topic_id)
        .where(Unwanted.subscriber_id == due.subscriber_id, Newsletter.id == due.newsletter_id)
        .correlate(due.subscriber_id.table)
        .exists()
    )
    # In this order: the second is asked only where the first holds.
    return case((mine == any_(_TOPICAL), switched_off), else_=literal_column("false"))
