"""The people who may sign in: invited, given a role, removed. For owners only."""

from collections.abc import Callable
from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import case, select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits
from funnel.db import Session, utc_now
from funnel.models.house import Owner, Role
from funnel.tokens import Purpose
from funnel.web.nudge import nudge
from funnel.web.owner import accounts, alarm, entry, gate, totp
from tasks.mail import send_urgent

INVITATIONS = (10, 60 * 60)  # mails, seconds
ROLES = {
    Role.OWNER: ("Owner", "may do everything"),
    Role.EDITOR: ("Editor", "may do everything but settings, who may sign in, the audit, and exporting people"),
    Role.VIEWER: ("Viewer", "may look at everything an editor sees, and change nothing"),
}

blueprint = gate.pages("team", __name__)


@blueprint.get("/team")
def index() -> str:
    with Session.begin() as session:
        return _page(session)


@blueprint.post("/team")
def invite() -> str | tuple[str, int] | AnyResponse:
    now, me = utc_now(), gate.owner()
    if not limits.allow("invitations", str(me.id), *INVITATIONS):
        flash("That were ten invitations within an hour. Please wait a while.", "warn")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
    with Session() as session:
        try:
            invited = accounts.invite(session, request.form.get("email", ""), _role(), me.id, now)
        except accounts.AccountError as error:
            session.rollback()
            return _page(session, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
        entry.mail_link(session, invited, Purpose.INVITE, now)
        email = invited.email
        session.commit()
    nudge(send_urgent)
    flash(f"Invited. The mail to {email} holds a link that works for seven days.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/team/<{gate.ID}:owner_id>/role")
def change(owner_id: int) -> AnyResponse:
    now = utc_now()
    return _done(owner_id, lambda session, one: accounts.change_role(session, one, _role(), gate.owner().id, now))


@blueprint.get(f"/team/<{gate.ID}:owner_id>/remove")
def ask_to_remove(owner_id: int) -> str:
    with Session.begin() as session:
        return render_template("owner/team/remove.html", one=_one(session, owner_id))


@blueprint.post(f"/team/<{gate.ID}:owner_id>/remove")
def remove(owner_id: int) -> AnyResponse:
    now = utc_now()
    return _done(owner_id, lambda session, one: accounts.remove(session, one, gate.owner().id, now))


@blueprint.get(f"/team/<{gate.ID}:owner_id>/two-step")
def ask_for_codes_off(owner_id: int) -> str:
    with Session.begin() as session:
        return render_template("owner/team/two_step.html", one=_one(session, owner_id))


@blueprint.post(f"/team/<{gate.ID}:owner_id>/two-step")
def codes_off(owner_id: int) -> AnyResponse:
    """For somebody who lost their telephone and their recovery codes."""
    now = utc_now()

    def turn_off(session: OrmSession, one: Owner) -> None:
        totp.forget(session, one)
        gate.note(session, "turned somebody’s two-step sign-in off", now, owner=one.id)
        alarm.tell(session, one, now)

    return _done(owner_id, turn_off)


def _done(owner_id: int, act: Callable[[OrmSession, Owner], None]) -> AnyResponse:
    with Session() as session:
        try:
            act(session, _one(session, owner_id))
        except accounts.AccountError as error:
            session.rollback()
            flash(str(error), "alarm")
        else:
            session.commit()
            flash("Saved.")
    nudge(send_urgent)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _one(session: OrmSession, owner_id: int) -> Owner:
    one = session.get(Owner, owner_id)
    return one if one and not one.removed_at else abort(HTTPStatus.NOT_FOUND)


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        return abort(HTTPStatus.BAD_REQUEST)


def _page(session: OrmSession, problem: str = "") -> str:
    first = case((Owner.role == Role.OWNER, 0), (Owner.role == Role.EDITOR, 1), else_=2)
    people = select(Owner).where(Owner.removed_at.is_(None)).order_by(first, Owner.id)
    return render_template(
        "owner/team/index.html",
        people=session.scalars(people).all(),
        roles=ROLES,
        problem=problem,
        email=request.form.get("email", ""),
        chosen=request.form.get("role", Role.EDITOR),
    )
