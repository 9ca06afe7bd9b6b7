"""Word to whose account it is that it was changed: if it was somebody else, they hear of it."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from funnel.models.house import Owner
from funnel.models.mail import MessageKind, Queue
from funnel.programme import plan

TEMPLATE = "account_changed"
LIFE = timedelta(days=2)


def tell(session: Session, owner: Owner, now: datetime, address: str = "") -> None:
    """Plans the mail to `address`, the owner's present one when left out."""
    plan.plan(
        session,
        MessageKind.NOTICE,
        f"account:{owner.id}:{secrets.token_hex(8)}",
        template=TEMPLATE,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + LIFE,
        now=now,
        to_address=address or owner.email,
    )
