"""The password asked for again, before what matters most: whoever finds a screen unlocked goes no further."""

from http import HTTPStatus

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits
from funnel.db import Session, utc_now
from funnel.models.house import Owner
from funnel.web.owner import accounts, carried, gate, sessions

TRIES = (5, 15 * 60)  # tries, seconds
WRONG = "This is not your password. Please try again."
TOO_MANY = "That was one try too many. Please wait a quarter of an hour, then try again."

blueprint = gate.pages("prove", __name__)


@blueprint.get("/password-again")
def show() -> str:
    return _page(None, request.args.get("next", ""))


@blueprint.post("/password-again")
def check() -> str | AnyResponse:
    who, now, kept, wanted = gate.owner(), utc_now(), carried.brought(), request.form.get("next", "")
    if not limits.allow("password again", str(who.id), *TRIES):
        return make_response(_page(kept, wanted, TOO_MANY), HTTPStatus.TOO_MANY_REQUESTS)
    with Session.begin() as session:
        if not accounts.knows(session.get_one(Owner, who.id), request.form.get("password", "")):
            return make_response(_page(kept, wanted, WRONG), HTTPStatus.UNPROCESSABLE_ENTITY)
        sessions.prove(session, who.session_id, now)
    limits.forget("password again", str(who.id), *TRIES)
    return gate.after_sign_in(kept, wanted)


def _page(kept: carried.Carried | None, wanted: str, problem: str = "") -> str:
    return render_template("owner/prove/show.html", kept=kept, next=wanted, problem=problem)
