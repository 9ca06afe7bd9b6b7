"""Courses: made, named, switched on and off, and told on which days and at which hours their mails may come."""

from collections import Counter
from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.languages import Language
from funnel.models.content import Sequence, SequenceState
from funnel.models.people import Form
from funnel.programme import course_languages, courses, editing, permitted, reach
from funnel.programme.counted import Counted
from funnel.programme.permitted import Typed
from funnel.programme.wording import Fault
from funnel.web.owner import gate, writing

EMPTY_ROWS = 2  # of days without mails, for more without script
LABELS = {"title": "Title", "window": "Hours", "weekdays": "Weekdays", "blackouts": "Days without mails"}

blueprint = gate.pages("courses", __name__)


@blueprint.get("/courses/new")
def new() -> AnyResponse:
    return writing.page("courses/new", title="", faults=[])


@blueprint.post("/courses/new")
def make() -> AnyResponse:
    now, title = utc_now(), request.form.get("title", "")
    with Session.begin() as session:
        course, faults = courses.make(session, title, now)
        if course is None:
            page = writing.page("courses/new", title=title, faults=faults)
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        gate.note(session, "made a course", now, course=course.id)
        flash("Made. Nobody gets it yet: write its mails, then put it live.")
        return redirect(url_for("mails.index", _anchor=f"course-{course.id}"), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/courses/<{gate.ID}:course_id>")
def show(course_id: int) -> AnyResponse:
    with Session.begin() as session:
        course = _course(session, course_id)
        return _settings(session, course, permitted.typed(course), [])


@blueprint.post(f"/courses/<{gate.ID}:course_id>")
def save(course_id: int) -> AnyResponse:
    now, form = utc_now(), _typed()
    with Session.begin() as session:
        _course(session, course_id)
        course = editing.hold(session, course_id)
        values, faults = permitted.read(form)
        if faults:
            page = _settings(session, course, form, faults)
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        courses.change(session, course, values)
        gate.note(session, "changed a course’s settings", now, course=course_id)
    flash("Saved. What is due outside these hours and days waits for the next that is permitted.")
    return redirect(url_for(".show", course_id=course_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/courses/<{gate.ID}:course_id>/state")
def ask_state(course_id: int) -> AnyResponse:
    """What it means for those who are on it to put it live, pause or retire it: `?to=`."""
    to = request.args.get("to", SequenceState.LIVE, type=SequenceState)
    with Session.begin() as session:
        course = _course(session, course_id)
        waiting = sum(reach.waiting(session, course).values(), Counted(0))
        mails = [step for step in course.steps if step.state is SequenceState.LIVE]
        return writing.page(
            "courses/state", course=course, to=to, waiting=waiting, mails=mails, forms=_forms(session, course)
        )


@blueprint.post(f"/courses/<{gate.ID}:course_id>/state")
def switch(course_id: int) -> AnyResponse:
    now = utc_now()
    to = request.form.get("to", type=SequenceState) or abort(HTTPStatus.BAD_REQUEST)
    with Session.begin() as session:
        _course(session, course_id)
        course = editing.hold(session, course_id)
        courses.change(session, course, {"state": to})
        gate.note(session, "switched a course", now, course=course_id, to=to)
    flash({"live": "The course is live.", "draft": "The course is paused.", "retired": "The course is retired."}[to])
    return redirect(url_for("mails.index", _anchor=f"course-{course_id}"), HTTPStatus.SEE_OTHER)


def _course(session: OrmSession, course_id: int) -> Sequence:
    return session.get(Sequence, course_id) or abort(HTTPStatus.NOT_FOUND)


def _forms(session: OrmSession, course: Sequence) -> list[Form]:
    return list(session.scalars(select(Form).where(Form.sequence_id == course.id).order_by(Form.id)))


def _settings(session: OrmSession, course: Sequence, form: Typed, faults: list[Fault]) -> AnyResponse:
    form.blackouts += [("", "", "")] * EMPTY_ROWS
    return writing.page(
        "courses/show",
        course=course,
        form=form,
        faults=faults,
        labels=LABELS,
        day_names=permitted.DAY_NAMES,
        spoken=_spoken(session, course),
        forms=_forms(session, course),
    )


def _spoken(session: OrmSession, course: Sequence) -> list[tuple[Language, int]]:
    """In how many of its mails that leave each language is spoken."""
    spoken = course_languages.told(session, course_languages.live(session, course.id)).values()
    counted = Counter(language for languages in spoken for language in languages)
    return sorted(counted.items(), key=lambda one: -one[1])


def _typed() -> Typed:
    form = request.form
    rows = zip(form.getlist("first"), form.getlist("last"), form.getlist("name"), strict=False)
    return Typed(
        title=form.get("title", ""),
        start=form.get("start", "")[:5],
        end=form.get("end", "")[:5],
        weekdays=form.getlist("weekdays", type=int),
        blackouts=[(first.strip(), last.strip(), name.strip()) for first, last, name in rows],
    )
