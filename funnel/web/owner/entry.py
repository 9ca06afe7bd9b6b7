"""Coming in by a mailed link: an invitation, or a forgotten password. Nobody is signed in here yet."""

import secrets
from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits, tokens
from funnel.db import Session, utc_now
from funnel.house import entry
from funnel.models.house import Owner
from funnel.models.mail import MessageKind, Queue
from funnel.programme import plan
from funnel.tokens import Purpose
from funnel.web import edge
from funnel.web.nudge import nudge
from funnel.web.owner import accounts, alarm, gate
from tasks.mail import send_urgent

ADDRESS_LIMIT = (3, 60 * 60)  # mails, seconds
NETWORK_LIMIT = (10, 60 * 60)
TEMPLATES = {Purpose.INVITE: "invitation", Purpose.FORGOTTEN: "password_link"}
ON_ITS_WAY = "If {} may sign in here, a mail with a link is on its way there. The link works for an hour."
NOT_THE_SAME = "The two passwords are not the same. Please type them again."

blueprint = gate.pages("entry", __name__, open_to_all=("forgotten", "send_link", "show", "set_password"))


@blueprint.get("/forgotten")
def forgotten() -> str:
    return render_template("owner/entry/forgotten.html")


@blueprint.post("/forgotten")
def send_link() -> AnyResponse:
    """The same answer whether the address is known or not, and whether a limit was met or not."""
    email, now = request.form.get("email", "").strip().lower()[:254].replace("\x00", ""), utc_now()
    if _may_ask(email):
        with Session.begin() as session:
            able = (Owner.email == email, Owner.removed_at.is_(None), Owner.password_hash != "")
            if owner := session.scalar(select(Owner).where(*able)):
                mail_link(session, owner, Purpose.FORGOTTEN, now)
        nudge(send_urgent)
    flash(ON_ITS_WAY.format(email or "this address"))
    return redirect(url_for("signin.show"), HTTPStatus.SEE_OTHER)


@blueprint.get("/enter/<token>")
def show(token: str) -> str | tuple[str, int]:
    with Session.begin() as session:
        found = entry.opened(session, token, utc_now())
        return _page(*found) if found else _ended()


@blueprint.post("/enter/<token>")
def set_password(token: str) -> str | tuple[str, int] | AnyResponse:
    now, password = utc_now(), request.form.get("password", "")
    with Session.begin() as session:
        found = entry.opened(session, token, now)
        if found is None:
            return _ended()
        try:
            if password != request.form.get("password_again"):
                raise accounts.AccountError(NOT_THE_SAME)
            accounts.change_password(session, found[0], password, now, by=found[0].id)
            alarm.tell(session, found[0], now)
        except accounts.AccountError as error:
            return _page(*found, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    nudge(send_urgent)
    flash("Your password is set. Please sign in with it.")
    return redirect(url_for("signin.show"), HTTPStatus.SEE_OTHER)


def mail_link(session: OrmSession, owner: Owner, purpose: Purpose, now: datetime) -> None:
    """Plans the mail with the link. One asked for before stays good for its time, until a password is set."""
    plan.plan(
        session,
        MessageKind.NOTICE,
        f"{purpose}:{owner.id}:{secrets.token_hex(8)}",
        template=TEMPLATES[purpose],
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + entry.LIFE[purpose],
        now=now,
        to_address=owner.email,
    )


def _may_ask(email: str) -> bool:
    asked = (
        ("forgotten password", tokens.address_hash(email).hex(), *ADDRESS_LIMIT),
        ("forgotten password network", edge.visit().network, *NETWORK_LIMIT),
    )
    return all(limits.allow(*one) for one in asked)


def _ended() -> tuple[str, int]:
    return render_template("owner/entry/ended.html"), HTTPStatus.NOT_FOUND


def _page(owner: Owner, purpose: Purpose, problem: str = "") -> str:
    shortest = accounts.SHORTEST_PASSWORD
    return render_template(
        "owner/entry/show.html", who=owner, invited=purpose == Purpose.INVITE, shortest=shortest, problem=problem
    )
