"""Signing in and out."""

import logging
import math
from http import HTTPStatus

from flask import flash, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import EmailField, HiddenField, PasswordField

from funnel import limits, tokens
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry
from funnel.web import edge
from funnel.web.owner import accounts, gate
from funnel.web.owner.words import counted

ADDRESS_LIMIT = (5, 15 * 60)  # tries, seconds
NETWORK_LIMIT = (20, 60 * 60)
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets

WRONG = "This address and password do not belong together. Please check both."
STALE = "This page had been open for too long. Please sign in once more."

log = logging.getLogger(__name__)
blueprint = gate.pages("signin", __name__, open_to_all=("show", "check"))


class SignIn(FlaskForm):  # type: ignore[misc]
    email = EmailField()
    password = PasswordField()
    next = HiddenField()


@blueprint.get("/sign-in")
def show() -> str:
    return _page(SignIn(formdata=None, data={"next": request.args.get("next", "")}))


@blueprint.post("/sign-in")
def check() -> str | tuple[str, int] | AnyResponse:
    form = SignIn(request.form)
    email = (form.email.data or "").strip().lower()[:LONGEST_ADDRESS]
    tries = _tries(email)
    for what, who, most, seconds in tries:
        if not limits.allow(what, who, most, seconds):
            return _wait(form, limits.wait(what, who, most, seconds))
    if not _signs_in(email, form.password.data or ""):
        log.info("a sign-in failed")
        return _page(form, WRONG), HTTPStatus.UNPROCESSABLE_ENTITY
    for what, who, most, seconds in tries:
        limits.forget(what, who, most, seconds)
    return redirect(gate.local_path(form.next.data or ""), HTTPStatus.SEE_OTHER)


@blueprint.post("/sign-out")
def leave() -> AnyResponse:
    with Session.begin() as database:
        gate.note(database, "signed out", utc_now())
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("signin.show"), HTTPStatus.SEE_OTHER)


@blueprint.errorhandler(CSRFError)
def show_again(error: CSRFError) -> tuple[str, int]:
    if "owner" in g:  # the sign-out
        return gate.say_stale(error)
    return _page(SignIn(request.form), STALE), HTTPStatus.BAD_REQUEST


def _tries(email: str) -> list[tuple[str, str, int, int]]:
    return [
        ("sign-in address", tokens.address_hash(email).hex(), *ADDRESS_LIMIT),
        ("sign-in network", edge.visit().network, *NETWORK_LIMIT),
    ]


def _signs_in(email: str, password: str) -> bool:
    now = utc_now()
    with Session.begin() as database:
        owner = accounts.sign_in(database, email, password, now)
        if owner is None:
            return False
        database.add(AuditEntry(owner_id=owner.id, action="signed in", at=now))
        gate.open_session(owner, now)
    return True


def _wait(form: SignIn, seconds: int) -> AnyResponse:
    minutes = counted(math.ceil(seconds / 60), "minute")
    page = make_response(_page(form, f"That was one try too many. Please wait {minutes}, then try again."))
    page.status_code = HTTPStatus.TOO_MANY_REQUESTS
    page.headers["Retry-After"] = str(seconds)
    return page


def _page(form: SignIn, problem: str = "") -> str:
    return render_template("owner/signin/show.html", form=form, problem=problem)
