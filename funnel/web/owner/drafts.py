"""Drafts of a text: kept while somebody types, compared with what is said now, thrown away and brought back."""

from http import HTTPStatus

from flask import abort, flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.editing import Draft
from funnel.programme import drafts, revisions
from funnel.web.owner import gate, texts, typed
from funnel.web.owner.manner import Manner
from funnel.web.owner.manners import MANNERS, TEXT

JSON = "application/json"
NOTHING = "Nothing differs from what is saved."
ELSEWHERE = (
    "Another window has changed this draft. What you type here stays in this browser; save it, or open the page again."
)
NEWER = "Somebody has saved other words since you began: when you save, you will see both."

blueprint = gate.pages("drafts", __name__)


@blueprint.post(f"{TEXT}/draft")
def keep(noun: str, text_id: int) -> AnyResponse:
    """Keeps what is typed, good or not. The script is answered in JSON."""
    now, manner, mine = utc_now(), MANNERS[noun], gate.owner().id
    content, based_on = manner.look.cleaned(request.form), typed.number("based_on")
    with Session.begin() as session:
        row = manner.found(session, text_id)
        if content == manner.typed(session, row):
            drafts.drop(session, manner.kind, text_id, mine)
            return _told(manner, text_id, NOTHING, 0)
        if request.accept_mimetypes.best != JSON:
            texts.kept(session, manner, row, content, based_on, now)
            return _told(manner, text_id, "Kept as a draft.", 0)
        try:
            draft = drafts.keep(
                session, manner.kind, text_id, mine, content,
                based_on=based_on, version=typed.number("version"), now=now,
            )  # fmt: skip
        except drafts.Moved:
            return _told(manner, text_id, ELSEWHERE, 0, HTTPStatus.CONFLICT)
        newer = revisions.latest(session, manner.kind, text_id) > draft.based_on
        return _told(manner, text_id, NEWER if newer else "", draft.version)


@blueprint.get(f"{TEXT}/draft")
def show(noun: str, text_id: int) -> AnyResponse:
    """What a draft would change: one's own, or that of another owner by its number in `?of=`."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.found(session, text_id)
        mine = drafts.of(session, manner.kind, text_id, gate.owner().id)
        wanted = request.args.get("of", 0, type=int)
        found: list[tuple[Draft, str]] = [(mine, "")] if mine else []
        if wanted:
            theirs = drafts.others(session, manner.kind, text_id, gate.owner().id)
            found = [(draft, who or "somebody") for draft, who in theirs if draft.id == wanted]
        if wanted and not found:
            abort(HTTPStatus.NOT_FOUND)
        draft, who = found[0] if found else (None, "")
        return texts.page("drafts/show", manner, row, draft=draft, who=who, now_said=manner.typed(session, row))


@blueprint.post(f"{TEXT}/draft/discard")
def discard(noun: str, text_id: int) -> AnyResponse:
    now, manner = utc_now(), MANNERS[noun]
    with Session.begin() as session:
        manner.found(session, text_id)
        number = drafts.discard(session, manner.kind, text_id, gate.owner().id, now)
        if number:
            gate.note(session, "threw a draft away", now, draft=number, **{manner.kind.value: text_id})
    thrown = f"?thrown_away={number}" if number else ""
    return redirect(f"{manner.page(text_id)}{thrown}", HTTPStatus.SEE_OTHER)


@blueprint.post(f"{TEXT}/draft/undo")
def undo(noun: str, text_id: int) -> AnyResponse:
    manner = MANNERS[noun]
    with Session.begin() as session:
        manner.found(session, text_id)
        back = drafts.bring_back(session, typed.number("draft"), gate.owner().id)
    if back:
        return redirect(url_for("editor.show", noun=noun, text_id=text_id), HTTPStatus.SEE_OTHER)
    flash("That draft is gone, or you have begun another since.", "warn")
    return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)


def _told(manner: Manner, text_id: int, words: str, version: int, status: int = HTTPStatus.OK) -> AnyResponse:
    if request.accept_mimetypes.best == JSON:
        answer = jsonify(words=words, version=version)
        answer.status_code = status
        return answer
    flash(words)
    return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)
