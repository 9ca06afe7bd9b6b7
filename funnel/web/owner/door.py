"""Who was kept out at the forms, and why; “this one was a person: let in”, one or many, and back."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import letting_in
from funnel.audience.letting_in import LET_IN, REFUSED_AGAIN, Outcome
from funnel.db import Session, utc_now
from funnel.insight import kept_out, turned_away
from funnel.models.house import AuditEntry
from funnel.models.people import Form, SignUp
from funnel.programme.history import among
from funnel.web.nudge import nudge
from funnel.web.owner import gate
from funnel.web.owner.door_words import CALLED, REFUSALS
from funnel.web.owner.words import counted
from tasks.mail import send_urgent

ROWS = 50
NAMED = 5  # of those that could not be let in, one by one

blueprint = gate.pages("door", __name__)


@blueprint.get("/door")
def index() -> str:
    now = utc_now()
    why = request.args.get("why", "")
    with Session.begin() as session:
        form = _form(session)
        reason = why if why in REFUSALS else ""
        found, further = kept_out.page(session, reason, _before(), ROWS, now, form.id if form else None)
        return render_template(
            "owner/door/index.html",
            now=now,
            found=found,
            further=f"{further[0].isoformat()},{further[1]}" if further else None,
            before=request.args.get("before"),
            why=reason,
            form=form,
            most_times=kept_out.MOST_TIMES,
            whys=REFUSALS,
            called=CALLED,
            stopped=turned_away.stopped(session, now),
            rush=turned_away.rush(session, now),
            entry=request.args.get("entry", type=int),
        )


@blueprint.post("/door/let-in")
def let_in() -> AnyResponse:
    """One by its own button, or all that are ticked."""
    now = utc_now()
    ids = [request.form.get("one", type=int)] if "one" in request.form else request.form.getlist("id", type=int)
    wanted = [number for number in ids if number is not None][:ROWS]
    entry = None
    with Session.begin() as session:
        outcome = letting_in.let_in(session, wanted, now)
        if outcome.let_in:
            reasons = {str(number): reason for number, reason in outcome.let_in.items()}
            entry = gate.note(session, LET_IN, now, sign_ups=reasons, at=now.isoformat())
        said = _kept_out(session, outcome)
    nudge(send_urgent)
    for words in said:
        flash(words, "warn")
    if not wanted:
        flash("Nobody was ticked.", "warn")
    why, form = (request.form.get(name) or None for name in ("why", "form"))
    return redirect(url_for(".index", why=why, form=form, entry=entry), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/door/undo/<{gate.ID}:entry_id>")
def undo(entry_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        entry = session.get(AuditEntry, entry_id)
        if entry is None or entry.action != LET_IN:
            abort(HTTPStatus.NOT_FOUND)
        reasons = {int(number): reason for number, reason in entry.detail["sign_ups"].items()}
        back = letting_in.take_back(session, reasons, datetime.fromisoformat(entry.detail["at"]), now)
        if back:
            gate.note(session, REFUSED_AGAIN, now, entry=entry_id, count=len(back), sign_ups=back)
    left = len(reasons) - len(back)
    if back:
        flash(f"Taken back: {counted(len(back), 'sign-up')} refused as before.")
    if left:
        flash(f"The mail has left already, or leaves this moment: {counted(left, 'sign-up')} let in.", "warn")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _kept_out(session: OrmSession, outcome: Outcome) -> list[str]:
    """Why some of them could not be let in."""
    ids = list(outcome.kept_out)
    emails = {one.id: one.email for one in session.query(SignUp).where(among(SignUp.id, ids))}
    said = [f"{emails.get(number) or 'One'} stays out. {outcome.kept_out[number]}" for number in ids[:NAMED]]
    return said + [f"And {len(ids) - NAMED} more."] * (len(ids) > NAMED)


def _form(session: OrmSession) -> Form | None:
    """The form whose sign-ups alone are asked for; None for all."""
    number = request.args.get("form", 0, type=int)
    return session.get(Form, number) if 0 < number < 1 << 63 else None


def _before() -> tuple[datetime, int] | None:
    """The place that `?before=` names; None when it names none."""
    at, _, number = request.args.get("before", "").partition(",")
    try:
        found = datetime.fromisoformat(at), int(number)
    except ValueError:
        return None
    return found if found[0].tzinfo and 0 <= found[1] < 1 << 63 else None
