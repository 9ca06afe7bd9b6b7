"""A file of people: chosen, its columns named, checked, and only then let in."""

from collections import Counter
from http import HTTPStatus
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.audience import asking, headings, imports, staging, undoing, verdicts
from funnel.audience.intake import Plan, Way
from funnel.audience.table_file import FileError
from funnel.db import Session, utc_now
from funnel.models.content import Sequence
from funnel.models.imports import Import, ImportState, Verdict
from funnel.models.people import Form
from funnel.web.nudge import nudge
from funnel.web.owner import gate
from funnel.web.owner.intake_form import IntakeForm
from funnel.web.owner.words import counted
from tasks.imports import work

LARGEST_FILE = 256 * 1024 * 1024
TOO_LARGE = "This file is larger than 256 MB. Please cut it into two, or leave out columns that are not needed."
MOST_SHOWN = 50  # of each kind of line; the CSV holds all
CHANGED = "Nothing was done: it is at another point by now."

blueprint = gate.pages("imports", __name__)


@blueprint.url_value_preprocessor
def _take_large_files(endpoint: str | None, _values: object) -> None:
    """Before the token is looked for, which reads what was sent."""
    if endpoint == "imports.upload":
        request.max_content_length = LARGEST_FILE


@blueprint.errorhandler(RequestEntityTooLarge)
def _say_too_large(_error: RequestEntityTooLarge) -> tuple[str, int]:
    return _chooser(TOO_LARGE), HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@blueprint.get("/people/import")
def index() -> str:
    return _chooser()


