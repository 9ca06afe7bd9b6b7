"""Drafts of mails: kept while somebody types, compared with what is said now, thrown away and brought back."""

from http import HTTPStatus

from flask import abort, flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.editing import Draft, Kind
from funnel.programme import drafts, revisions, wording
from funnel.web.owner import gate, writing

JSON = "application/json"
NOTHING = "Nothing differs from what is saved."
ELSEWHERE = (
    "Another window has changed this draft. What you type here stays in this browser; save it, or open the page again."
)

blueprint = gate.pages("drafts", __name__)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/draft")
def keep(step_id: int) -> AnyResponse:
    """Keeps what is typed, good or not. The script is answered in JSON."""
    now, content, mine = utc_now(), wording.cleaned(request.form), gate.owner().id
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        if content == wording.typed(step):
            drafts.drop(session, Kind.STEP, step_id, mine)
            return _told(step_id, NOTHING, 0)
        if request.accept_mimetypes.best != JSON:
            writing.kept(session, step, content, writing.number("based_on"), now)
            return _told(step_id, "Kept as a draft.", 0)
        try:
            draft = drafts.keep(
                session,
                Kind.STEP,
                step_id,
                mine,
                content,
                based_on=writing.number("based_on"),
                version=writing.number("version"),
                now=now,
            )
        except drafts.Moved:
            return _told(step_id, ELSEWHERE, 0, HTTPStatus.CONFLICT)
        newer = revisions.latest(session, Kind.STEP, step_id) > draft.based_on
        warning = "Somebody has saved other words since you began: when you save, you will see both." if newer else ""
        return _told(step_id, warning, draft.version)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/draft")
def show(step_id: int) -> AnyResponse:
    """What a draft would change: one's own, or that of another owner by its number in `?of=`."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        mine = drafts.of(session, Kind.STEP, step_id, gate.owner().id)
        wanted = request.args.get("of", 0, type=int)
        found: list[tuple[Draft, str]] = [(mine, "")] if mine else []
        if wanted:
            theirs = drafts.others(session, Kind.STEP, step_id, gate.owner().id)
            found = [(draft, who or "somebody") for draft, who in theirs if draft.id == wanted]
        if wanted and not found:
            abort(HTTPStatus.NOT_FOUND)
        draft, who = found[0] if found else (None, "")
        return writing.page("drafts/show", step=step, draft=draft, who=who, now_said=wording.typed(step))


@blueprint.post(f"/mails/<{gate.ID}:step_id>/draft/discard")
def discard(step_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        writing.step_of(session, step_id)
        number = drafts.discard(session, Kind.STEP, step_id, gate.owner().id, now)
        if number:
            gate.note(session, "threw a draft away", now, step=step_id, draft=number)
    return redirect(url_for("mails.show", name=step_id, thrown_away=number), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/draft/undo")
def undo(step_id: int) -> AnyResponse:
    with Session.begin() as session:
        writing.step_of(session, step_id)
        back = drafts.bring_back(session, writing.number("draft"), gate.owner().id)
    if back:
        return redirect(url_for("editor.show", step_id=step_id), HTTPStatus.SEE_OTHER)
    flash("That draft is gone, or you have begun another since.", "warn")
    return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)


def _told(step_id: int, words: str, version: int, status: int = HTTPStatus.OK) -> AnyResponse:
    if request.accept_mimetypes.best == JSON:
        answer = jsonify(words=words, version=version)
        answer.status_code = status
        return answer
    flash(words)
    return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)
