"""Unknown mails: what is known of them, and what the owner decides: sent again, or taken as arrived."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import decisions, groups
from funnel.insight import unknown as doubts
from funnel.mail import unknown
from funnel.models.mail import Message
from funnel.web.nudge import nudge
from funnel.web.owner import gate
from funnel.web.owner.words import counted
from tasks.mail import send_bulk, send_urgent

MOST_NAMED = 50
SETTLED = "Nothing was done: what became of these mails was settled in the meantime."

blueprint = gate.pages("unknown", __name__)


@blueprint.get("/unknown")
def index() -> str:
    with Session.begin() as session:
        return render_template(
            "owner/unknown/index.html",
            now=utc_now(),
            groups=groups.groups(session, unknown.is_unknown()),
            made=decisions.latest(session),
        )


@blueprint.get("/unknown/<which>")
def ask(which: str) -> str:
    """What is known of them and what either choice means, before one is pressed."""
    now, about = utc_now(), _about(which)
    with Session.begin() as session:
        mails = doubts.held(session, *about)
        return render_template(
            "owner/unknown/ask.html",
            now=now,
            which=which,
            found=doubts.summed(session, now, mails),
            groups=groups.groups(session, mails),
            mails=doubts.listed(session, now, mails, limit=MOST_NAMED),
        )


@blueprint.post("/unknown/<which>/again")
def again(which: str) -> AnyResponse:
    now, about = utc_now(), _about(which)
    with Session.begin() as session:
        known = unknown.resend(session, now, *about, _was_shown())
        entry = gate.note(session, decisions.RESENT, now, which=which, known=known) if known else None
    nudge(send_bulk)
    nudge(send_urgent)
    return _to(entry)


@blueprint.post("/unknown/<which>/arrived")
def arrived(which: str) -> AnyResponse:
    now, about = utc_now(), _about(which)
    with Session.begin() as session:
        known = unknown.accept(session, *about, _was_shown())
        entry = gate.note(session, decisions.ACCEPTED, now, which=which, known=known) if known else None
    return _to(entry)


@blueprint.get(f"/unknown/decided/<{gate.ID}:entry_id>")
def decided(entry_id: int) -> str:
    """What became of a decision since, and how far it can still be taken back."""
    with Session.begin() as session:
        decision = decisions.made(session, entry_id) or abort(HTTPStatus.NOT_FOUND)
        standing = decisions.standing(session, decision)
        return render_template("owner/unknown/decided.html", decision=decision, standing=standing)


@blueprint.post(f"/unknown/decided/<{gate.ID}:entry_id>/undo")
def undo(entry_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        decision = decisions.made(session, entry_id) or abort(HTTPStatus.NOT_FOUND)
        count = unknown.take_back(session, decision.known, now)
        if count:
            gate.note(session, decisions.TAKEN_BACK, now, decision=entry_id, mails=count)
    flash(f"Taken back for {counted(count, 'mail')}." if count else "Nothing was left to take back.")
    return redirect(url_for(".decided", entry_id=entry_id), HTTPStatus.SEE_OTHER)


def _about(which: str) -> tuple[ColumnElement[bool], ...]:
    found = groups.chosen(which)
    return abort(HTTPStatus.NOT_FOUND) if found is None else found


def _was_shown() -> ColumnElement[bool]:
    """Only what stood on the page is decided, and not what became unknown since."""
    try:
        return Message.troubled_at <= datetime.fromisoformat(request.form["latest"]).astimezone()
    except (ValueError, OverflowError):
        return abort(HTTPStatus.BAD_REQUEST)


def _to(entry_id: int | None) -> AnyResponse:
    if entry_id is None:
        flash(SETTLED, "warn")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".decided", entry_id=entry_id), HTTPStatus.SEE_OTHER)
