"""The revisions of a post or form: who changed what, what differs between any two, each brought back; its file too."""

from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.programme import file_copies, revisions
from funnel.web.owner import gate, texts
from funnel.web.owner.manner import MANNERS, Content, Manner, Row, found, held

blueprint = gate.pages("text_revisions", __name__)


@blueprint.get(f"{texts.ROUTE}/revisions")
def index(noun: str, text_id: int) -> AnyResponse:
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = found(session, manner, text_id)
        lines = revisions.listed(session, manner.kind, text_id, request.args.get("before", type=int))
        latest = revisions.latest(session, manner.kind, text_id)
        return texts.page("text_revisions/index", noun, row, lines=lines, shown=revisions.SHOWN, latest=latest)


@blueprint.get(f"{texts.ROUTE}/revisions/compare")
def compare(noun: str, text_id: int) -> AnyResponse:
    """From the revision `?from=` to the revision `?to=`; what is left out is the newest and the one before it."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = found(session, manner, text_id)
        latest = revisions.latest(session, manner.kind, text_id)
        to = request.args.get("to", latest, type=int)
        new, old = (
            revisions.one(session, manner.kind, text_id, number)
            for number in (to, request.args.get("from", to - 1, type=int))
        )
        who = revisions.who(session, new) if new else ""
        return texts.page("text_revisions/compare", noun, row, old=old, new=new, who=who, latest=latest)


@blueprint.post(f"{texts.ROUTE}/revisions/<{gate.ID}:number>/restore")
def restore(noun: str, text_id: int, number: int) -> AnyResponse:
    """An old wording said again, as a new revision: the ones between stay."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = held(session, manner, text_id)
        old = revisions.one(session, manner.kind, text_id, number) or abort(HTTPStatus.NOT_FOUND)
        said = _say(session, manner, row, old.content, f"revision {number} restored", utc_now())
    return redirect(_next(manner, noun, text_id, said), HTTPStatus.SEE_OTHER)


@blueprint.get(f"{texts.ROUTE}/file")
def file(noun: str, text_id: int) -> AnyResponse:
    """What its content file says otherwise."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = found(session, manner, text_id)
        copy = file_copies.of(session, manner.kind, text_id)
        if copy is None or not copy.content:
            return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)
        return texts.page("text_revisions/file", noun, row, copy=copy, ours=manner.typed(session, row))


@blueprint.post(f"{texts.ROUTE}/file")
def take(noun: str, text_id: int) -> AnyResponse:
    """Says what the file says, and follows it from now on."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = held(session, manner, text_id)
        copy = file_copies.of(session, manner.kind, text_id) or abort(HTTPStatus.NOT_FOUND)
        said = _say(session, manner, row, copy.content, "taken from its file", utc_now())
        if said:
            file_copies.rejoin(session, manner.kind, text_id)
    return redirect(_next(manner, noun, text_id, said), HTTPStatus.SEE_OTHER)


def _say(session: OrmSession, manner: Manner, row: Row, content: Content, why: str, now: datetime) -> bool:
    """Whether it could be said: words that are refused today go into the draft, where they can be mended."""
    latest = revisions.latest(session, manner.kind, row.id)
    values, faults = manner.read(session, content, now)
    if faults:
        texts.kept(session, manner, row, content, latest, now)
        flash("These words cannot be said as they are. They are in your draft: mend them, then save.", "warn")
        return False
    changed = manner.save(session, row, values, based_on=latest, owner_id=gate.owner().id, why=why, now=now)
    if changed:
        gate.note(session, f"changed the words of a {manner.one}", now, why=why, **{manner.one: row.id})
    flash(f"Done. It is what the {manner.one} says from now on." if changed else f"The {manner.one} says this already.")
    return True


def _next(manner: Manner, noun: str, text_id: int, said: bool) -> str:
    return manner.page(text_id) if said else url_for("text_editor.show", noun=noun, text_id=text_id)
