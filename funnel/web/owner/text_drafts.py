"""Drafts of posts and forms: kept while somebody types, compared with what is said now, thrown away, brought back."""

from http import HTTPStatus

from flask import abort, flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.editing import Draft
from funnel.programme import drafts, revisions
from funnel.web.owner import gate, texts
from funnel.web.owner.drafts import ELSEWHERE, JSON, NOTHING
from funnel.web.owner.manner import MANNERS, Manner, found

blueprint = gate.pages("text_drafts", __name__)


@blueprint.post(f"{texts.ROUTE}/draft")
def keep(noun: str, text_id: int) -> AnyResponse:
    """Keeps what is typed, good or not. The script is answered in JSON."""
    now, manner, mine = utc_now(), MANNERS[noun], gate.owner().id
    content, based_on = manner.cleaned(request.form), texts.number("based_on")
    with Session.begin() as session:
        row = found(session, manner, text_id)
        if content == manner.typed(session, row):
            drafts.drop(session, manner.kind, text_id, mine)
            return _told(manner, text_id, NOTHING, 0)
        if request.accept_mimetypes.best != JSON:
            texts.kept(session, manner, row, content, based_on, now)
            return _told(manner, text_id, "Kept as a draft.", 0)
        try:
            draft = drafts.keep(
                session, manner.kind, text_id, mine, content,
                based_on=based_on, version=texts.number("version"), now=now,
            )  # fmt: skip
        except drafts.Moved:
            return _told(manner, text_id, ELSEWHERE, 0, HTTPStatus.CONFLICT)
        newer = revisions.latest(session, manner.kind, text_id) > draft.based_on
        warning = "Somebody has saved other words since you began: when you save, you will see both." if newer else ""
        return _told(manner, text_id, warning, draft.version)


@blueprint.get(f"{texts.ROUTE}/draft")
def show(noun: str, text_id: int) -> AnyResponse:
    """What a draft would change: one's own, or that of another owner by its number in `?of=`."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = found(session, manner, text_id)
        mine = drafts.of(session, manner.kind, text_id, gate.owner().id)
        wanted = request.args.get("of", 0, type=int)
        shown: list[tuple[Draft, str]] = [(mine, "")] if mine else []
        if wanted:
            theirs = drafts.others(session, manner.kind, text_id, gate.owner().id)
            shown = [(draft, who or "somebody") for draft, who in theirs if draft.id == wanted]
        if wanted and not shown:
            abort(HTTPStatus.NOT_FOUND)
        draft, who = shown[0] if shown else (None, "")
        return texts.page("text_drafts/show", noun, row, draft=draft, who=who, now_said=manner.typed(session, row))


@blueprint.post(f"{texts.ROUTE}/draft/discard")
def discard(noun: str, text_id: int) -> AnyResponse:
    now, manner = utc_now(), MANNERS[noun]
    with Session.begin() as session:
        found(session, manner, text_id)
        number = drafts.discard(session, manner.kind, text_id, gate.owner().id, now)
        if number:
            gate.note(session, "threw a draft away", now, draft=number, **{manner.one: text_id})
    thrown = f"?thrown_away={number}" if number else ""
    return redirect(f"{manner.page(text_id)}{thrown}", HTTPStatus.SEE_OTHER)


@blueprint.post(f"{texts.ROUTE}/draft/undo")
def undo(noun: str, text_id: int) -> AnyResponse:
    manner = MANNERS[noun]
    with Session.begin() as session:
        found(session, manner, text_id)
        back = drafts.bring_back(session, texts.number("draft"), gate.owner().id)
    if back:
        return redirect(url_for("text_editor.show", noun=noun, text_id=text_id), HTTPStatus.SEE_OTHER)
    flash("That draft is gone, or you have begun another since.", "warn")
    return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)


def _told(manner: Manner, text_id: int, words: str, version: int, status: int = HTTPStatus.OK) -> AnyResponse:
    if request.accept_mimetypes.best == JSON:
        answer = jsonify(words=words, version=version)
        answer.status_code = status
        return answer
    flash(words)
    return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)
