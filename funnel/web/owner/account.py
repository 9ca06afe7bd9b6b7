"""One's own account: address, password, and where one is signed in."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits
from funnel.db import Session, utc_now
from funnel.models.house import Owner
from funnel.web.nudge import nudge
from funnel.web.owner import accounts, alarm, gate, prove, sessions, totp
from funnel.web.owner.words import counted
from tasks.mail import send_urgent

blueprint = gate.pages("account", __name__)


@blueprint.get("/account")
def index() -> str:
    with Session.begin() as session:
        return _page(session)


@blueprint.post("/account/password")
def change_password() -> str | tuple[str, int] | AnyResponse:
    def change(session: OrmSession, owner: Owner, now: datetime) -> None:
        if request.form.get("new_password", "") != request.form.get("new_password_again"):
            raise accounts.AccountError("The two new passwords are not the same. Please type them again.")
        accounts.change_password(session, owner, request.form["new_password"], now, by=owner.id)
        gate.open_session(session, owner, now)  # this browser goes on; every other one signs in again

    return _changed("password", change, "Your password is changed. Everywhere else you are signed out.")


@blueprint.post("/account/address")
def change_address() -> str | tuple[str, int] | AnyResponse:
    def change(session: OrmSession, owner: Owner, now: datetime) -> None:
        accounts.change_address(session, owner, request.form.get("email", ""), now)

    return _changed("address", change, "Your address is changed. Sign in with it from now on.")


@blueprint.post(f"/account/sessions/<{gate.ID}:session_id>/end")
def end_session(session_id: int) -> AnyResponse:
    who, now = gate.owner(), utc_now()
    with Session.begin() as session:
        ended = session_id != who.session_id and sessions.end(session, who.id, session_id)
        if ended:
            gate.note(session, "signed out on another device", now)
    flash(*(("Signed out there.",) if ended else ("There, you were signed out already.", "warn")))
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/account/sessions/end")
def end_sessions() -> AnyResponse:
    who, now = gate.owner(), utc_now()
    with Session.begin() as session:
        count = sessions.end_all(session, who.id, but=who.session_id)
        if count:
            gate.note(session, "signed out everywhere else", now, devices=count)
    flash(f"Signed out on {counted(count, 'other device')}." if count else "You were signed in nowhere else.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _changed(
    what: str, change: Callable[[OrmSession, Owner, datetime], None], said: str
) -> str | tuple[str, int] | AnyResponse:
    """Changes something of the account by `change`, if the present password is right; word of it goes to the address.

    `what`: the part of the page that says what was wrong.
    """
    who, now = gate.owner(), utc_now()
    with Session() as session:
        owner = session.get_one(Owner, who.id, with_for_update=True)
        before = owner.email
        try:
            _check_present(owner)
            change(session, owner, now)
        except accounts.AccountError as error:
            session.rollback()
            return _page(session, {what: str(error)}), HTTPStatus.UNPROCESSABLE_ENTITY
        alarm.tell(session, owner, now, address=before)
        session.commit()
    nudge(send_urgent)
    flash(said)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _check_present(owner: Owner) -> None:
    if not limits.allow("password again", str(owner.id), *prove.TRIES):
        raise accounts.AccountError(prove.TOO_MANY)
    if not accounts.knows(owner, request.form.get("password", "")):
        raise accounts.AccountError("Your present password is not right. Please type it again.")
    limits.forget("password again", str(owner.id), *prove.TRIES)


def _page(session: OrmSession, problems: dict[str, str] | None = None) -> str:
    who, now = gate.owner(), utc_now()
    return render_template(
        "owner/account/index.html",
        now=now,
        who=session.get_one(Owner, who.id),
        sessions=sessions.of(session, who.id, now),
        device=sessions.device,
        codes_left=totp.left(session, who.id),
        problems=problems or {},
        email=request.form.get("email", who.email),
        shortest=accounts.SHORTEST_PASSWORD,
    )
