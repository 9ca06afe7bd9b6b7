"""One step more for whoever looks risky: a puzzle that the browser solves, or, without a script, one more tap.

Whether it is asked for depends on the request alone (law 4). Who only taps has lower limits and waits in a queue of
their own; nobody is refused. A tap is good once, for the address that was typed, from the network it was shown to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import allowance, door, signup
from funnel.audience.risk import Facts, Sign
from funnel.audience.signup import Looks, Typed
from funnel.audience.visit import Visit
from funnel.languages import Said
from funnel.models.door import Proof, Stop
from funnel.models.people import Form
from funnel.response import machine
from funnel.tokens import Purpose
from funnel.web import edge, spoken
from funnel.web.pages import puzzle, trap
from funnel.web.pages.card import Step
from funnel.web.pages.fields import SignUpForm, typed

FIELD = "step"
WORDS = Said("One more tap, please, so that we know you are a person. Nothing you typed is lost.")
TAP_GOOD_FOR = timedelta(minutes=20)


@dataclass(frozen=True)
class Passage:
    """How a sign-up looks, with what its reader did to prove it. `stop`: what it is counted as, with a step to take."""

    looks: Looks
    stop: Stop | None = None


def passage(session: Session, form: Form, fields: SignUpForm, now: datetime) -> Passage:
    """Whether this sign-up may pass. Spends what its reader proved it with; counts nothing."""
    visit, seconds = edge.visit(), trap.age(Purpose.FORM, form.id, now=now)
    (company,) = door.companies(session, [(form.id, visit.network)], now)
    found = door.risk_of(facts(typed(fields), visit, seconds, now), company)
    if not door.asks_more(found):
        return Passage(Looks(found.signs))
    proof = _proof(session, form, fields, now)
    stop = Stop.RUSH if Sign.RUSH in found.signs else Stop.STEP
    return Passage(Looks(found.signs, proof), stop if proof is Proof.NONE else None)


def asked(form: Form, fields: SignUpForm, now: datetime) -> Step:
    """The step to be shown."""
    answered = request.form.get("answer") in {"yes", "keep"}
    return Step(
        puzzle=puzzle.challenge(form.id, now),
        token=_token(form, fields, now),
        answer="keep" if answered else "",
        language=spoken.language().code,
    )


def facts(typed: Typed, visit: Visit, seconds: float | None, now: datetime) -> Facts | None:
    """What the request itself tells of its risk; None when it comes from whoever tries it out on their own machine.

    `seconds`: how long the form was filled in.
    """
    if visit.network and not allowance.is_limited(visit.network):
        return None
    named = machine.reason(head=False, agent=visit.agent, delivery=None, now=now)
    return Facts(
        email=typed.email,
        first_name=typed.first_name,
        is_tool=bool(named),
        has_script=bool(typed.time_zone),
        seconds=seconds,
    )


def _proof(session: Session, form: Form, fields: SignUpForm, now: datetime) -> Proof:
    """What lets them in, spent with that. A page that was posted with its puzzle solved is good for nothing more."""
    answer = request.form.get(puzzle.FIELD, "")
    solved = puzzle.solved(answer, form.id) if answer else None
    seconds = _tap_age(form, fields, now)
    if solved:
        fresh = door.spend(session, solved.mark, solved.until)
        if fresh and seconds is not None:
            _spend_tap(session, now)
        return Proof.PUZZLE if fresh else Proof.NONE
    if seconds is None or not trap.SOONEST_S <= seconds <= TAP_GOOD_FOR.total_seconds():
        return Proof.NONE
    return Proof.TAP if _spend_tap(session, now) else Proof.NONE


def _spend_tap(session: Session, now: datetime) -> bool:
    return door.spend(session, tokens.fingerprint(f"tap {request.form[FIELD]}"), now + TAP_GOOD_FOR)


def _token(form: Form, fields: SignUpForm, now: datetime) -> str:
    """A fresh one, unless the tap came too soon: then the next need not wait."""
    seconds = _tap_age(form, fields, now)
    if seconds is not None and seconds < trap.SOONEST_S:
        return request.form[FIELD]
    return trap.token(Purpose.STEP, form.id, now=now, salt=_whose(fields))


def _tap_age(form: Form, fields: SignUpForm, now: datetime) -> float | None:
    return trap.age(Purpose.STEP, form.id, now=now, field=FIELD, salt=_whose(fields))


def _whose(fields: SignUpForm) -> bytes:
    """The address that was typed, and the network it came from."""
    return whose(fields.email.data, edge.visit().network)


def whose(email: str, network: str) -> bytes:
    """What the token of a tap is salted with."""
    return tokens.address_hash(signup.normalised(email)) + network.encode()
