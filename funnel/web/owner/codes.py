"""The second step of one's own sign-in: turned on with a telephone, off again, and the recovery codes."""

from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.house import Owner
from funnel.web.nudge import nudge
from funnel.web.owner import alarm, gate, signin, totp
from tasks.mail import send_urgent

FILE = "funnel-recovery-codes.txt"
WRONG = "This code is not right. Check that the telephone’s clock is set by itself, and type the code it shows now."
TOO_MANY = "That was one try too many. Please wait a quarter of an hour, then try again."

blueprint = gate.pages("codes", __name__)


@blueprint.post("/account/two-step/begin")
def begin() -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        owner = session.get_one(Owner, gate.owner().id, with_for_update=True)
        if not owner.totp_since:
            totp.begin(session, owner, now)
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@blueprint.get("/account/two-step")
def show() -> str | AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        owner = session.get_one(Owner, gate.owner().id, with_for_update=True)
        if owner.totp_since:
            return redirect(url_for("account.index"))
        return _page(owner, totp.begun(session, owner, now))


@blueprint.post("/account/two-step")
def turn_on() -> str | tuple[str, int] | AnyResponse:
    now, who = utc_now(), gate.owner()
    if not limits.allow("two-step code", str(who.id), *signin.CODE_LIMIT):
        return _wrong(TOO_MANY, HTTPStatus.TOO_MANY_REQUESTS, now)
    with Session.begin() as session:
        owner = session.get_one(Owner, who.id, with_for_update=True)
        if owner.totp_since:
            return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)
        fresh = totp.confirm(session, owner, request.form.get("code", ""), now)
        if fresh:
            gate.note(session, "turned two-step sign-in on", now)
            alarm.tell(session, owner, now)
    if not fresh:
        return _wrong(WRONG, HTTPStatus.UNPROCESSABLE_ENTITY, now)
    limits.forget("two-step code", str(who.id), *signin.CODE_LIMIT)
    nudge(send_urgent)
    return _codes(fresh, turned_on=True)


@blueprint.get("/account/two-step/off")
def ask_off() -> str:
    return render_template("owner/codes/off.html")


@blueprint.post("/account/two-step/off")
def off() -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        owner = session.get_one(Owner, gate.owner().id, with_for_update=True)
        totp.forget(session, owner)
        gate.note(session, "turned two-step sign-in off", now)
        alarm.tell(session, owner, now)
    nudge(send_urgent)
    flash("Two-step sign-in is off. The password alone signs you in.", "warn")
    return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)


@blueprint.get("/account/two-step/recovery")
def ask_anew() -> str:
    return render_template("owner/codes/anew.html")


@blueprint.post("/account/two-step/recovery")
def anew() -> str | AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        owner = session.get_one(Owner, gate.owner().id, with_for_update=True)
        if not owner.totp_since:
            return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)
        fresh = totp.fresh_recovery_codes(session, owner)
        gate.note(session, "made new recovery codes", now)
    return _codes(fresh, turned_on=False)


@blueprint.post("/account/two-step/recovery.txt")
def download() -> Response:
    """The codes as a file. They come from the page that shows them this once, and are given to nobody else."""
    found = request.form.getlist("recovery")
    with Session.begin() as session:
        if not totp.are_of(session, gate.owner().id, found):
            abort(HTTPStatus.BAD_REQUEST)
    who = f"{settings().base_url}/owner/ · {gate.owner().email}"
    text = "\n".join(("Recovery codes of Funnel", who, "Each opens the second step of a sign-in once.", "", *found, ""))
    answer = make_response(text)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return answer


def _codes(fresh: list[str], turned_on: bool) -> str:
    return render_template("owner/codes/codes.html", codes=fresh, turned_on=turned_on)


def _wrong(why: str, status: HTTPStatus, now: datetime) -> tuple[str, int]:
    with Session.begin() as session:
        owner = session.get_one(Owner, gate.owner().id, with_for_update=True)
        return _page(owner, totp.pending(session, owner, now), why), status


def _page(owner: Owner, secret: str, problem: str = "") -> str:
    address = totp.address(secret, owner, settings().practice_name)
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template("owner/codes/show.html", picture=totp.picture(address), secret=spaced, problem=problem)
