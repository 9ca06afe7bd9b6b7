"""Journals as dead processes leave them."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from funnel.mail import abandoned, claim, journal, reap
from funnel.mail.abandoned import Found
from funnel.mail.journal import Journal, answer, dot
from funnel.mail.replies import Reply, Stage
from funnel.models.mail import Message, Queue
from tests.conftest import NOW
from tests.mail_cast import in_step

LATER = NOW + timedelta(minutes=1)

TAKEN = Reply(Stage.DOT, 250, "2.0.0 Ok: queued as 4XyZ")
REFUSED = Reply(Stage.RCPT, 550, "5.1.1 No such “person” here")
RECORDS = [dot(7, 1), answer(7, 1, TAKEN) + dot(7, 2), answer(8, 3, REFUSED)]


def left_behind(folder: Path, *records: bytes) -> Path:
    """A journal as a dead process leaves it."""
    book = Journal(folder)
    for record in records:
        book.write(record)
    book.close(keep=True)
    return book.path


def only(folder: Path) -> Found:
    (found,) = abandoned.journals(folder)
    return found


class Dead:
    """A process that claimed what was due, wrote its journal, and was killed."""

    def __init__(self, session: Session, queue: Queue = Queue.BULK) -> None:
        in_step(session)
        self.session = session
        self.book = Journal(journal.folder())
        self.claim_id = claim.new_id(session)
        self.held = claim.claim(session, queue, NOW, 100, self.claim_id, self.book.name) or []
        session.commit()
        session.expire_all()

    def dot(self, message: Message) -> None:
        self.book.write(dot(self.claim_id, message.id))

    def answer(self, message: Message, reply: Reply) -> None:
        self.book.write(answer(self.claim_id, message.id, reply))

    def replayed(self, now: datetime = LATER) -> int:
        """Has it found and replayed by another one; returns how many mails were settled."""
        self.book.close(keep=True)
        settled = [reap.replay(self.session, found, now) for found in abandoned.journals(journal.folder())]
        self.session.commit()
        self.session.expire_all()
        return sum(settled)
