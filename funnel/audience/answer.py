"""What an accepted sign-up is answered with: a mail that asks to confirm, one reminder of it, or “you are in”.

Somebody who is in and comes by a form that leads to a course they never met is asked whether they want that one too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import allowance, ledger, mailbox, turnstile, witness
from funnel.audience.another_course import Pair
from funnel.audience.confirmation import VALID
from funnel.models.mail import MessageKind, Queue
from funnel.models.people import SignUp, Subscriber, SubscriberState
from funnel.programme import calendar, plan
from funnel.programme.history import among

ALREADY_IN_LIVES = timedelta(days=1)
REMINDED_AFTER_DAYS = 1  # of the course's clock
TAKEN_ALONG = ("email", "address_hash", "form_id", "language", "source", "utm")  # by a new person from their sign-up

# What the sign-up led to, as the owner reads it.
ASKED = "confirmation planned"
TOLD = "already in, told so"
TOLD_BEFORE = "already in, told so before"
GIVEN = "already in, told so and given its handout"
ANOTHER = "already in, asked whether they want this course too"
OF_TEMPLATES = {
    allowance.CONFIRMATION: ASKED,
    allowance.ALREADY_IN: TOLD,
    allowance.HANDOUT_TOO: GIVEN,
    allowance.ANOTHER_COURSE: ANOTHER,
    "": TOLD_BEFORE,
}


@dataclass(frozen=True)
class Known:
    """Whom an address belongs to."""

    subscriber_id: int
    state: SubscriberState


@dataclass(frozen=True)
class Before:
    """What was known before any of these sign-ups were answered, under the locks of their mailboxes.

    `known`: whom their addresses belong to. `told`: the mailboxes told today that they are in. `unmet` and `new_gifts`:
    as audience/another_course has them.
    """

    known: Mapping[bytes, Known] = field(default_factory=dict)
    told: Collection[bytes] = ()
    unmet: Collection[Pair] = ()
    new_gifts: Collection[Pair] = ()

    def template(self, sign_up: SignUp, person: Known | None) -> str:
        """Which mail answers it; '' for none: they were told today."""
        if person is None or person.state is not SubscriberState.ACTIVE:
            return allowance.CONFIRMATION
        pair = (person.subscriber_id, sign_up.form_id)
        if pair in self.unmet:
            return allowance.ANOTHER_COURSE
        if mailbox.of(sign_up) in self.told:
            return ""
        return allowance.HANDOUT_TOO if pair in self.new_gifts else allowance.ALREADY_IN


def known(session: Session, address_hashes: Collection[bytes]) -> dict[bytes, Known]:
    """Those of these addresses that belong to somebody we know."""
    theirs = Subscriber.address_hash == any_(literal(list(address_hashes), ARRAY(LargeBinary)))
    rows = session.execute(select(Subscriber.address_hash, Subscriber.id, Subscriber.state).where(theirs))
    return {row.address_hash: Known(row.id, row.state) for row in rows if row.address_hash}


def answer_all(session: Session, sign_ups: Sequence[SignUp], before: Before, now: datetime) -> int:
    """Plans the mails that answer these, and notes in each what it led to; how many mails.

    The caller has locked their mailboxes.
    """
    people = _subscribers(session, sign_ups, before.known, now)
    drafts, asked = [], []
    for sign_up in sign_ups:
        person = people[sign_up.address_hash]
        template = before.template(sign_up, person)
        sign_up.subscriber_id, sign_up.reason = person.subscriber_id, OF_TEMPLATES[template]
        if template == allowance.CONFIRMATION:
            asked.append(sign_up)
        elif template:
            drafts.append(_telling(sign_up, template, now))
    session.add_all(witness.asked(sign_up, witness.BY_FORM, sign_up.wording) for sign_up in asked)
    return _plan(session, drafts + _asking(session, asked, now))


def ask(session: Session, sign_up: SignUp, how: str, wording: str, now: datetime) -> None:
    """Plans the mail that asks a subscriber to confirm `sign_up`, and keeps as evidence `how` they asked."""
    session.add(witness.asked(sign_up, how, wording))
    _plan(session, _asking(session, [sign_up], now))


def remind(session: Session, sign_up: SignUp, now: datetime) -> bool:
    """Plans the one reminder of `sign_up`. False when it was planned before."""
    return _plan(session, [_confirming(sign_up, f"remind:{sign_up.id}", allowance.REMINDER, now, now)]) > 0


def _subscribers(
    session: Session, sign_ups: Sequence[SignUp], before: Mapping[bytes, Known], now: datetime
) -> dict[bytes, Known]:
    """The people behind the addresses; pending where they are new. Those we know are left as they are (law 4)."""
    people = dict(before)
    if new := [sign_up.id for sign_up in sign_ups if sign_up.address_hash not in people]:
        columns = [getattr(SignUp, name) for name in TAKEN_ALONG]
        # In the order in which an import lets people in, or the two would wait for each other.
        rows = select(*columns, literal(now)).where(among(SignUp.id, new)).order_by(SignUp.address_hash, SignUp.id)
        made = insert(Subscriber).from_select([*TAKEN_ALONG, "created_at"], rows)
        made = made.on_conflict_do_nothing(index_elements=["address_hash"])
        for row in session.execute(made.returning(Subscriber.address_hash, Subscriber.id, Subscriber.state)):
            people[row.address_hash or b""] = Known(row.id, row.state)
    # Another way in was quicker.
    if missed := {sign_up.address_hash for sign_up in sign_ups} - people.keys():
        people |= known(session, missed)
    return people


def _asking(session: Session, sign_ups: Sequence[SignUp], now: datetime) -> list[dict[str, Any]]:
    for sign_up in sign_ups:
        sign_up.remind_at = sign_up.asked_at + calendar.days(REMINDED_AFTER_DAYS)
    session.flush()  # before others wait for us
    turns = turnstile.turns(session, sign_ups, now)
    return [
        _confirming(sign_up, _key("confirm", sign_up), allowance.CONFIRMATION, due_at, now)
        for sign_up, due_at in zip(sign_ups, turns, strict=True)
    ]


def _telling(sign_up: SignUp, template: str, now: datetime) -> dict[str, Any]:
    """To who is in: at once. They are few beside strangers, and the limits of their address hold."""
    asks = template == allowance.ANOTHER_COURSE
    expires_at = max(sign_up.asked_at + VALID, now + turnstile.MINUTE) if asks else now + ALREADY_IN_LIVES
    key = _key("another-course" if asks else "already-in", sign_up)
    return _draft(MessageKind.NOTICE, sign_up, key, template, now, expires_at, now)


def _confirming(sign_up: SignUp, key: str, template: str, due_at: datetime, now: datetime) -> dict[str, Any]:
    # It expires with its link; one whose turn comes later still waits for it, rather than failing to be planned.
    expires_at = max(sign_up.asked_at + VALID, due_at + turnstile.MINUTE)
    return _draft(MessageKind.CONFIRMATION, sign_up, key, template, due_at, expires_at, now)


def _draft(
    kind: MessageKind, sign_up: SignUp, key: str, template: str, due_at: datetime, expires_at: datetime, now: datetime
) -> dict[str, Any]:
    return plan.draft(
        kind,
        key,
        template=template,
        queue=Queue.URGENT,
        due_at=due_at,
        expires_at=expires_at,
        subscriber_id=sign_up.subscriber_id,
        sign_up_id=sign_up.id,
        now=now,
    )


def _key(what: str, sign_up: SignUp) -> str:
    """One a sign-up; another when its owner let it in, since a mail taken back before it left keeps its own."""
    again = f":{sign_up.let_in_at.timestamp():.0f}" if sign_up.let_in_at else ""
    return f"{what}:{sign_up.id}{again}"


def _plan(session: Session, drafts: list[dict[str, Any]]) -> int:
    planned = plan.plan_all(session, drafts)
    if planned:
        ledger.write_planned(session, planned)
    return len(planned)
