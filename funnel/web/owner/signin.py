"""Signing in, in two steps where somebody wishes so, and out."""

import logging
import math
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import flash, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits, tokens
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner
from funnel.web import edge
from funnel.web.owner import accounts, carried, gate, sessions, totp
from funnel.web.owner.fields import SignIn
from funnel.web.owner.words import counted

ADDRESS_LIMIT = (5, 15 * 60)  # tries, seconds
NETWORK_LIMIT = (20, 60 * 60)
CODE_LIMIT = (5, 15 * 60)  # a million codes, three of them good: a hundred years of trying
HALF_WAY = timedelta(minutes=10)  # for the second step
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets

WRONG = "This address and password do not belong together. Please check both."
STALE = "This page had been open for too long. Please sign in once more."

WRONG_CODE = "This code is not good, or was used already. An authenticator shows a new one every half minute."
TOO_MANY = "That was one try too many. Please wait {}, then try again."

log = logging.getLogger(__name__)
blueprint = gate.pages("signin", __name__, open_to_all=("show", "check", "ask_code", "check_code"))


@blueprint.get("/sign-in")
def show() -> str:
    return gate.to_sign_in(SignIn(formdata=None, data={"next": request.args.get("next", "")}))


@blueprint.post("/sign-in")
def check() -> str | tuple[str, int] | AnyResponse:
    form, kept = SignIn(request.form), carried.brought()
    email = (form.email.data or "").strip().lower()[:LONGEST_ADDRESS]
    tries = [
        ("sign-in address", tokens.address_hash(email).hex(), *ADDRESS_LIMIT),
        ("sign-in network", edge.visit().network, *NETWORK_LIMIT),
    ]
    if seconds := _waits(tries):
        return _wait(gate.to_sign_in(form, _too_many(seconds), kept), seconds)
    signed_in = _signs_in(email, form.password.data or "")
    if not signed_in:
        log.info("a sign-in failed")
        return gate.to_sign_in(form, WRONG, kept), HTTPStatus.UNPROCESSABLE_ENTITY
    limits.forget(*tries[0])  # and not the network's: one's own account would wash out guesses at others
    wanted = form.next.data or ""
    return _code_page(wanted, kept) if signed_in == "half" else gate.after_sign_in(kept, wanted)


@blueprint.get("/sign-in/code")
def ask_code() -> str | AnyResponse:
    with Session.begin() as database:
        half = _half_way(database, utc_now())
    return _code_page(request.args.get("next", ""), None) if half else redirect(url_for("signin.show"))


@blueprint.post("/sign-in/code")
def check_code() -> str | tuple[str, int] | AnyResponse:
    now, kept, wanted = utc_now(), carried.brought(), request.form.get("next", "")
    with Session.begin() as database:
        owner = _half_way(database, now)
        if owner is None:
            blank = SignIn(formdata=None, data={"next": wanted})
            return gate.to_sign_in(blank, STALE, kept), HTTPStatus.UNPROCESSABLE_ENTITY
        tries = ("sign-in code", str(owner.id), *CODE_LIMIT)
        if seconds := _waits([tries]):
            return _wait(_code_page(wanted, kept, _too_many(seconds)), seconds)
        how = totp.passes(database, owner, request.form.get("code", ""), now)
        if not how:
            log.info("a code failed")
            return _code_page(wanted, kept, WRONG_CODE), HTTPStatus.UNPROCESSABLE_ENTITY
        _note(database, owner, now, step=how)
        gate.open_session(database, owner, now)
        left = totp.left(database, owner.id) if how != "code" else None
    limits.forget(*tries)
    if left is not None:
        flash(f"That recovery code is used up. You have {counted(left, 'code')} left.", "warn")
    return gate.after_sign_in(kept, wanted)


@blueprint.post("/sign-out")
def leave() -> AnyResponse:
    owner = gate.owner()
    with Session.begin() as database:
        sessions.end(database, owner.id, owner.session_id)
        gate.note(database, "signed out", utc_now())
    gate.forget_session()
    flash("You are signed out.")
    return redirect(url_for("signin.show"), HTTPStatus.SEE_OTHER)


@blueprint.errorhandler(CSRFError)
def show_again(error: CSRFError) -> tuple[str, int]:
    if "owner" in g:  # the sign-out
        return gate.say_stale(error)
    return gate.to_sign_in(SignIn(request.form), STALE, carried.brought()), HTTPStatus.BAD_REQUEST


def _signs_in(email: str, password: str) -> str:
    """Whether this opens a session (whole), or leads to the second step (half); '' for a wrong password."""
    now = utc_now()
    with Session.begin() as database:
        owner = accounts.sign_in(database, email, password, now)
        if owner is None:
            return ""
        if owner.totp_since:
            gate.forget_session()
            session.update(half=owner.id, half_key=owner.session_key, half_at=now.timestamp())
            return "half"
        _note(database, owner, now)
        gate.open_session(database, owner, now)
    return "whole"


def _half_way(database: OrmSession, now: datetime) -> Owner | None:
    """Whose password was right within the last minutes, and whose code is still to come."""
    owner = database.get(Owner, session.get("half", 0))
    if owner is None or owner.removed_at or not owner.totp_since or session.get("half_key") != owner.session_key:
        return None
    return owner if now.timestamp() - float(session["half_at"]) < HALF_WAY.total_seconds() else None


def _note(database: OrmSession, owner: Owner, now: datetime, **detail: object) -> None:
    database.add(AuditEntry(owner_id=owner.id, action="signed in", detail=detail, at=now))


def _waits(tries: list[tuple[str, str, int, int]]) -> int:
    """Counts a try; the seconds to wait when it was one too many, else 0."""
    return next((limits.wait(*one) for one in tries if not limits.allow(*one)), 0)


def _too_many(seconds: int) -> str:
    return TOO_MANY.format(counted(math.ceil(seconds / 60), "minute"))


def _wait(page: str, seconds: int) -> AnyResponse:
    answer = make_response(page, HTTPStatus.TOO_MANY_REQUESTS)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _code_page(wanted: str, kept: carried.Carried | None, problem: str = "") -> str:
    return render_template("owner/signin/code.html", next=wanted, kept=kept, problem=problem)
