"""One step more for whoever looks risky: a puzzle that the browser solves, or, without a script, one more tap.

Whether it is asked for depends on the request alone (law 4). Who only taps has lower limits and waits in a queue of
their own; nobody is refused.
"""

from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from funnel.audience import allowance, door, risk
from funnel.audience.risk import Facts, Risk, Sign
from funnel.audience.signup import Looks
from funnel.config import settings
from funnel.languages import Said
from funnel.models.door import Proof, Stop
from funnel.models.people import Form
from funnel.response import machine
from funnel.tokens import Purpose
from funnel.web import edge, spoken
from funnel.web.pages import puzzle, trap
from funnel.web.pages.card import Step
from funnel.web.pages.fields import SignUpForm

FIELD = "step"
WORDS = Said("One more tap, please, so that we know you are a person. Nothing you typed is lost.")
NO_COMPANY = door.Company(0, 0, False)


def taken(session: Session, form: Form, fields: SignUpForm, now: datetime) -> Looks | None:
    """How this sign-up looks, with what its reader did to prove it; None when they have one step to take first."""
    found = _risk(session, form, fields, now)
    if found.score < risk.THRESHOLDS[settings().door.strictness]:
        return Looks(found.signs)
    proof = _proof(session, form, now)
    if proof is Proof.NONE:
        door.count(session, form.id, Stop.RUSH if Sign.RUSH in found.signs else Stop.STEP, now)
        return None
    return Looks(found.signs, proof)


def asked(form: Form, now: datetime) -> Step:
    """The step to be shown."""
    answered = request.form.get("answer") in {"yes", "keep"}
    return Step(
        puzzle=puzzle.challenge(form.id, now),
        token=trap.token_again(Purpose.STEP, form.id, now=now, field=FIELD),
        answer="keep" if answered else "",
        language=spoken.language().code,
    )


def _risk(session: Session, form: Form, fields: SignUpForm, now: datetime) -> Risk:
    visit = edge.visit()
    if visit.network and not allowance.is_limited(visit.network):  # whoever tries it out on their own machine
        return risk.of(())
    company = door.company(session, form.id, visit.network, now) if visit.network else NO_COMPANY
    named = machine.reason(head=False, agent=visit.agent, delivery=None, now=now)
    return risk.weigh(
        Facts(
            email=fields.email.data,
            first_name=fields.first_name.data,
            is_tool=bool(named),
            has_script=bool(fields.timezone.data),
            seconds=trap.age(Purpose.FORM, form.id, now=now),
            from_network=company.from_network,
            from_around=company.from_around,
            is_rush=company.is_rush,
        )
    )


def _proof(session: Session, form: Form, now: datetime) -> Proof:
    if answer := request.form.get(puzzle.FIELD, ""):
        solved = puzzle.solved(answer, form.id)
        return Proof.PUZZLE if solved and door.spend(session, solved.mark, solved.until) else Proof.NONE
    seconds = trap.age(Purpose.STEP, form.id, now=now, field=FIELD)
    return Proof.TAP if seconds is not None and trap.SOONEST_S <= seconds <= trap.LATEST_S else Proof.NONE
