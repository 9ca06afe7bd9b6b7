"""Mails that wait or have failed, as the owner wishes: tried now, or not sent at all."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import groups, outstanding
from funnel.mail import wishes
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.web.nudge import nudge
from funnel.web.owner import gate
from funnel.web.owner.words import counted
from tasks.mail import send_bulk, send_urgent

MOST_NAMED = 50
CANCELLED, TRIED, RESTORED = "cancelled mails", "had mails tried now", "took back that mails were cancelled"  # audit
SETTLED = "Nothing was done: these mails were sent, or otherwise settled, in the meantime."

blueprint = gate.pages("wishes", __name__)


@blueprint.get("/messages/<which>")
def ask(which: str) -> str:
    """What is known of them and what either choice means, before one is pressed."""
    now, about = utc_now(), _about(which)
    with Session.begin() as session:
        return render_template(
            "owner/wishes/ask.html",
            which=which,
            found=outstanding.summed(session, now, *about),
            groups=groups.groups(session, outstanding.are(), *about),
            mails=outstanding.listed(session, MOST_NAMED, *about),
        )


@blueprint.post("/messages/<which>/now")
def try_now(which: str) -> AnyResponse:
    now, about = utc_now(), (*_about(which), _was_shown())
    with Session.begin() as session:
        count = len(wishes.hasten(session, now, *about)) + len(wishes.revive(session, now, *about))
        if count:
            gate.note(session, TRIED, now, which=which, mails=count)
    nudge(send_bulk)
    nudge(send_urgent)
    flash(*((f"{counted(count, 'mail')} to be tried now.",) if count else (SETTLED, "warn")))
    return redirect(url_for("messages.index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/messages/<which>/cancel")
def cancel(which: str) -> AnyResponse:
    now, about = utc_now(), (*_about(which), _was_shown())
    with Session.begin() as session:
        ids = wishes.cancel(session, now, *about)
        entry = gate.note(session, CANCELLED, now, which=which, ids=ids) if ids else None
    if entry is None:
        flash(SETTLED, "warn")
        return redirect(url_for("messages.index"), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".cancelled", entry_id=entry), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/messages/cancelled/<{gate.ID}:entry_id>")
def cancelled(entry_id: int) -> str:
    """What was cancelled, and how much of it can still be taken back."""
    now = utc_now()
    with Session.begin() as session:
        entry = _cancellation(session, entry_id)
        ids = entry.detail["ids"]
        restorable = wishes.restorable(session, ids, now)
        return render_template("owner/wishes/cancelled.html", entry=entry, count=len(ids), restorable=restorable)


@blueprint.post(f"/messages/cancelled/<{gate.ID}:entry_id>/undo")
def undo(entry_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        count = wishes.restore(session, _cancellation(session, entry_id).detail["ids"], now)
        if count:
            gate.note(session, RESTORED, now, decision=entry_id, mails=count)
    nudge(send_bulk)
    nudge(send_urgent)
    flash(f"Taken back: {counted(count, 'mail')} will be sent." if count else "Nothing was left to take back.")
    return redirect(url_for(".cancelled", entry_id=entry_id), HTTPStatus.SEE_OTHER)


def _cancellation(session: OrmSession, entry_id: int) -> AuditEntry:
    entry = session.get(AuditEntry, entry_id)
    return entry if entry and entry.action == CANCELLED else abort(HTTPStatus.NOT_FOUND)


def _about(which: str) -> tuple[ColumnElement[bool], ...]:
    found = groups.chosen(which)
    return abort(HTTPStatus.NOT_FOUND) if found is None else found


def _was_shown() -> ColumnElement[bool]:
    """Only what stood on the page is meant, and not what was planned since."""
    newest = request.form.get("newest", type=int)
    return abort(HTTPStatus.BAD_REQUEST) if newest is None or newest >= 1 << 63 else Message.id <= newest
