"""Letting in what was refused: the owner says that it was a person. Their mail still asks them to confirm.

What protects the address holds for the owner too: who is not to be mailed is not, and one mailbox gets no more sign-up
mails than it may.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, literal, select
from sqlalchemy.orm import Session

from funnel.audience import allowance, answer, by_hand, ledger, mailbox
from funnel.audience.standing import Standing, look
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState, Subscriber
from funnel.programme import waiting
from funnel.programme.history import among

LET_IN, REFUSED_AGAIN = "let in what was refused", "refused again what was let in"  # as the audit calls them
TAKEN_BACK = "the owner took it back"
GONE = "It was let in already, or its address is deleted."
ENOUGH = "It had its mail a moment ago, or as many as one address may get. Let it in later."
LEFT = "They left after they had asked for it. They can come back by signing up themselves."


@dataclass
class Outcome:
    """`let_in`: by sign-up, why each had been refused. `kept_out`: why each still is."""

    let_in: dict[int, str] = field(default_factory=dict)
    kept_out: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deed:
    """That one sign-up was let in, or refused again. `reason`: why it had been refused."""

    at: datetime
    action: str
    sign_up_id: int
    reason: str


def let_in(session: Session, ids: Collection[int], now: datetime) -> Outcome:
    """Plans the mails that ask these to confirm; they leave in the turn of their form."""
    outcome = Outcome(kept_out=dict.fromkeys(ids, GONE))
    refused = _refused(session, ids)
    found = look(session, refused, now)
    for sign_up in refused:
        if why := _why_not(session, sign_up, found):
            outcome.kept_out[sign_up.id] = why
            continue
        del outcome.kept_out[sign_up.id]
        outcome.let_in[sign_up.id] = sign_up.reason
        sign_up.let_in_at = sign_up.settled_at = now
        sign_up.state = SignUpState.SETTLED
        found.note(sign_up)
    let_in = [sign_up for sign_up in refused if sign_up.id in outcome.let_in]
    answer.answer_all(session, let_in, found.before, now)
    session.flush()
    return outcome


def take_back(session: Session, reasons: Mapping[int, str], let_in_at: datetime, now: datetime) -> list[int]:
    """Refuses these again as they had been, where the mail has not left yet; returns which."""
    which = SignUp.state == SignUpState.SETTLED, SignUp.let_in_at == let_in_at, SignUp.confirmed_at.is_(None)
    found = select(SignUp).where(among(SignUp.id, list(reasons)), *which).order_by(SignUp.id).with_for_update()
    back = []
    for sign_up in session.scalars(found.execution_options(populate_existing=True)):
        if not waiting.skip(session, TAKEN_BACK, now, Message.sign_up_id == sign_up.id):
            continue
        for template in allowance.OF_SIGN_UPS:
            ledger.strike(session, mailbox.of(sign_up), template, let_in_at)
        sign_up.state, sign_up.reason = SignUpState.REFUSED, reasons[sign_up.id]
        sign_up.let_in_at = sign_up.remind_at = None
        back.append(sign_up.id)
    session.flush()
    return back


def deeds(session: Session, subscriber_ids: Collection[int], most: int) -> list[Deed]:
    """What the owner did in this way to these people's sign-ups, newest first: `most` at most.

    The audit names sign-ups, many at once. It is looked through by its actions, from the first of theirs on.
    """
    theirs = select(SignUp.id, SignUp.created_at).where(among(SignUp.subscriber_id, subscriber_ids))
    newest = session.execute(theirs.order_by(SignUp.id.desc()).limit(most))
    signed_up = {row.id: row.created_at for row in newest}
    if not signed_up:
        return []
    since = AuditEntry.at >= min(signed_up.values())
    ids = literal([str(number) for number in signed_up], ARRAY(Text))
    let_in = select(AuditEntry).where(AuditEntry.action == LET_IN, since, AuditEntry.detail["sign_ups"].has_any(ids))
    entries = {one.id: one for one in session.scalars(let_in.order_by(AuditEntry.id.desc()).limit(most))}
    of = AuditEntry.detail["entry"].as_integer()
    again = select(AuditEntry).where(AuditEntry.action == REFUSED_AGAIN, since, among(of, list(entries)))
    backs = session.scalars(again.order_by(AuditEntry.id.desc()).limit(most)).all() if entries else []
    found = [deed for entry in entries.values() for deed in _each(entry, entry.detail["sign_ups"], signed_up)]
    for back in backs:
        reasons = entries[back.detail["entry"]].detail["sign_ups"]
        which = back.detail.get("sign_ups", reasons)  # not noted at first
        found += _each(back, {number: reasons[str(number)] for number in which}, signed_up)
    return sorted(found, key=lambda deed: deed.at, reverse=True)[:most]


def _each(entry: AuditEntry, reasons: Mapping[Any, str], signed_up: Collection[int]) -> list[Deed]:
    named = {int(number): reason for number, reason in reasons.items()}
    return [Deed(entry.at, entry.action, number, named[number]) for number in named if number in signed_up]


def _refused(session: Session, ids: Collection[int]) -> list[SignUp]:
    rows = select(SignUp).where(among(SignUp.id, list(ids)), SignUp.state == SignUpState.REFUSED, SignUp.email != "")
    found = session.scalars(rows.order_by(SignUp.id).with_for_update().execution_options(populate_existing=True))
    # The newest of a mailbox first: of several it is the one whose mail is sent.
    return sorted(found, key=lambda one: (mailbox.of(one), -one.id))


def _why_not(session: Session, sign_up: SignUp, found: Standing) -> str:
    if reason := found.suppressed(sign_up):
        return by_hand.WHY_SUPPRESSED[reason]
    if found.has_had_enough(sign_up):
        return ENOUGH
    ended_at = session.scalar(select(Subscriber.ended_at).where(Subscriber.address_hash == sign_up.address_hash))
    return LEFT if ended_at is not None and ended_at > sign_up.created_at else ""
