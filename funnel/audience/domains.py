"""What the DNS said of mail domains, kept for a while: most readers share a few."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.door import MailDomain, MailServer
from funnel.models.people import SignUp, SignUpState
from funnel.programme.history import among

GOOD_FOR = {
    MailServer.THERE: timedelta(days=7),
    MailServer.NONE: timedelta(hours=1),  # its owner may be mending it
    MailServer.UNKNOWN: timedelta(minutes=5),
}
KEPT = max(GOOD_FOR.values())


def unlooked(session: Session, sign_up_ids: Collection[int], now: datetime) -> dict[str, list[int]]:
    """The domains to be looked up before these sign-ups are settled, each with whose it is.

    None that is known, and none at all where nothing leaves this machine.
    """
    if settings().local:  # its mails stay on this machine, and its addresses are made up
        return {}
    domain = func.lower(func.split_part(SignUp.email, "@", 2))
    asked = (
        select(domain, SignUp.id)
        .outerjoin(MailDomain, and_(MailDomain.domain == domain, _is_good(now)))
        .where(among(SignUp.id, sign_up_ids), SignUp.state == SignUpState.NEW, MailDomain.domain.is_(None))
        .order_by(SignUp.id)
    )
    found: dict[str, list[int]] = {}
    for name, sign_up_id in session.execute(asked):
        if name:
            found.setdefault(name, []).append(sign_up_id)
    return found


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


def without_mail(session: Session, emails: Collection[str], now: datetime) -> set[str]:
    """Which of these addresses can get no mail: the DNS has said so lately of their domains."""
    of = {email: email.rpartition("@")[2].lower() for email in emails}
    asked = MailDomain.domain == any_(literal(sorted(set(of.values())), ARRAY(Text)))
    none = select(MailDomain.domain).where(asked, _is_good(now), MailDomain.answer == MailServer.NONE)
    found = set(session.scalars(none))
    return {email for email, domain in of.items() if domain in found}


def _is_good(now: datetime) -> ColumnElement[bool]:
    since = case({answer: now - good for answer, good in GOOD_FOR.items()}, value=MailDomain.answer)
    return MailDomain.looked_at > since
