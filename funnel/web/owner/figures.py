"""What came of the mails of each course, and the people behind each number."""

from collections.abc import Iterator
from http import HTTPStatus

from flask import Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import behind, reasons, steps, subjects, tallies
from funnel.insight.steps import Figures
from funnel.models.content import Sequence, Step
from funnel.web.nudge import nudge
from funnel.web.owner import gate, sheet
from tasks.insight import drop

# What each number is called over its list of people.
CALLED = {
    "sent": "were sent it",
    "clicked": "clicked a link in it",
    "left": "left by it",
    "bounced": "it came back from",
    "complained": "called it spam",
    "booked": "booked after it",
    "waiting": "get it next",
    behind.NEVER: "got the mail before and never get this one",
}

blueprint = gate.pages("figures", __name__)


@blueprint.get("/figures")
def index() -> str | Response:
    """All mails of all courses; `?as=csv` gives the table away."""
    now = utc_now()
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        courses = [(course, steps.of_course(session, course)) for course in _courses(session)]
        if request.args.get("as") == "csv":
            return sheet.answer("mails", _HEADER, list(_rows(courses)))
        return render_template("owner/figures/index.html", courses=courses, freshness=freshness)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/figures")
def show(step_id: int) -> str:
    """One mail: its numbers, its links, and why the others never get it."""
    now = utc_now()
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        step = session.get(Step, step_id) or abort(HTTPStatus.NOT_FOUND)
        found = next((one for one in steps.of_course(session, step.sequence) if one.step.id == step_id), None)
        before = steps.before(session, step)
        told = reasons.told(session, before, step_id, now) if before else None
        page = render_template(
            "owner/figures/show.html",
            step=step,
            found=found,
            told=told,
            links=steps.links(session, step),
            called=CALLED,
            freshness=freshness,
        )
    if told and told.wanted:
        nudge(drop, before or 0, step_id)
    return page


@blueprint.get(f"/mails/<{gate.ID}:step_id>/people")
def people(step_id: int) -> str | AnyResponse:
    """Who is behind the number `?which=`."""
    which, page, now = request.args.get("which", "sent"), request.args.get("page", 1, type=int), utc_now()
    if which not in CALLED:
        abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        tallies.freshen(session, now)
        step = session.get(Step, step_id) or abort(HTTPStatus.NOT_FOUND)
        before = steps.before(session, step) if which == behind.NEVER else None
        if which == behind.NEVER and before is None:
            abort(HTTPStatus.NOT_FOUND)
        told = reasons.told(session, before, step_id, now) if before else reasons.Told(None)
        answer: str | AnyResponse = redirect(url_for(".show", step_id=step_id, _anchor="drop"))
        if told.drop or not before:
            count = told.drop.never.count if told.drop else None
            found = behind.people(session, step_id, which, page, before or 0, count)
            answer = render_template("owner/figures/people.html", step=step, found=found, which=which, called=CALLED)
    if told.wanted:
        nudge(drop, before or 0, step_id)
    return answer


def _courses(session: OrmSession) -> list[Sequence]:
    return list(session.scalars(select(Sequence).order_by(Sequence.id).options(selectinload(Sequence.steps))))


_HEADER = (
    "Course", "Day", "Mail", "Sent", "Clicked", "Left", "Came back", "Complained", "Booked after it", "Get it next",
    "Got the mail before", "Of those got it too",
)  # fmt: skip


def _rows(courses: list[tuple[Sequence, list[Figures]]]) -> Iterator[tuple[object, ...]]:
    for course, figures in courses:
        for one in figures:
            rates = (one.clicked, one.left, one.bounced, one.complained, one.booked)
            numbers = (one.sent, *(rate.count for rate in rates), one.waiting)
            followed = (one.followed.of, one.followed.count) if one.followed else ("", "")
            yield (course.title, one.step.day, subjects.shown(one.step.subject), *numbers, *followed)
