"""The editor of a text: saved, its words are those in force; never over somebody else's unseen."""

from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, request
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.programme import differences, drafts, revisions
from funnel.web.owner import gate, texts, typed
from funnel.web.owner.look import Content
from funnel.web.owner.manner import Manner, Row, Values
from funnel.web.owner.manners import MANNERS, TEXT

SAVED = "saved"

blueprint = gate.pages("editor", __name__)


@blueprint.get(f"{TEXT}/edit")
def show(noun: str, text_id: int) -> AnyResponse:
    """The draft when one is kept, else the words in force."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = manner.found(session, text_id)
        draft = drafts.of(session, manner.kind, text_id, gate.owner().id)
        content = draft.content if draft else manner.typed(session, row)
        based_on = draft.based_on if draft else revisions.latest(session, manner.kind, text_id)
        return texts.editor(session, manner, row, content, draft=draft, based_on=based_on)


@blueprint.post(f"{TEXT}/edit")
def save(noun: str, text_id: int) -> AnyResponse:
    """What is wrong, or newer than what was begun from, is shown; what was typed stays."""
    now, manner, based_on = utc_now(), MANNERS[noun], typed.number("based_on")
    content = manner.look.cleaned(request.form)
    manner.first()
    with Session.begin() as session:
        row = manner.locked(session, text_id)
        values, faults = manner.read(session, row, content, now)
        if faults:
            draft = texts.kept(session, manner, row, content, based_on, now)
            page = texts.editor(session, manner, row, content, draft=draft, based_on=based_on, faults=faults)
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        try:
            changed = said(session, manner, row, values, based_on, SAVED, now)
        except revisions.Newer as newer:
            texts.kept(session, manner, row, content, based_on, now)
            return _clash(session, manner, row, content, newer)
        return _saved(manner, row, content, changed)


@blueprint.post(f"{TEXT}/both")
def both(noun: str, text_id: int) -> AnyResponse:
    """Mine and theirs in one text, to go on with."""
    now, manner = utc_now(), MANNERS[noun]
    mine = manner.look.cleaned(request.form)
    with Session.begin() as session:
        row = manner.locked(session, text_id)
        base = revisions.one(session, manner.kind, text_id, typed.number("based_on"))
        begun_from = base.content | manner.beside(session, row) if base else {}
        content, clashes = differences.joined(begun_from, mine, manner.typed(session, row))
        latest = revisions.latest(session, manner.kind, text_id)
        draft = texts.kept(session, manner, row, content, latest, now)
        return texts.editor(session, manner, row, content, draft=draft, based_on=latest, clashes=clashes)


def said(session: OrmSession, manner: Manner, row: Row, values: Values, based_on: int, why: str, now: datetime) -> bool:
    """Says `values` from now on and writes down that it was done; whether anything changed. Raises revisions.Newer."""
    before = revisions.latest(session, manner.kind, row.id)
    changed = manner.save(session, row, values, based_on=based_on, owner_id=gate.owner().id, why=why, now=now)
    number = revisions.latest(session, manner.kind, row.id)
    if number != before:
        detail = {manner.kind.value: row.id, "revision": number} | ({} if why == SAVED else {"why": why})
        gate.note(session, f"changed the words of a {manner.one}", now, **detail)
    return changed


def _clash(session: OrmSession, manner: Manner, row: Row, content: Content, newer: revisions.Newer) -> AnyResponse:
    page = texts.page(
        "editor/clash",
        manner,
        row,
        mine=content,
        theirs=newer.theirs,
        who=revisions.who(session, newer.theirs),
        based_on=newer.base.number if newer.base else 0,
        fields=revisions.changed(manner.said(content), newer.theirs.content),
    )
    page.status_code = HTTPStatus.CONFLICT
    return page


def _saved(manner: Manner, row: Row, content: Content, changed: bool) -> AnyResponse:
    """Where to go on: to the page that asks about what is no wording, or back to the text."""
    if asked := manner.asks(row, content):
        flash(f"Your words are saved. Now {asked.about}." if changed else f"Now {asked.about}.")
        return redirect(asked.address, HTTPStatus.SEE_OTHER)
    in_force = manner.in_force(row)
    saved = f"Saved. It is what {manner.whose} from now on." if in_force else "Saved."
    flash(saved if changed else "Nothing had changed.")
    return redirect(manner.page(row.id), HTTPStatus.SEE_OTHER)
