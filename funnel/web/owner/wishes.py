"""Mails that wait or have failed, as the owner wishes: tried now, or not sent at all."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, or_
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import cancellations, groups, outstanding
from funnel.mail import wishes
from funnel.models.mail import Message
from funnel.web.nudge import nudge
from funnel.web.owner import gate
from funnel.web.owner.words import counted
from tasks.mail import send_bulk, send_urgent

MOST_NAMED = 50
SETTLED = "Nothing was done: these mails were sent, or otherwise settled, in the meantime."

blueprint = gate.pages("wishes", __name__)


@blueprint.get("/messages/<which>")
def ask(which: str) -> str:
    """What is known of them and what either choice means, before one is pressed."""
    now, about = utc_now(), _about(which)
    shown = (or_(wishes.waits(*about), wishes.is_failed()), *about) if _single(which) else (wishes.waits(*about),)
    with Session.begin() as session:
        return render_template(
            "owner/wishes/ask.html",
            which=which,
            most=wishes.MOST,
            found=outstanding.summed(session, now, *shown),
            groups=groups.groups(session, *shown),
            mails=outstanding.listed(session, MOST_NAMED, *shown),
        )


@blueprint.post("/messages/<which>/now")
def try_now(which: str) -> AnyResponse:
    now, about, number = utc_now(), (*_about(which), _was_shown()), _single(which)
    with Session.begin() as session:
        ids = wishes.hasten(session, now, *about)
        if number and wishes.revive(session, now, number):
            ids.append(number)
        if ids:
            gate.note(session, cancellations.TRIED, now, which=which, ids=ids)
    nudge(send_bulk)
    nudge(send_urgent)
    flash(*((f"{counted(len(ids), 'mail')} to be tried now.",) if ids else (SETTLED, "warn")))
    return redirect(url_for("messages.index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/messages/<which>/cancel")
def cancel(which: str) -> AnyResponse:
    now, about = utc_now(), (*_about(which), _was_shown())
    with Session.begin() as session:
        ids = wishes.cancel(session, now, *about)
        entry = gate.note(session, cancellations.CANCELLED, now, which=which, ids=ids) if ids else None
    if entry is None:
        flash(SETTLED, "warn")
        return redirect(url_for("messages.index"), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".cancelled", cancellation_id=entry), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/messages/cancelled/<{gate.ID}:cancellation_id>")
def cancelled(cancellation_id: int) -> str:
    """What was cancelled, and how much of it can still be taken back."""
    now = utc_now()
    with Session.begin() as session:
        made = cancellations.made(session, cancellation_id) or abort(HTTPStatus.NOT_FOUND)
        restorable = wishes.restorable(session, cancellations.mails(session, cancellation_id), now)
        return render_template("owner/wishes/cancelled.html", made=made, restorable=restorable)


@blueprint.post(f"/messages/cancelled/<{gate.ID}:cancellation_id>/undo")
def undo(cancellation_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        if not cancellations.made(session, cancellation_id):
            abort(HTTPStatus.NOT_FOUND)
        count = wishes.restore(session, cancellations.mails(session, cancellation_id), now)
        if count:
            gate.note(session, cancellations.TAKEN_BACK, now, decision=cancellation_id, mails=count)
    nudge(send_bulk)
    nudge(send_urgent)
    flash(f"Taken back: {counted(count, 'mail')} will be sent." if count else "Nothing was left to take back.")
    return redirect(url_for(".cancelled", cancellation_id=cancellation_id), HTTPStatus.SEE_OTHER)


def _about(which: str) -> tuple[ColumnElement[bool], ...]:
    found = groups.chosen(which)
    return abort(HTTPStatus.NOT_FOUND) if found is None else found


def _single(which: str) -> int | None:
    """The mail's id, when it is about one. What failed is sent again one by one only: it has been long ago, or many."""
    return int(which.removeprefix("mail-")) if which.startswith("mail-") else None


def _was_shown() -> ColumnElement[bool]:
    """Nothing that was planned since the page was shown."""
    newest = request.form.get("newest", type=int)
    return abort(HTTPStatus.BAD_REQUEST) if newest is None or newest >= 1 << 63 else Message.id <= newest
