"""By hand: somebody who asked the owner, added with the evidence of how and when; and a mistyped address put right."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import allowance, answer, former, mailbox, preferences, signup, suppression
from funnel.models.mail import MessageKind
from funnel.models.people import (
    Consent,
    ConsentKind,
    Form,
    SignUp,
    SignUpState,
    Subscriber,
    SubscriberState,
    SuppressionReason,
)
from funnel.programme import enrolment, plan

SOURCE = "by-hand"
TOLD = "told the owner"
SHOWN = "confirmed to the owner"
CORRECTED = "asked the owner to correct the address"
AGAIN = "asked by the owner once more"
SHORTEST_EVIDENCE = 10
LONGEST_EVIDENCE = 1000
CORRECTABLE = (SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.BOUNCED)

WHY_SUPPRESSED = {
    SuppressionReason.BOUNCE: "Mail to this address came back for good: it does not exist, or takes no mail.",
    SuppressionReason.COMPLAINT: "This address called a mail of yours spam. It is not written to again.",
    SuppressionReason.ERASURE: "They had everything about them deleted. They can come back by signing up themselves.",
    SuppressionReason.OWNER: "You decided that this address is not to be mailed. Lift that on their page first.",
}


class KnownError(ValueError):
    """The address is somebody's already: `person_id`."""

    def __init__(self, person: Subscriber) -> None:
        super().__init__("This address is in your list already.")
        self.person_id = person.id


class RefusedError(ValueError):
    """The address may not be added now, and why."""


@dataclass(frozen=True)
class Newcomer:
    """Who is added. Every part was found valid by `problems`."""

    email: str
    first_name: str
    evidence: str  # how and when they asked for it
    form: Form  # whose words the confirmation mail means
    language: str = ""  # of the mails; '': the form's


def problems(email: str, first_name: str, evidence: str) -> dict[str, str]:
    """What is wrong with what was typed, by field, in words to mend it by."""
    found = {
        "email": signup.email_problem(email),
        "first_name": preferences.name_problem(first_name),
        "evidence": evidence_problem(evidence),
    }
    return {name: problem for name, problem in found.items() if problem}


def evidence_problem(evidence: str) -> str | None:
    """What is wrong with words that tell of a consent; None when nothing is."""
    if len(evidence.strip()) < SHORTEST_EVIDENCE:
        return "Please write down how and when they asked for it, as in “a signed paper of 3 March”."
    if len(evidence) > LONGEST_EVIDENCE:
        return f"Please shorten this to {LONGEST_EVIDENCE} signs or fewer."
    return None


def ask(session: Session, new: Newcomer, now: datetime) -> Subscriber:
    """Adds them as not confirmed, and plans the mail that asks them to. Raises KnownError and RefusedError."""
    person = _add(session, new, SubscriberState.PENDING, now)
    _ask(session, person, new.form, new.first_name, TOLD, new.evidence, now)
    return person


def add(session: Session, new: Newcomer, course_too: bool, now: datetime) -> Subscriber:
    """Adds them as confirmed, on the evidence alone; on the form's course only when that was asked for.

    Raises KnownError and RefusedError.
    """
    person = _add(session, new, SubscriberState.ACTIVE, now)
    person.first_name, person.confirmed_at = preferences.tidy_name(new.first_name), now
    for kind, how in ((ConsentKind.ASKED, TOLD), (ConsentKind.CONFIRMED, SHOWN)):
        session.add(_evidence(person, kind, how, new.evidence, now))
    session.flush()
    if course_too:
        enrolment.enrol(session, person.id, new.form.sequence_id, now)
    return person


def ask_again(session: Session, subscriber_id: int, now: datetime) -> None:
    """Plans another mail that asks somebody to confirm who has not: the one before may have got lost, or is too old.

    It agrees to what they last asked for, word for word. Raises RefusedError for whoever confirmed or ended, for an
    address not to be mailed, and where the limits on sign-up mails say so.
    """
    person = session.get_one(Subscriber, subscriber_id)
    if person.state is not SubscriberState.PENDING or person.address_hash is None:
        raise RefusedError("They are not waiting to confirm any more.")
    allowance.lock_address(session, mailbox.hash_of(person.email or ""))
    if reason := suppression.reason(session, person.address_hash):
        raise RefusedError(WHY_SUPPRESSED[reason])
    before = select(SignUp).where(SignUp.subscriber_id == subscriber_id).order_by(SignUp.id.desc()).limit(1)
    sign_up = session.scalar(before)
    form_id = sign_up.form_id if sign_up else person.form_id
    form = session.get(Form, form_id) if form_id else None
    if form is None:
        raise RefusedError("There is no form, and so no words they could confirm.")
    wording = sign_up.wording if sign_up else form.wording
    asked = _ask(session, person, form, sign_up.first_name if sign_up else "", AGAIN, wording, now)
    asked.wording, asked.remind_at = wording, None  # once more is enough
    session.flush()


