"""The gate before the owner's pages: who is signed in, and that what was pressed stood on a page of ours.

Every blueprint under /owner is made here, so that none can be without it.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import cast

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner
from funnel.web.owner import words

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
NOTED_EVERY = timedelta(minutes=10)  # a cookie a page would be waste
ID = "int(max=9223372036854775807)"  # in a route: what a bigint holds, so that a longer number is a page not found

csrf = CSRFProtect()


@dataclass(frozen=True)
class SignedIn:
    id: int
    email: str


def pages(name: str, module: str, open_to_all: tuple[str, ...] = ()) -> Blueprint:
    """A blueprint under /owner, for a signed-in owner only but for the views named in `open_to_all`."""
    blueprint = Blueprint(name, module, url_prefix="/owner")
    exempt = {f"{name}.{view}" for view in open_to_all}
    blueprint.before_request(lambda: None if request.endpoint in exempt else _check_sign_in())
    blueprint.before_request(csrf.protect)
    blueprint.after_request(_keep_out_of_caches)
    blueprint.register_error_handler(CSRFError, say_stale)
    blueprint.register_error_handler(HTTPStatus.NOT_FOUND, _say_missing)
    blueprint.context_processor(lambda: {"owner": g.get("owner"), "house": settings(), **words.FOR_TEMPLATES})
    blueprint.record_once(_ready_csrf)
    return blueprint


def open_session(owner: Owner, now: datetime) -> None:
    """Signs this browser in as `owner`. Whatever the session held before is gone, its CSRF token too."""
    session.clear()
    session.permanent = True
    session.update(owner=owner.id, key=owner.session_key, since=now.timestamp(), seen=now.timestamp())


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
    ours = path.startswith("/owner/") and path.isprintable() and "\\" not in path
    return path if ours else url_for("home.index")


def _say_missing(_error: Exception) -> tuple[str, int]:
    return render_template("owner/missing.html"), HTTPStatus.NOT_FOUND


def _ready_csrf(state: BlueprintSetupState) -> None:
    if "csrf" not in state.app.extensions:
        csrf.init_app(state.app)


def say_stale(_error: CSRFError) -> tuple[str, int]:
    """The page for a button whose token was not the session's: nothing was done."""
    return render_template("owner/stale.html"), HTTPStatus.BAD_REQUEST


def _check_sign_in() -> AnyResponse | None:
    now = utc_now()
    g.owner = _signed_in(now)
    if g.owner:
        _note_seen(now)
        return None
    session.clear()
    wanted = request.full_path.rstrip("?") if request.method == "GET" else url_for("home.index")
    return redirect(url_for("signin.show", next=wanted))


def _signed_in(now: datetime) -> SignedIn | None:
    if not _fresh(now):
        return None
    with Session.begin() as database:
        found = database.get(Owner, session.get("owner", 0))
        if found and hmac.compare_digest(found.session_key, str(session.get("key"))):
            return SignedIn(found.id, found.email)
    return None


def _fresh(now: datetime) -> bool:
    seen, since = float(session.get("seen", 0)), float(session.get("since", 0))
    return now.timestamp() - seen < IDLE.total_seconds() and now.timestamp() - since < LONGEST.total_seconds()


def _note_seen(now: datetime) -> None:
    if now.timestamp() - session["seen"] >= NOTED_EVERY.total_seconds():
        session["seen"] = now.timestamp()


def _keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
