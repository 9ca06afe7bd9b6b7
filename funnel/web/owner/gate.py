"""The gate before the owner's pages: who is signed in, and that what was pressed stood on a page of ours.

Every blueprint under /owner is made here, so that none can be without it.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import cast

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience.rule import RuleError
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner, Role
from funnel.web import edge
from funnel.web.owner import carried, roles, sessions, words
from funnel.web.owner.fields import SignIn
from funnel.web.owner.tabs import TABS

ENDED = "You had been signed out. What you were about to save comes along: sign in, and send it then."
TOO_LONG_AWAY = "You had been signed out. Your browser’s way back leads to what you typed."
ID = "int(max=9223372036854775807)"  # in a route: what a bigint holds, so that a longer number is a page not found

csrf = CSRFProtect()


@dataclass(frozen=True)
class SignedIn:
    id: int
    email: str
    role: Role
    session_id: int
    proved_at: datetime  # when the password was last typed

    @property
    def may_change(self) -> bool:
        return self.role != Role.VIEWER

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER


def pages(name: str, module: str, open_to_all: tuple[str, ...] = ()) -> Blueprint:
    """A blueprint under /owner, for a signed-in owner only but for the views named in `open_to_all`."""
    blueprint = Blueprint(name, module, url_prefix="/owner")
    exempt = {f"{name}.{view}" for view in open_to_all}
    blueprint.before_request(lambda: None if request.endpoint in exempt else _check_sign_in())
    blueprint.before_request(csrf.protect)
    blueprint.before_request(lambda: None if request.endpoint in exempt else _check_role())
    blueprint.after_request(_keep_out_of_caches)
    blueprint.register_error_handler(CSRFError, say_stale)
    blueprint.register_error_handler(HTTPStatus.NOT_FOUND, _say_missing)
    blueprint.register_error_handler(RuleError, _say_missing)  # of a segment that was deleted meanwhile
    blueprint.context_processor(
        lambda: {"owner": g.get("owner"), "house": settings(), "tabs": TABS, **words.FOR_TEMPLATES}
    )
    blueprint.record_once(_ready_csrf)
    return blueprint


def open_session(database: OrmSession, owner: Owner, now: datetime) -> None:
    """Signs this browser in as `owner`. Whatever the session held before is gone, its CSRF token too."""
    forget_session()
    session.permanent = True
    session["id"] = sessions.begin(database, owner, edge.visit(), now)


def forget_session() -> None:
    """Empties this browser's session; forms on the page that follows get a token of the next one."""
    session.clear()
    g.pop("csrf_token", None)


def owner() -> SignedIn:
    """Who makes this request."""
    return cast(SignedIn, g.owner)


def note(session: OrmSession, action: str, now: datetime, **detail: object) -> int:
    """Writes down what the signed-in owner did. Returns the entry's number."""
    entry = AuditEntry(owner_id=owner().id, action=action, detail=detail, at=now)
    session.add(entry)
    session.flush()
    return entry.id


def local_path(path: str) -> str:
    """`path` when it is one of the owner's pages, else the home page: nobody is led away by a link to the sign-in."""
    return path if carried.is_ours(path) else url_for("home.index")


def _say_missing(_error: Exception) -> tuple[str, int]:
    return render_template("owner/missing.html"), HTTPStatus.NOT_FOUND


def _ready_csrf(state: BlueprintSetupState) -> None:
    if "csrf" not in state.app.extensions:
        csrf.init_app(state.app)


def say_stale(_error: CSRFError) -> tuple[str, int]:
    """The page for a button whose token was not the session's: nothing was done, and nothing typed is lost."""
    return render_template("owner/stale.html", kept=carried.of_request()), HTTPStatus.BAD_REQUEST


def to_sign_in(form: SignIn, problem: str = "", kept: carried.Carried | None = None) -> str:
    """The page of the sign-in, carrying what was about to be saved."""
    return render_template("owner/signin/show.html", form=form, problem=problem, kept=kept)


def after_sign_in(kept: carried.Carried | None, wanted: str) -> str | AnyResponse:
    """Where a sign-in leads: to what was about to be saved, or to the page that was wanted."""
    if kept:
        return render_template("owner/carried.html", kept=kept)
    return redirect(local_path(wanted), HTTPStatus.SEE_OTHER)


def _check_sign_in() -> tuple[str, int] | AnyResponse | None:
    g.owner = _signed_in(utc_now())
    if g.owner:
        return None
    if request.method != "GET" and carried.comes_from_elsewhere():
        # Such a post brings no cookie of ours: a page that set one anew would sign out whoever is signed in.
        return redirect(url_for("home.index"), HTTPStatus.SEE_OTHER)
    session.pop("id", None)
    if request.method == "GET":
        return redirect(url_for("signin.show", next=request.full_path.rstrip("?")))
    too_long = carried.is_too_long()  # then not even read: nobody is signed in
    kept = None if too_long else carried.of_request()
    if not kept and not too_long and set(request.form) <= {"csrf_token"}:  # a button alone
        return redirect(url_for("signin.show", next=url_for("home.index")))
    blank = SignIn(formdata=None, data={"next": url_for("home.index")})
    return to_sign_in(blank, ENDED if kept else TOO_LONG_AWAY, kept), HTTPStatus.UNAUTHORIZED


def _check_role() -> tuple[str, int] | str | AnyResponse | None:
    endpoint = request.endpoint or ""
    if why := roles.refusal(owner().role, request.method, endpoint, request.values.get("do", "")):
        return render_template("owner/refused.html", why=why), HTTPStatus.FORBIDDEN
    if not roles.asks_password(endpoint) or utc_now() - owner().proved_at < sessions.PROVED:
        return None
    if request.method == "GET":
        return redirect(url_for("prove.show", next=request.full_path.rstrip("?")))
    return render_template("owner/prove/show.html", kept=carried.of_request(), next="", problem="")


def _signed_in(now: datetime) -> SignedIn | None:
    cookie = session.get("id")
    if not cookie:
        return None
    with Session.begin() as database:
        if found := sessions.found(database, str(cookie), now):
            opened, who = found
            return SignedIn(who.id, who.email, who.role, opened.id, opened.proved_at)
    return None


def _keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
