"""The ledger: every mail that a stranger may have caused by typing an address or following a forwarded link.

Written with the mail's plan, under `allowance.lock_address`, and read before the next one, whichever road that comes
by. It holds keyed hashes only and outlives erasure: or who is erased could be flooded afresh.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ARRAY, LargeBinary, any_, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from funnel.models.door import CausedMail
from funnel.models.mail import Message
from funnel.models.people import SignUp
from funnel.programme.history import among


def write(session: Session, mailbox_hash: bytes, template: str, at: datetime) -> None:
    """Notes that a mail leaves for this mailbox at that time."""
    session.add(CausedMail(mailbox_hash=mailbox_hash, template=template, at=at))
    session.flush()


def write_planned(session: Session, message_ids: Collection[int]) -> None:
    """Notes mails just planned, each for the mailbox of its sign-up and the time when it is due."""
    whose = func.coalesce(SignUp.mailbox_hash, SignUp.address_hash)
    planned = (
        select(whose, Message.template, Message.due_at)
        .join(SignUp, SignUp.id == Message.sign_up_id)
        .where(among(Message.id, message_ids))
        .order_by(Message.id)
    )
    session.execute(insert(CausedMail).from_select(["mailbox_hash", "template", "at"], planned))


def since(session: Session, mailboxes: Collection[bytes], then: datetime) -> dict[bytes, list[tuple[str, datetime]]]:
    """What was written after that time for each of these mailboxes that had anything: (template, when it was due)."""
    theirs = CausedMail.mailbox_hash == any_(literal(list(mailboxes), ARRAY(LargeBinary)))
    rows = select(CausedMail.mailbox_hash, CausedMail.template, CausedMail.at).where(theirs, CausedMail.at > then)
    found: dict[bytes, list[tuple[str, datetime]]] = {}
    for mailbox_hash, template, at in session.execute(rows):
        found.setdefault(mailbox_hash, []).append((template, at))
    return found


def strike(session: Session, mailbox_hash: bytes, template: str, then: datetime) -> None:
    """Takes out what was written from that time on: it did not leave."""
    session.execute(
        delete(CausedMail).where(
            CausedMail.mailbox_hash == mailbox_hash, CausedMail.template == template, CausedMail.at >= then
        )
    )
