"""Adding somebody who asked the owner: with the evidence of it, and by default asked to confirm."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import by_hand
from funnel.audience.by_hand import KnownError, Newcomer, RefusedError
from funnel.db import Session, utc_now
from funnel.models.people import Form
from funnel.web.nudge import nudge
from funnel.web.owner import gate, person
from tasks.mail import send_urgent

FIELDS = ("email", "first_name", "evidence", "form", "how", "course")
CONFIRMED = "confirmed"

blueprint = gate.pages("by_hand", __name__)


@blueprint.get("/people/add")
def show(problems: dict[str, str] | None = None, known: int | None = None) -> str:
    with Session.begin() as session:
        forms = list(session.scalars(select(Form).order_by(Form.id)))
        typed = {name: request.form.get(name, "").strip() for name in FIELDS}
        return render_template(
            "owner/by_hand/show.html",
            typed=typed,
            problems=problems or {},
            forms=forms,
            known=known,
            confirmed=CONFIRMED,
        )


@blueprint.post("/people/add")
def add() -> AnyResponse | tuple[str, int]:
    now, typed = utc_now(), {name: request.form.get(name, "").strip() for name in FIELDS}
    problems = by_hand.problems(typed["email"], typed["first_name"], typed["evidence"])
    try:
        with Session.begin() as session:
            form = session.get(Form, int(typed["form"])) if typed["form"].isdecimal() else None
            if form is None:
                problems["form"] = "Please choose what they asked for."
            if problems or form is None:
                return show(problems), HTTPStatus.UNPROCESSABLE_ENTITY
            new = Newcomer(typed["email"], typed["first_name"], typed["evidence"], form)
            confirmed = typed["how"] == CONFIRMED
            if confirmed:
                one = by_hand.add(session, new, course_too=bool(typed["course"]), now=now)
            else:
                one = by_hand.ask(session, new, now)
            gate.note(session, "added a person by hand", now, subscriber=one.id, confirmed=confirmed)
            person_id = one.id
    except KnownError as error:
        return show({"email": str(error)}, error.person_id), HTTPStatus.UNPROCESSABLE_ENTITY
    except RefusedError as error:
        return show({"email": str(error)}), HTTPStatus.UNPROCESSABLE_ENTITY
    nudge(send_urgent)
    flash("Added, on the evidence you gave." if confirmed else "Added. They are asked by mail to confirm.")
    return redirect(url_for("people.show", person_id=person_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/people/<{gate.ID}:person_id>/ask-again")
def ask_again(person_id: int) -> AnyResponse:
    now = utc_now()
    try:
        with Session.begin() as session:
            by_hand.ask_again(session, person.found(session, person_id).id, now)
            gate.note(session, "asked a person again to confirm", now, subscriber=person_id)
    except RefusedError as error:
        return person.back(person_id, str(error), "warn")
    nudge(send_urgent)
    return person.back(person_id, "They are asked once more, by a mail with a fresh link.")
