"""The ledger: every mail that a stranger may have caused by typing an address or following a forwarded link.

Written with the mail's plan, under `allowance.lock_address`, and read before the next one, whichever road that comes
by. It holds keyed hashes only and outlives erasure: or who is erased could be flooded afresh.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from funnel.models.door import CausedMail


def write(session: Session, mailbox_hash: bytes, template: str, at: datetime) -> None:
    """Notes that a mail leaves for this mailbox at that time."""
    session.add(CausedMail(mailbox_hash=mailbox_hash, template=template, at=at))
    session.flush()


def since(session: Session, mailbox_hash: bytes, then: datetime) -> tuple[tuple[str, datetime], ...]:
    """What was written for this mailbox after that time: (template, when it was or will be due)."""
    mails = select(CausedMail.template, CausedMail.at).where(
        CausedMail.mailbox_hash == mailbox_hash, CausedMail.at > then
    )
    return tuple((template, at) for template, at in session.execute(mails))


def strike(session: Session, mailbox_hash: bytes, template: str, then: datetime) -> None:
    """Takes out what was written from that time on: it did not leave."""
    session.execute(
        delete(CausedMail).where(
            CausedMail.mailbox_hash == mailbox_hash, CausedMail.template == template, CausedMail.at >= then
        )
    )
