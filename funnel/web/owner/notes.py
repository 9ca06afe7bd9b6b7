"""Notes for newsletters: jotted down between two clients, and begun a newsletter with."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight.paging import paged
from funnel.models.content import Newsletter
from funnel.models.rhythms import Note
from funnel.programme import issues, notes, rhythms
from funnel.programme.notes import BadNote
from funnel.web.owner import gate
from funnel.web.owner.issue_manner import NEWSLETTERS

PLACE = f"/newsletters/notes/<{gate.ID}:note_id>"
NONE_LEFT = "There is no note that waits: all of them are in a newsletter."
GONE = "The note was gone already."

blueprint = gate.pages("notes", __name__)


@blueprint.get("/newsletters/notes")
def index() -> str:
    with Session.begin() as session:
        return _list(session)


@blueprint.post("/newsletters/notes")
def write() -> AnyResponse | tuple[str, int]:
    now, words = utc_now(), request.form.get("words", "")
    try:
        with Session.begin() as session:
            note = notes.write(session, words, now)
            gate.note(session, "wrote a note", now, note=note.id)
    except BadNote as why:
        with Session.begin() as session:
            return _list(session, words, str(why)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash("Kept.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.get(PLACE)
def show(note_id: int) -> str:
    with Session.begin() as session:
        return _page(session, note_id)


@blueprint.post(PLACE)
def change(note_id: int) -> AnyResponse | tuple[str, int]:
    now, words = utc_now(), request.form.get("words", "")
    try:
        with Session.begin() as session:
            if notes.change(session, note_id, words, request.form.get("seen_at", ""), now) is None:
                abort(HTTPStatus.NOT_FOUND)
            gate.note(session, "changed a note", now, note=note_id)
    except BadNote as why:
        with Session.begin() as session:
            return _page(session, note_id, words, str(why)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash("Saved.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{PLACE}/delete")
def remove(note_id: int) -> AnyResponse:
    """The list it leads to has the button that takes it back."""
    now = utc_now()
    with Session.begin() as session:
        gone = notes.remove(session, note_id, now)
        if gone:
            gate.note(session, "deleted a note", now, note=note_id)
    if not gone:
        flash(GONE, "warn")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
    return redirect(url_for(".index", deleted=note_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{PLACE}/undo")
def undo(note_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        back = notes.bring_back(session, note_id)
        if back:
            gate.note(session, "brought a note back", now, note=note_id)
    flash("It is back." if back else "There was nothing to bring back.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/newsletters/notes/newsletter")
def begin() -> AnyResponse:
    """A newsletter of all notes that wait, now, and on to its editor."""
    now = utc_now()
    with Session.begin() as session:
        taken = notes.take(session, issues.EMPTY["subject"], now, owner_id=gate.owner().id)
        number = taken.issue.id if taken else None
        if taken:
            gate.note(session, "began a newsletter with notes", now, newsletter=number, notes=taken.notes)
    if number is None:
        flash(NONE_LEFT, "warn")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
    flash("Begun with your notes. Nobody gets it until you send it.")
    return redirect(url_for("editor.show", noun=NEWSLETTERS.noun, text_id=number), HTTPStatus.SEE_OTHER)


def _list(session: OrmSession, words: str = "", problem: str = "") -> str:
    rows = select(Note, Newsletter, notes.is_unsent()).outerjoin(Newsletter, Newsletter.id == Note.newsletter_id)
    newest = rows.where(Note.deleted_at.is_(None)).order_by(Note.created_at.desc(), Note.id.desc())
    deleted = request.args.get("deleted", 0, type=int)
    coming = [line for line in rhythms.listed(session) if not line.rhythm.paused_at]
    return render_template(
        "owner/notes/index.html",
        found=paged(session, newest, lambda *row: row, request.args.get("page", 1, type=int)),
        unsent=notes.unsent(session),
        coming=min(coming, key=lambda line: line.draft_at) if coming else None,
        now=utc_now(),
        words=words,
        problem=problem,
        longest=notes.LONGEST,
        most=notes.MOST_TAKEN,
        deleted=deleted if 0 < deleted < 1 << 63 else 0,
    )


def _page(session: OrmSession, note_id: int, words: str = "", problem: str = "") -> str:
    note = session.get(Note, note_id)
    if note is None or note.deleted_at:
        abort(HTTPStatus.NOT_FOUND)
    clash = problem == notes.MEANWHILE
    issue = session.get(Newsletter, note.newsletter_id) if note.newsletter_id else None
    return render_template(
        "owner/notes/show.html",
        note=note,
        issue=issue,
        words=words if problem else note.body,
        problem=problem,
        seen_at=request.form.get("seen_at", "") if problem and not clash else note.updated_at.isoformat(),
        theirs=note.body if clash else "",
        longest=notes.LONGEST,
    )
