"""What the DNS said of mail domains, kept for a while: most readers share a few."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.door import MailDomain, MailServer
from funnel.models.people import SignUp, SignUpState

GOOD_FOR = {
    MailServer.THERE: timedelta(days=7),
    MailServer.NONE: timedelta(hours=1),  # its owner may be mending it
    MailServer.UNKNOWN: timedelta(minutes=5),
}
KEPT = max(GOOD_FOR.values())


def unlooked(session: Session, sign_up_id: int, now: datetime) -> str | None:
    """The domain to be looked up before this sign-up is settled; None when that is known, or nothing leaves here."""
    if settings().local:  # its mails stay on this machine, and its addresses are made up
        return None
    domain = func.lower(func.split_part(SignUp.email, "@", 2))
    asked = (
        select(domain)
        .outerjoin(MailDomain, and_(MailDomain.domain == domain, _is_good(now)))
        .where(SignUp.id == sign_up_id, SignUp.state == SignUpState.NEW, MailDomain.domain.is_(None))
    )
    return session.scalar(asked) or None


def keep(session: Session, domain: str, answer: MailServer, now: datetime) -> None:
    """Keeps an answer. One that is unknown leaves an older one in force that still holds."""
    made = insert(MailDomain).values(domain=domain, answer=answer, looked_at=now)
    session.execute(
        made.on_conflict_do_update(
            index_elements=["domain"],
            set_={"answer": answer, "looked_at": now},
            where=or_(made.excluded.answer != MailServer.UNKNOWN, ~_is_good(now)),
        )
    )


def takes_no_mail(session: Session, email: str, now: datetime) -> bool:
    """Whether the DNS has said so lately."""
    domain = email.rpartition("@")[2].lower()
    found = select(MailDomain.answer).where(MailDomain.domain == domain, _is_good(now))
    return session.scalar(found) == MailServer.NONE


def _is_good(now: datetime) -> ColumnElement[bool]:
    since = case({answer: now - good for answer, good in GOOD_FOR.items()}, value=MailDomain.answer)
    return MailDomain.looked_at > since
