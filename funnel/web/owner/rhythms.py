"""Regular newsletters: when the next one is and when its draft is made; added, changed, paused, deleted."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import segments, topics
from funnel.db import Session, utc_now
from funnel.models.rhythms import Rhythm
from funnel.programme import notes, rhythms, turns
from funnel.programme.permitted import DAY_NAMES
from funnel.web.nudge import nudge
from funnel.web.owner import gate, rhythm_form
from funnel.web.owner.rhythm_form import NTH, TypedRhythm
from funnel.web.owner.words import moment
from tasks.newsletters import draft

LIST = "/newsletters/regular"
PLACE = f"{LIST}/<{gate.ID}:rhythm_id>"

GONE = "It was gone already."

blueprint = gate.pages("rhythms", __name__)


@blueprint.get(LIST)
def index() -> str:
    with Session.begin() as session:
        return render_template(
            "owner/rhythms/index.html",
            lines=rhythms.listed(session),
            said=rhythm_form.said,
            unsent=notes.unsent(session),
            segments=segments.names(session),
            now=utc_now(),
        )


@blueprint.get(f"{LIST}/new")
def new() -> str:
    with Session.begin() as session:
        return _page(session, None, rhythm_form.new(utc_now()))


@blueprint.post(f"{LIST}/new")
def create() -> AnyResponse | tuple[str, int]:
    return _save(None)


@blueprint.get(PLACE)
def show(rhythm_id: int) -> str:
    with Session.begin() as session:
        rhythm = _found(session, rhythm_id)
        return _page(session, rhythm, rhythm_form.of(rhythm))


@blueprint.post(PLACE)
def change(rhythm_id: int) -> AnyResponse | tuple[str, int]:
    return _save(rhythm_id)


@blueprint.post(f"{PLACE}/pause")
def pause(rhythm_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        name = _held(session, rhythm_id).name
        if rhythms.pause(session, rhythm_id, now):
            gate.note(session, "paused a regular newsletter", now, rhythm=rhythm_id)
    flash(f"“{name}” is paused: no draft of it is made until you let it go on.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{PLACE}/resume")
def resume(rhythm_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        rhythm = _held(session, rhythm_id)
        if rhythms.resume(session, rhythm_id, now):
            gate.note(session, "let a regular newsletter go on", now, rhythm=rhythm_id)
        words = f"“{rhythm.name}” goes on. The next is {moment(turns.moment(rhythm, rhythm.next_on))}."
    nudge(draft)
    flash(words)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


@blueprint.get(f"{PLACE}/delete")
def ask_to_remove(rhythm_id: int) -> str:
    with Session.begin() as session:
        return render_template("owner/rhythms/delete.html", rhythm=_found(session, rhythm_id))


@blueprint.post(f"{PLACE}/delete")
def remove(rhythm_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        rhythm, words = session.get(Rhythm, rhythm_id, with_for_update=True), GONE
        if rhythm:
            words = f"“{rhythm.name}” is deleted. Its drafts and your notes are still there."
            gate.note(session, "deleted a regular newsletter", now, name=rhythm.name)
            rhythms.remove(session, rhythm_id)
    flash(words)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _save(rhythm_id: int | None) -> AnyResponse | tuple[str, int]:
    now, typed = utc_now(), rhythm_form.read(request.form)
    with Session.begin() as session:
        rhythm = _held(session, rhythm_id) if rhythm_id else None
        values = typed.values(session, now)
        if typed.problems:
            return _page(session, rhythm, typed), HTTPStatus.UNPROCESSABLE_ENTITY
        kept = rhythms.keep(session, values, now, rhythm_id)
        gate.note(session, "saved a regular newsletter", now, rhythm=kept.id)
        words = f"Saved. The next is {moment(turns.moment(kept, kept.next_on))}."
        if kept.paused_at:
            words = "Saved. It is still paused."
    nudge(draft)
    flash(words)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _page(session: OrmSession, rhythm: Rhythm | None, typed: TypedRhythm) -> str:
    return render_template(
        "owner/rhythms/show.html",
        rhythm=rhythm,
        typed=typed,
        nth=NTH,
        day_names=DAY_NAMES,
        segments=segments.names(session),
        topics=topics.offered(session),
        longest=rhythm_form.LONGEST,
    )


def _found(session: OrmSession, rhythm_id: int) -> Rhythm:
    return session.get(Rhythm, rhythm_id) or abort(HTTPStatus.NOT_FOUND)


def _held(session: OrmSession, rhythm_id: int) -> Rhythm:
    return session.get(Rhythm, rhythm_id, with_for_update=True) or abort(HTTPStatus.NOT_FOUND)
