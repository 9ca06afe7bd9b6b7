"""The revisions of a mail: who changed what, what differs between any two, and each brought back; its file too."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.content import SequenceState, Step
from funnel.models.editing import Kind
from funnel.programme import editing, file_copies, revisions, wording
from funnel.web.owner import gate, writing

blueprint = gate.pages("revisions", __name__)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/revisions")
def index(step_id: int) -> AnyResponse:
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        lines = revisions.listed(session, Kind.STEP, step_id, request.args.get("before", type=int))
        return writing.page("revisions/index", step=step, lines=lines, shown=revisions.SHOWN)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/revisions/compare")
def compare(step_id: int) -> AnyResponse:
    """From the revision `?from=` to the revision `?to=`; what is left out is the newest and the one before it."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        to = request.args.get("to", step.revision, type=int)
        new, old = (
            revisions.one(session, Kind.STEP, step_id, number)
            for number in (to, request.args.get("from", to - 1, type=int))
        )
        who = revisions.who(session, new) if new else ""
        return writing.page("revisions/compare", step=step, old=old, new=new, who=who)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/revisions/<{gate.ID}:number>/restore")
def restore(step_id: int, number: int) -> AnyResponse:
    """An old wording said again, as a new revision: the ones between stay."""
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        old = revisions.one(session, Kind.STEP, step_id, number) or abort(HTTPStatus.NOT_FOUND)
        said = _say(session, step, old.content, f"revision {number} restored", utc_now())
    if said:
        return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)
    return redirect(url_for("editor.show", step_id=step_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/file")
def file(step_id: int) -> AnyResponse:
    """What the mail's content file says otherwise."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        copy = file_copies.of(session, Kind.STEP, step_id) or abort(HTTPStatus.NOT_FOUND)
        return writing.page("revisions/file", step=step, copy=copy, ours=wording.typed(step))


@blueprint.post(f"/mails/<{gate.ID}:step_id>/file")
def take(step_id: int) -> AnyResponse:
    """Says what the file says, and follows it from now on; its day is asked about where somebody may wait."""
    now = utc_now()
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        copy = file_copies.of(session, Kind.STEP, step_id) or abort(HTTPStatus.NOT_FOUND)
        if not _say(session, step, copy.content, "taken from its file", now):
            return redirect(url_for("editor.show", step_id=step_id), HTTPStatus.SEE_OTHER)
        day = int(copy.content[wording.DAY])
        if day == step.day and step.state is SequenceState.LIVE:
            file_copies.rejoin(session, Kind.STEP, step_id)
        if day != step.day:
            return redirect(url_for("arranging.ask_day", step_id=step_id, day=day), HTTPStatus.SEE_OTHER)
    return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)


def _say(session: OrmSession, step: Step, content: dict[str, str], why: str, now: datetime) -> bool:
    """Whether it could be said: words that are refused today go into the draft, where they can be mended."""
    typed = content | {wording.DAY: str(step.day)}
    values, faults = writing.read(step, typed)
    if faults:
        writing.kept(session, step, typed, step.revision, now)
        flash("These words cannot be said as they are. They are in your draft: mend them, then save.", "warn")
        return False
    mine = gate.owner().id
    changed = editing.save(session, step, values, based_on=step.revision, owner_id=mine, why=why, now=now)
    if changed:
        gate.note(session, "changed the words of a mail", now, step=step.id, revision=step.revision, why=why)
    flash("Done. It is what the mail says from now on." if changed else "The mail says this already.")
    return True
