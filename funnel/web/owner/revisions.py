"""The revisions of a text: who changed what, what differs between any two, and each brought back; its file too."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.programme import file_copies, revisions
from funnel.web.owner import editor, gate, texts
from funnel.web.owner.look import Content
from funnel.web.owner.manner import Manner, Row
from funnel.web.owner.manners import MANNERS, TEXT

blueprint = gate.pages("revisions", __name__)


@blueprint.get(f"{TEXT}/revisions")
def index(noun: str, text_id: int) -> AnyResponse:
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.found(session, text_id)
        lines = revisions.listed(session, manner.kind, text_id, request.args.get("before", type=int))
        latest = revisions.latest(session, manner.kind, text_id)
        return texts.page("revisions/index", manner, row, lines=lines, shown=revisions.SHOWN, latest=latest)


@blueprint.get(f"{TEXT}/revisions/compare")
def compare(noun: str, text_id: int) -> AnyResponse:
    """From the revision `?from=` to the revision `?to=`; what is left out is the newest and the one before it."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.found(session, text_id)
        latest = revisions.latest(session, manner.kind, text_id)
        to = request.args.get("to", latest, type=int)
        new, old = (
            revisions.one(session, manner.kind, text_id, number)
            for number in (to, request.args.get("from", to - 1, type=int))
        )
        who = revisions.who(session, new) if new else ""
        return texts.page("revisions/compare", manner, row, old=old, new=new, who=who, latest=latest)


@blueprint.post(f"{TEXT}/revisions/<{gate.ID}:number>/restore")
def restore(noun: str, text_id: int, number: int) -> AnyResponse:
    """An old wording said again, as a new revision: the ones between stay."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.locked(session, text_id)
        old = revisions.one(session, manner.kind, text_id, number) or abort(HTTPStatus.NOT_FOUND)
        done = _say(session, manner, row, old.content, f"revision {number} restored", utc_now())
    return redirect(manner.page(text_id) if done else _mend(noun, text_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"{TEXT}/file")
def file(noun: str, text_id: int) -> AnyResponse:
    """What its content file says otherwise; back to the text where there is none."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.found(session, text_id)
        copy = file_copies.of(session, manner.kind, text_id)
        if copy is None or not copy.content:
            return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)
        return texts.page("revisions/file", manner, row, copy=copy, ours=manner.typed(session, row))


@blueprint.post(f"{TEXT}/file")
def take(noun: str, text_id: int) -> AnyResponse:
    """Says what the file says, and follows it from now on; what is no wording is asked about."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.locked(session, text_id)
        copy = file_copies.of(session, manner.kind, text_id)
        if copy is None or not copy.content:
            abort(HTTPStatus.NOT_FOUND)
        if not _say(session, manner, row, copy.content, "taken from its file", utc_now()):
            return redirect(_mend(noun, text_id), HTTPStatus.SEE_OTHER)
        if manner.follows(row, copy.content):
            file_copies.rejoin(session, manner.kind, text_id)
        asked = manner.asks(row, copy.content)
    return redirect(asked.address if asked else manner.page(text_id), HTTPStatus.SEE_OTHER)


def _say(session: OrmSession, manner: Manner, row: Row, content: Content, why: str, now: datetime) -> bool:
    """Whether it could be said: words that are refused today go into the draft, where they can be mended."""
    typed = content | manner.beside(session, row)
    latest = revisions.latest(session, manner.kind, row.id)
    values, faults = manner.read(session, row, typed, now)
    if faults:
        texts.kept(session, manner, row, typed, latest, now)
        flash("These words cannot be said as they are. They are in your draft: mend them, then save.", "warn")
        return False
    changed = editor.said(session, manner, row, values, latest, why, now)
    flash(f"Done. It is what the {manner.one} says from now on." if changed else f"The {manner.one} says this already.")
    return True


def _mend(noun: str, text_id: int) -> str:
    return url_for("editor.show", noun=noun, text_id=text_id)