@blueprint.post("/people/import")
def upload() -> AnyResponse | tuple[str, int]:
    file = request.files.get("file")
    if file is None or not file.filename:
        return _chooser("Please choose a file first."), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with Session.begin() as session:
            found = staging.keep(session, file.filename, staging.pieces_of(file.stream), utc_now(), gate.owner().id)
            import_id = found.id
    except FileError as error:
        return _chooser(str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(url_for(".columns", import_id=import_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/people/import/<{gate.ID}:import_id>")
def show(import_id: int) -> str:
    """Where it stands."""
    with Session.begin() as session:
        return _page(session, _found(session, import_id))


@blueprint.get(f"/people/import/<{gate.ID}:import_id>/columns")
def columns(import_id: int) -> str:
    """What its columns hold, and how these people agreed: guessed, for the owner to put right."""
    with Session.begin() as session:
        found = _found(session, import_id)
        if found.state not in imports.TO_CHECK or found.cleared_at:
            return _page(session, found)
        rows = staging.sample(session, found)
        return _asked(session, found, rows, IntakeForm.of(found, rows), {})


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/columns")
def name_columns(import_id: int) -> AnyResponse | tuple[str, int]:
    with Session.begin() as session:
        found = _locked(session, import_id)
        rows = staging.sample(session, found)
        form = IntakeForm.typed(request.form, rows)
        problems = form.problems()
        if found.state in imports.TO_CHECK and problems:
            return _asked(session, found, rows, form, problems), HTTPStatus.UNPROCESSABLE_ENTITY
        done = imports.check(session, found, form.plan(), utc_now())
    return _after(import_id, done)


@blueprint.get(f"/people/import/<{gate.ID}:import_id>/start")
def ask_start(import_id: int) -> str:
    """Asks before anybody gets a mail by it, with the number."""
    with Session.begin() as session:
        found = _found(session, import_id)
        told = _told(session, found)
        if found.state is not ImportState.CHECKED or not (told["asks"] or told["course"]):
            return _page(session, found)
        return render_template("owner/imports/start.html", found=found, new=imports.new(found), **told)


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/start")
def start(import_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        found = _locked(session, import_id)
        told = _told(session, found)
        sure = not (told["asks"] or told["course"]) or bool(request.form.get("sure"))
        shown = request.form.get("people", type=int) == imports.new(found)
        done = sure and shown and imports.start(session, found, now)
        if done:
            gate.note(session, "imported people", now, number=import_id, people=imports.new(found))
    return _after(import_id, done)


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/pause")
def pause(import_id: int) -> AnyResponse:
    with Session.begin() as session:
        done = imports.pause(session, _locked(session, import_id))
    return _after(import_id, done)


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/resume")
def resume(import_id: int) -> AnyResponse:
    with Session.begin() as session:
        done = imports.resume(session, _locked(session, import_id))
    return _after(import_id, done)


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/cancel")
def cancel(import_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        done = imports.cancel(session, _locked(session, import_id), now)
        if done:
            gate.note(session, "ended an import", now, number=import_id)
    return _after(import_id, done)


@blueprint.get(f"/people/import/<{gate.ID}:import_id>/undo")
def ask_undo(import_id: int) -> str:
    """Asks before anybody is taken back, with the number."""
    with Session.begin() as session:
        found = _found(session, import_id)
        if found.state not in imports.UNDOABLE:
            return _page(session, found)
        return render_template("owner/imports/undo.html", found=found, free=undoing.sample(session, import_id))


@blueprint.post(f"/people/import/<{gate.ID}:import_id>/undo")
def undo(import_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        done = imports.undo(session, _locked(session, import_id))
        if done:
            gate.note(session, "took an import back", now, number=import_id)
    return _after(import_id, done)


def _chooser(problem: str = "") -> str:
    with Session.begin() as session:
        past = imports.latest(session)
        return render_template("owner/imports/index.html", past=past, problem=problem, new=imports.new)


def _page(session: OrmSession, found: Import) -> str:
    shown = [verdict for verdict in Verdict if verdict is not Verdict.NEW and found.counts.get(verdict)]
    return render_template(
        "owner/imports/show.html",
        found=found,
        new=imports.new(found),
        total=imports.total(found),
        kept=found.cleared_at is None,
        **_told(session, found),
        **_spoken(session, found),
        lines={verdict: verdicts.listed(session, found.id, verdict, most=MOST_SHOWN) for verdict in shown},
        some=list(verdicts.people(session, found.id, MOST_SHOWN)) if found.state is ImportState.CHECKED else [],
    )


def _spoken(session: OrmSession, found: Import) -> dict[str, Any]:
    """In which languages the new people would get their mails, most first, and what of the file was none of them."""
    if not found.spoken:
        return {"tongues": []}
    plan = Plan.read(found.plan)
    form = session.get(Form, plan.form_id) if plan.way == Way.ASK and plan.form_id else None
    fallback = form.language if form else plan.spoken
    counted: Counter[str] = Counter()
    for code, people in found.spoken.items():
        counted[languages.named(code or fallback).in_english] += people
    return {
        "tongues": counted.most_common(),
        "fallback": languages.named(fallback).in_english,
        "noted": verdicts.noted(session, found.id, most=MOST_SHOWN),
        "most_shown": MOST_SHOWN,
    }


def _told(session: OrmSession, found: Import) -> dict[str, str]:
    """The form they are asked with and how long that takes, and the course they are put on."""
    plan = found.plan
    form = session.get(Form, plan["form_id"]) if plan and plan["way"] == Way.ASK else None
    course = session.get(Sequence, plan["sequence_id"]) if plan and plan["sequence_id"] else None
    minutes = asking.takes(imports.new(found)).total_seconds() / 60
    long = counted(round(minutes / 60), "hour") if minutes > 90 else counted(max(1, round(minutes)), "minute")
    return {"asks": form.title if form else "", "course": course.title if course else "", "long": long}


def _asked(
    session: OrmSession, found: Import, rows: list[list[str]], form: IntakeForm, problems: dict[str, str]
) -> str:
    return render_template(
        "owner/imports/columns.html",
        found=found,
        form=form,
        problems=problems,
        program=headings.program(rows[0]) if rows else "",
        **form.choices(session),
    )


def _after(import_id: int, done: bool) -> AnyResponse:
    if done:
        nudge(work)
    else:
        flash(CHANGED, "warn")
    return redirect(url_for(".show", import_id=import_id), HTTPStatus.SEE_OTHER)


def _found(session: OrmSession, import_id: int) -> Import:
    return session.get(Import, import_id) or abort(HTTPStatus.NOT_FOUND)


def _locked(session: OrmSession, import_id: int) -> Import:
    return imports.hold(session, import_id) or abort(HTTPStatus.NOT_FOUND)