def correct(session: Session, subscriber_id: int, email: str, reason: str, now: datetime) -> bool:
    """Puts a mistyped address right. Returns whether the new one is asked to confirm: it is unless the old one had.

    For whoever has confirmed, the owner answers for it: `reason` is kept as evidence. Consent lines and sign-ups keep
    what they were given for; what comes back of mails to the old address is about that one (`former`). Raises
    KnownError, and RefusedError for an address that is not to be mailed, old or new.
    """
    # Sign-ups before people, as confirming does. The mistyped address is reminded of nothing, and confirms nothing.
    old = select(SignUp).where(SignUp.subscriber_id == subscriber_id, SignUp.confirmed_at.is_(None))
    for sign_up in session.scalars(old.order_by(SignUp.id).with_for_update()):
        sign_up.remind_at = None
    new = signup.normalised(email)
    allowance.lock_address(session, mailbox.hash_of(new))  # a mailbox is locked before people
    person = session.get_one(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    if person.state not in CORRECTABLE or person.address_hash is None:
        raise RefusedError("Their subscription has ended: there is nothing to send to a corrected address.")
    old_reason = suppression.reason(session, person.address_hash)
    if old_reason not in (None, SuppressionReason.BOUNCE):
        raise RefusedError(WHY_SUPPRESSED[old_reason])
    if tokens.address_hash(new) != person.address_hash:
        _refuse_known(session, new)
        former.give_up(session, person.id, person.address_hash, now)
    person.email, person.address_hash = new, tokens.address_hash(new)
    plan.skip_waiting(session, person.id, "the address was corrected", now, kinds=[MessageKind.CONFIRMATION])
    asked = person.state is not SubscriberState.ACTIVE
    if asked:
        form = session.get(Form, person.form_id) if person.form_id else session.scalars(select(Form).limit(1)).first()
        if form is None:
            raise RefusedError("There is no form, and so no words they could confirm.")
        person.state, person.ended_at = SubscriberState.PENDING, None
        session.flush()
        _ask(session, person, form, person.first_name, CORRECTED, reason, now)
    else:
        session.add(_evidence(person, ConsentKind.ASKED, CORRECTED, reason, now))
    session.flush()
    return asked


def _add(session: Session, new: Newcomer, state: SubscriberState, now: datetime) -> Subscriber:
    email = signup.normalised(new.email)
    _refuse_known(session, email)
    person = Subscriber(
        email=email,
        address_hash=tokens.address_hash(email),
        state=state,
        form_id=new.form.id,
        language=new.language or new.form.language,
        source=SOURCE,
        created_at=now,
    )
    session.add(person)
    session.flush()
    return person


def _refuse_known(session: Session, email: str) -> None:
    address_hash = tokens.address_hash(email)
    # Two at once, or a sign-up that is being settled, come one after the other.
    allowance.lock_address(session, mailbox.hash_of(email))
    person = session.scalar(select(Subscriber).where(Subscriber.address_hash == address_hash))
    if person is not None:
        raise KnownError(person)
    if reason := suppression.reason(session, address_hash):
        raise RefusedError(WHY_SUPPRESSED[reason])


def _ask(
    session: Session, person: Subscriber, form: Form, first_name: str, how: str, evidence: str, now: datetime
) -> SignUp:
    assert person.email is not None
    assert person.address_hash is not None
    mailed = allowance.mailed(session, mailbox.hash_of(person.email), now)
    if mailed.rests() or mailed.has_had_enough():
        raise RefusedError("They were asked to confirm a moment ago, or often enough. Please wait for their answer.")
    sign_up = SignUp(
        form_id=form.id,
        email=person.email,
        address_hash=person.address_hash,
        mailbox_hash=mailbox.mark(person.email),
        first_name=preferences.tidy_name(first_name),
        language=person.language,
        source=person.source,
        wording=form.wording,
        nonce=secrets.token_bytes(signup.NONCE_BYTES),
        state=SignUpState.SETTLED,
        reason="added by the owner",
        subscriber_id=person.id,
        created_at=now,
        settled_at=now,
    )
    session.add(sign_up)
    session.flush()
    answer.ask(session, sign_up, how, evidence, now)
    return sign_up


def _evidence(person: Subscriber, kind: ConsentKind, how: str, wording: str, now: datetime) -> Consent:
    return Consent(subscriber_id=person.id, form_id=person.form_id, kind=kind, how=how, wording=wording.strip(), at=now)
