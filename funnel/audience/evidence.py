"""Evidence: what one person agreed to, was shown, chose and withdrew, in the order it happened.

What was shown is read from the form's revisions, as it stood at that moment; the words that were agreed to are kept
with each line itself. Of somebody erased the lines stay, without networks and browsers: they show that consent was
given and withdrawn, and name nobody. Of each sort the newest MOST are told, and a line says so where there are more.
"""

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience import letting_in, pointer, sentences, shown, suppression, witness
from funnel.audience.shown import Shown
from funnel.models.bulk import BulkChange, BulkJob
from funnel.models.choices_made import Choice
from funnel.models.former import FormerAddress
from funnel.models.house import AuditEntry
from funnel.models.people import Consent, ConsentKind, Form, SignUp, Subscriber
from funnel.programme.history import among

MOST = 1000  # of a sort: more than one person makes
CUT = "There are older lines of the sort that ends here, which are kept and not told"
LOOKS = "looked at the evidence of a person’s consent"
SAID = {
    ConsentKind.ASKED: "Asked for the mails",
    ConsentKind.CONFIRMED: "Confirmed the address",
    ConsentKind.WITHDREW: "Withdrew",
    ConsentKind.IMPORTED: "Agreed before, as the owner says",
}
ANOTHER = "Confirmed another course"
HOW = {"form": "by the form", "complaint": "called a mail spam"}
OWNERS = ("by the owner", "the owner, for many at once")  # ways to withdraw that were none of the reader's


@dataclass(frozen=True)
class Line:
    """`kind` and `detail` are for programs, the others for people."""

    at: datetime
    kind: str
    said: str
    by: str  # reader, owner, or the service
    how: str = ""
    agreed_to: str = ""
    shown: Shown | None = None
    source: str = ""
    network: str = ""
    agent: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def of(session: Session, subscriber_id: int) -> list[Line]:
    """Everything that bears on whether and how this person wished to be written to; the oldest first."""
    ids = pointer.all_of(session, subscriber_id)
    sorts = (_consents, _choices, _addresses, _owners, _let_in, _many)
    lines = [line for sort in sorts for line in reversed(_newest(sort(session, ids)))]
    return sorted(lines, key=lambda line: line.at)


def told(session: Session, subscriber_id: int) -> list[dict[str, Any]]:
    """The same ready for JSON, with the words that programs go by."""
    return [asdict(line) | {"at": line.at.isoformat()} for line in of(session, subscriber_id)]


def not_mailed_because(session: Session, person: Subscriber) -> str:
    """Why the address may not be mailed, whatever the state; '' when it may."""
    return str(suppression.reason(session, person.address_hash) or "") if person.address_hash else ""


def _newest(lines: Iterator[Line]) -> list[Line]:
    """The first MOST of one sort, which come newest first; and one that tells of a cut, before the oldest of them."""
    found = list(itertools.islice(lines, MOST + 1))
    if len(found) <= MOST:
        return found
    return [*found[:MOST], Line(found[MOST].at, "cut", CUT, "the service", detail={"told": MOST})]


def _consents(session: Session, ids: list[int]) -> Iterator[Line]:
    query = (
        select(Consent, Form, SignUp.created_at, SignUp.source)
        .outerjoin(Form, Form.id == Consent.form_id)
        .outerjoin(SignUp, SignUp.id == Consent.sign_up_id)
        .where(among(Consent.subscriber_id, ids))
        .order_by(Consent.id.desc())
        .limit(MOST + 1)
    )
    for line, form, signed_up_at, source in session.execute(query):
        yield Line(
            at=line.at,
            kind=f"consent: {line.kind}",
            said=ANOTHER if line.how == witness.FOR_ANOTHER else SAID[line.kind],
            by="owner" if line.kind is ConsentKind.IMPORTED or line.how in OWNERS else "reader",
            how=HOW.get(line.how, line.how),
            agreed_to=line.wording,
            shown=_shown(session, line, form, signed_up_at or line.at) if form else None,
            detail={"how": line.how},
            source=source or "",
            network=line.network or "",
            agent=line.agent or "",
        )


def _shown(session: Session, line: Consent, form: Form, signed_up_at: datetime) -> Shown | None:
    """What they saw when they asked or confirmed; None where they saw no form, or a page whose words are not known."""
    if line.kind is ConsentKind.ASKED and line.how == witness.BY_FORM:
        return shown.of(session, form, signed_up_at)
    if line.kind is ConsentKind.CONFIRMED and line.how in witness.BUTTONS:
        return shown.on_confirming(session, form, signed_up_at, line.wording)
    return None


def _choices(session: Session, ids: list[int]) -> Iterator[Line]:
    query = select(Choice).where(among(Choice.subscriber_id, ids)).order_by(Choice.id.desc()).limit(MOST + 1)
    for row in session.scalars(query):
        said, how = sentences.chosen(row.chose, row.detail), sentences.pressed(row.detail)
        yield Line(row.at, f"choice: {row.chose}", said, "reader", how=how, detail=row.detail)


def _addresses(session: Session, ids: list[int]) -> Iterator[Line]:
    query = select(FormerAddress.until).where(among(FormerAddress.subscriber_id, ids))
    for until in session.scalars(query.order_by(FormerAddress.until.desc()).limit(MOST + 1)):
        said = "Another address was kept until now, of which only a code is left"
        yield Line(until, "former address", said, "the service")


def _owners(session: Session, ids: list[int]) -> Iterator[Line]:
    whose = AuditEntry.detail["subscriber"].astext.in_([str(number) for number in ids])
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.detail).where(
        AuditEntry.detail.has_key("subscriber"), whose, AuditEntry.action != LOOKS
    )
    for at, action, kept in session.execute(query.order_by(AuditEntry.id.desc()).limit(MOST + 1)):
        detail = {name: value for name, value in kept.items() if name != "subscriber"}
        yield Line(at, f"owner: {action}", sentences.done(session, action, detail), "owner", detail=detail)


def _let_in(session: Session, ids: list[int]) -> Iterator[Line]:
    for deed in letting_in.deeds(session, ids, MOST + 1):
        said = sentences.done(session, deed.action, {})
        detail = {"sign_up": deed.sign_up_id, "refused": deed.reason}
        yield Line(deed.at, f"owner: {deed.action}", said, "owner", how=deed.reason, detail=detail)


def _many(session: Session, ids: list[int]) -> Iterator[Line]:
    query = select(BulkJob.made_at, BulkJob.action, BulkJob.detail, BulkChange.undone).join(
        BulkJob, BulkJob.id == BulkChange.job_id
    )
    theirs = query.where(among(BulkChange.subscriber_id, ids)).order_by(BulkJob.id.desc()).limit(MOST + 1)
    for at, action, detail, undone in session.execute(theirs):
        said = sentences.done_to_many(session, action, detail, undone)
        yield Line(at, f"many: {action}", said, "owner", detail={**detail, "undone": undone})
