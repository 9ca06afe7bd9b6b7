"""The editor of a post or form: saved, its words are those in force; never over somebody else's unseen."""

from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, request
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.content import PostState
from funnel.models.people import FormState
from funnel.programme import differences, drafts, revisions
from funnel.web.owner import choices, gate, texts
from funnel.web.owner.manner import MANNERS, Content, Manner, Row, found, held

FOR_READERS = (PostState.PUBLISHED, FormState.OPEN)

blueprint = gate.pages("text_editor", __name__)


@blueprint.get(f"{texts.ROUTE}/edit")
def show(noun: str, text_id: int) -> AnyResponse:
    """The draft when one is kept, else the words in force."""
    manner = MANNERS[noun]
    with Session.begin() as session:
        row = found(session, manner, text_id)
        draft = drafts.of(session, manner.kind, text_id, gate.owner().id)
        content = draft.content if draft else manner.typed(session, row)
        based_on = draft.based_on if draft else revisions.latest(session, manner.kind, text_id)
        more = choices.of(session, noun, content)
        return texts.editor(session, noun, row, content, draft=draft, based_on=based_on, **more)


@blueprint.post(f"{texts.ROUTE}/edit")
def save(noun: str, text_id: int) -> AnyResponse:
    """What is wrong, or newer than what was begun from, is shown; what was typed stays."""
    now, manner, based_on = utc_now(), MANNERS[noun], texts.number("based_on")
    content = manner.cleaned(request.form)
    with Session.begin() as session:
        row = held(session, manner, text_id)
        values, faults = manner.read(session, content, now)
        if faults:
            draft = texts.kept(session, manner, row, content, based_on, now)
            more = choices.of(session, noun, content)
            page = texts.editor(
                session, noun, row, content, draft=draft, based_on=based_on, faults=faults, **more
            )  # fmt: skip
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        mine = gate.owner().id
        try:
            changed = manner.save(session, row, values, based_on=based_on, owner_id=mine, why="saved", now=now)
        except revisions.Newer as newer:
            texts.kept(session, manner, row, content, based_on, now)
            return _clash(session, noun, row, content, newer)
        return _saved(session, manner, row, changed, now)


@blueprint.post(f"{texts.ROUTE}/both")
def both(noun: str, text_id: int) -> AnyResponse:
    """Mine and theirs in one text, to go on with."""
    now, manner = utc_now(), MANNERS[noun]
    mine = manner.cleaned(request.form)
    with Session.begin() as session:
        row = held(session, manner, text_id)
        base = revisions.one(session, manner.kind, text_id, texts.number("based_on"))
        content, clashes = differences.joined(base.content if base else {}, mine, manner.typed(session, row))
        latest = revisions.latest(session, manner.kind, text_id)
        draft = texts.kept(session, manner, row, content, latest, now)
        more = choices.of(session, noun, content)
        return texts.editor(session, noun, row, content, draft=draft, based_on=latest, clashes=clashes, **more)


def _clash(session: OrmSession, noun: str, row: Row, content: Content, newer: revisions.Newer) -> AnyResponse:
    page = texts.page(
        "text_editor/clash",
        noun,
        row,
        mine=content,
        theirs=newer.theirs,
        who=revisions.who(session, newer.theirs),
        based_on=newer.base.number if newer.base else 0,
        fields=revisions.changed(content, newer.theirs.content),
    )
    page.status_code = HTTPStatus.CONFLICT
    return page


def _saved(session: OrmSession, manner: Manner, row: Row, changed: bool, now: datetime) -> AnyResponse:
    if changed:
        number = revisions.latest(session, manner.kind, row.id)
        gate.note(session, f"changed the words of a {manner.one}", now, revision=number, **{manner.one: row.id})
    saved = "Saved. It is what readers see from now on." if row.state in FOR_READERS else "Saved."
    flash(saved if changed else "Nothing had changed.")
    return redirect(manner.page(row.id), HTTPStatus.SEE_OTHER)
