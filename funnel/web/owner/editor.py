"""The editor of a mail: saved, its words are those in force; never over somebody else's unseen."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.content import SequenceState, Step
from funnel.models.editing import Kind
from funnel.programme import differences, drafts, editing, revisions, wording
from funnel.web.owner import gate, writing

blueprint = gate.pages("editor", __name__)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/edit")
def show(step_id: int) -> AnyResponse:
    """The draft when one is kept, else the words in force."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        draft = drafts.of(session, Kind.STEP, step_id, gate.owner().id)
        content = draft.content if draft else wording.typed(step)
        based_on = draft.based_on if draft else step.revision
        return writing.editor(session, step, content, draft=draft, based_on=based_on)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/edit")
def save(step_id: int) -> AnyResponse:
    """What is wrong, or newer than what was begun from, is shown; what was typed stays."""
    now, content, based_on = utc_now(), wording.cleaned(request.form), writing.number("based_on")
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        values, faults = writing.read(step, content)
        if faults:
            draft = writing.kept(session, step, content, based_on, now)
            page = writing.editor(session, step, content, draft=draft, based_on=based_on, faults=faults)
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        mine = gate.owner().id
        try:
            changed = editing.save(session, step, values, based_on=based_on, owner_id=mine, why="saved", now=now)
        except revisions.Newer as newer:
            writing.kept(session, step, content, based_on, now)
            return _clash(session, step, content, newer)
        return _saved(session, step, values[wording.DAY], changed, now)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/both")
def both(step_id: int) -> AnyResponse:
    """Mine and theirs in one text, to go on with."""
    now, mine = utc_now(), wording.cleaned(request.form)
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        base = revisions.one(session, Kind.STEP, step_id, writing.number("based_on"))
        begun_from = base.content | {wording.DAY: str(step.day)} if base else {}
        content, clashes = differences.joined(begun_from, mine, wording.typed(step))
        draft = writing.kept(session, step, content, step.revision, now)
        return writing.editor(session, step, content, draft=draft, based_on=step.revision, clashes=clashes)


def _clash(session: OrmSession, step: Step, content: dict[str, str], newer: revisions.Newer) -> AnyResponse:
    base = newer.base.content if newer.base else {}
    page = writing.page(
        "editor/clash",
        step=step,
        mine=content,
        theirs=newer.theirs,
        who=revisions.who(session, newer.theirs),
        base=base,
        based_on=newer.base.number if newer.base else 0,
        fields=revisions.changed(wording.said(content), newer.theirs.content),
    )
    page.status_code = HTTPStatus.CONFLICT
    return page


def _saved(session: OrmSession, step: Step, day: int, changed: bool, now: datetime) -> AnyResponse:
    """Where to go on: to the page that asks about another day, or back to the mail."""
    if changed:
        gate.note(session, "changed the words of a mail", now, step=step.id, revision=step.revision)
    if day != step.day and step.state is SequenceState.LIVE:
        flash("Your words are saved. Now the day." if changed else "Now the day.")
        return redirect(url_for("arranging.ask_day", step_id=step.id, day=day), HTTPStatus.SEE_OTHER)
    if day != step.day:
        editing.move(session, step.sequence, {step.id: day}, now)
        changed = True
    live = step.state is SequenceState.LIVE and step.sequence.state is SequenceState.LIVE
    saved = "Saved. It is what people get from now on." if live else "Saved."
    flash(saved if changed else "Nothing had changed.")
    return redirect(url_for("mails.show", name=step.id), HTTPStatus.SEE_OTHER)
