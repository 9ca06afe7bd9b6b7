"""Tags: put on and taken off one person, renamed, merged and deleted."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import tags
from funnel.audience.segments import UsedError
from funnel.audience.tags import TakenError
from funnel.db import Session, utc_now
from funnel.models.tags import Tag
from funnel.web.owner import gate, person

GONE = "It was gone already."

blueprint = gate.pages("tags", __name__)


@blueprint.get("/tags")
def index() -> str:
    with Session.begin() as session:
        return render_template("owner/tags/index.html", tags=tags.counted(session), most=tags.MOST_COUNTED)


@blueprint.get(f"/tags/<{gate.ID}:tag_id>")
def show(tag_id: int, problem: str = "", taken: int | None = None, used_by: Sequence[str] = ()) -> str:
    with Session.begin() as session:
        tag = _tag(session, tag_id)
        counts = {one.id: one.people for one in tags.counted(session)}
        return render_template(
            "owner/tags/show.html",
            tag=tag,
            people=counts[tag_id],
            most=tags.MOST_COUNTED,
            others={number: name for number, name in tags.names(session).items() if number != tag_id},
            typed=request.form.get("name", tag.name),
            problem=problem,
            taken=taken,
            used_by=used_by,
        )


@blueprint.post(f"/tags/<{gate.ID}:tag_id>/name")
def rename(tag_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        with Session.begin() as session:
            _tag(session, tag_id)
            name = tags.rename(session, tag_id, request.form.get("name", ""))
            gate.note(session, "renamed a tag", now, tag=tag_id, name=name)
    except ValueError as error:
        taken = error.tag_id if isinstance(error, TakenError) else None
        return show(tag_id, str(error), taken), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(f"The tag is called “{name}” now.")
    return redirect(url_for(".show", tag_id=tag_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/tags/<{gate.ID}:tag_id>/merge")
def merge(tag_id: int) -> AnyResponse:
    now, into_id = utc_now(), request.form.get("into", 0, type=int)
    with Session.begin() as session:
        tag, into = tags.held(session, tag_id) or abort(HTTPStatus.NOT_FOUND), _tag(session, into_id)
        if tag_id == into_id:
            abort(HTTPStatus.BAD_REQUEST)
        names = tag.name, into.name
        tags.merge(session, tag_id, into_id)
        gate.note(session, "merged a tag into another", now, tag=into_id, name=names[0])
    flash(f"Whoever was tagged “{names[0]}” is tagged “{names[1]}” now.")
    return redirect(url_for(".show", tag_id=into_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/tags/<{gate.ID}:tag_id>/delete")
def remove(tag_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        with Session.begin() as session:
            tag, words = tags.held(session, tag_id), GONE
            if tag:
                words = f"The tag “{tag.name}” is deleted."
                gate.note(session, "deleted a tag", now, tag=tag_id, name=tag.name)
                tags.remove(session, tag_id)
    except UsedError as error:
        return show(tag_id, used_by=error.by), HTTPStatus.CONFLICT
    flash(words)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/people/<{gate.ID}:person_id>/tags")
def put(person_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        person.found(session, person_id)
        try:
            tag = tags.tag(session, request.form.get("name", ""), now)
        except ValueError as error:
            return person.back(person_id, f"No tag was added. {error}", "warn")
        if tags.put(session, tag.id, [person_id], now):
            gate.note(session, "put a tag on a person", now, subscriber=person_id, tag=tag.id, name=tag.name)
        words = f"Tagged “{tag.name}”."
    return person.back(person_id, words)


@blueprint.post(f"/people/<{gate.ID}:person_id>/tags/<{gate.ID}:tag_id>/off")
def take(person_id: int, tag_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        person.found(session, person_id)
        name = _tag(session, tag_id).name
        if tags.take(session, tag_id, [person_id]):
            gate.note(session, "took a tag off a person", now, subscriber=person_id, tag=tag_id, name=name)
    return person.back(person_id, f"The tag “{name}” is off. Add it again to take that back.")


def _tag(session: OrmSession, tag_id: int) -> Tag:
    return session.get(Tag, tag_id) or abort(HTTPStatus.NOT_FOUND)
