"""Putting right what is kept of one person: name, time zone, and an address that was mistyped."""

from http import HTTPStatus
from zoneinfo import available_timezones

from flask import Request, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import by_hand, preferences, signup
from funnel.audience.by_hand import KnownError, RefusedError
from funnel.db import Session, utc_now
from funnel.models.people import Subscriber, SubscriberState
from funnel.web.nudge import nudge
from funnel.web.owner import gate, person
from tasks.mail import send_urgent

FIELDS = ("email", "first_name", "time_zone", "why")

blueprint = gate.pages("corrections", __name__)


@blueprint.get(f"/people/<{gate.ID}:person_id>/correct")
def show(person_id: int, problems: dict[str, str] | None = None, known: int | None = None) -> str:
    with Session.begin() as session:
        one = person.found(session, person_id)
        kept = {"email": one.email or "", "first_name": one.first_name, "time_zone": one.time_zone, "why": ""}
        typed = _typed(request) if request.method == "POST" else kept
        return render_template(
            "owner/corrections/show.html",
            person=one,
            typed=typed,
            problems=problems or {},
            known=known,
            zones=sorted(available_timezones()),
            correctable=one.state in by_hand.CORRECTABLE,
            confirmed=one.state is SubscriberState.ACTIVE,
        )


@blueprint.post(f"/people/<{gate.ID}:person_id>/correct")
def correct(person_id: int) -> AnyResponse | tuple[str, int]:
    now, typed = utc_now(), _typed(request)
    asked = False
    try:
        with Session.begin() as session:
            one = person.found(session, person_id)
            moved = signup.normalised(typed["email"]) != one.email
            if problems := _problems(typed, moved):
                return show(person_id, problems), HTTPStatus.UNPROCESSABLE_ENTITY
            changed = [name for name in FIELDS[1:3] if typed[name] != getattr(one, name)] + ["address"] * moved
            if moved:
                asked = by_hand.correct(session, person_id, typed["email"], typed["why"], now)
            _write(one, typed)
            if changed:
                said = ", ".join(changed).replace("_", " ")
                gate.note(session, "corrected what is kept of a person", now, subscriber=person_id, name=said)
    except KnownError as error:
        return show(person_id, {"email": str(error)}, error.person_id), HTTPStatus.UNPROCESSABLE_ENTITY
    except RefusedError as error:
        return show(person_id, {"email": str(error)}), HTTPStatus.UNPROCESSABLE_ENTITY
    if asked:
        nudge(send_urgent)
        return person.back(person_id, "Corrected. The new address is asked to confirm.")
    return person.back(person_id, "Corrected." if changed else "Nothing was different.")


def _typed(given: Request) -> dict[str, str]:
    return {name: given.form.get(name, "").strip() for name in FIELDS}


def _problems(typed: dict[str, str], moved: bool) -> dict[str, str]:
    zone = typed["time_zone"]
    found = {
        "email": signup.email_problem(typed["email"]) if moved else None,
        "first_name": preferences.name_problem(typed["first_name"]),
        "time_zone": "Please choose a time zone of the list." if zone and not signup.time_zone(zone) else None,
        "why": by_hand.evidence_problem(typed["why"]) if moved else None,
    }
    return {name: problem for name, problem in found.items() if problem}


def _write(one: Subscriber, typed: dict[str, str]) -> None:
    one.first_name, one.time_zone = preferences.tidy_name(typed["first_name"]), typed["time_zone"]
