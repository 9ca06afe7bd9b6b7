"""The course arranged: a mail added, moved, put live or retired, each with whom it reaches told before it is done."""

from http import HTTPStatus

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.models.content import Sequence, SequenceState, Step
from funnel.programme import arrangement, editing, reach, reopening, transfers, wording
from funnel.programme.arrangement import Days
from funnel.programme.content_fields import LAST_DAY
from funnel.programme.counted import Counted
from funnel.web.nudge import nudge
from funnel.web.owner import gate, typed, writing
from funnel.web.owner.mail_manner import MAILS
from funnel.web.owner.words import counted
from tasks.programme import transfer

BUSY = "The change before this one is still reaching {}. Please try again in a minute."
MORE = " {:,} more who finished are looked at one after the other, and follow by themselves."

blueprint = gate.pages("arranging", __name__)


@blueprint.post(f"/courses/<{gate.ID}:course_id>/mails")
def add(course_id: int) -> AnyResponse:
    """A new mail at the end, a draft; with the words of the mail `like`, of any course, when one is named."""
    now = utc_now()
    with Session.begin() as session:
        session.get(Sequence, course_id) or abort(HTTPStatus.NOT_FOUND)
        course = editing.hold(session, course_id)
        like = session.get(Step, typed.number("like"))
        try:
            step = editing.add(session, course, now, like)
        except ValueError as full:
            flash(str(full), "warn")
            return redirect(url_for("mails.index"), HTTPStatus.SEE_OTHER)
        gate.note(session, "added a mail", now, step=step.id, **({"like": like.id} if like else {}))
        return redirect(url_for("editor.show", noun=MAILS.noun, text_id=step.id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/day")
def ask_day(step_id: int) -> AnyResponse:
    """Whom the day `?day=` moves, or changing places with the mail `?way=` (up or down)."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        days = _days(step, request.args.get("day", step.day, type=int), request.args.get("way", ""))
        faults = _refusals(step, days)
        return writing.page(
            "arranging/day",
            step=step,
            days=days,
            faults=faults,
            others=[other for other in step.sequence.steps if other.id in days and other is not step],
            reaches=[] if faults else _reach(session, step.sequence, days),
            last_day=LAST_DAY,
        )


@blueprint.post(f"/mails/<{gate.ID}:step_id>/day")
def move(step_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        days = _days(step, request.form.get("day", step.day, type=int), request.form.get("way", ""))
        if _refusals(step, days) or ("asked" not in request.form and _reach(session, step.sequence, days)):
            wish = {"way": request.form["way"]} if request.form.get("way") else {"day": request.form.get("day")}
            return redirect(url_for(".ask_day", step_id=step_id, **wish), HTTPStatus.SEE_OTHER)
        try:
            people = editing.move(session, step.sequence, days, now)
        except editing.Busy as busy:
            return _busy(busy, step_id)
        gate.note(session, "moved a mail", now, days={str(key): day for key, day in days.items()}, people=people)
        flash(f"Day {step.day} now.{_along(people)}" if len(days) == 1 else f"Changed places.{_along(people)}")
    nudge(transfer)
    return redirect(url_for("mails.index", _anchor=f"mail-{step_id}"), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/live")
def ask_live(step_id: int) -> AnyResponse:
    """Who will get the mail, who is past it, and whether it goes to those who finished."""
    now = utc_now()
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        hops = transfers.joins(arrangement.days(step.sequence.steps), step.id, step.day)
        asks = step.state is not SequenceState.LIVE and editing.is_last(step)
        return writing.page(
            "arranging/live",
            step=step,
            faults=_faults(session, step),
            reaches=transfers.reach(session, step.sequence, hops, now),
            on_course=reach.waiting(session, step.sequence),
            nobody=Counted(0),
            finished=reach.past(session, step.sequence_id, step.id) if asks else None,
        )


@blueprint.post(f"/mails/<{gate.ID}:step_id>/live")
def put_live(step_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        if step.state is SequenceState.LIVE or _faults(session, step):
            return redirect(url_for(".ask_live", step_id=step_id), HTTPStatus.SEE_OTHER)
        finished_too = request.form.get("finished") == "yes" and editing.is_last(step)
        try:
            people = editing.put_live(session, step, now, owner_id=gate.owner().id, finished_too=finished_too)
        except editing.Busy as busy:
            return _busy(busy, step_id)
        gate.note(session, "put a mail live", now, step=step_id, people=people, finished_too=finished_too)
        more = reopening.left(session, step.sequence_id)
    nudge(transfer)
    flash(f"Live: whoever comes to it gets it.{_along(people)}{MORE.format(more) if more else ''}")
    return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/mails/<{gate.ID}:step_id>/retire")
def ask_retire(step_id: int) -> AnyResponse:
    """Who waits for the mail, and what they get instead."""
    with Session.begin() as session:
        step = writing.step_of(session, step_id)
        later = [other for other in arrangement.in_use(step.sequence.steps) if other.day > step.day]
        following = next((other for other in later if other.state is SequenceState.LIVE), None)
        waits = reach.waiting(session, step.sequence)[step_id]
        return writing.page(
            "arranging/retire", step=step, waits=waits, following=following, words=reach.words(session, step)
        )


@blueprint.post(f"/mails/<{gate.ID}:step_id>/retire")
def retire(step_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        step = editing.held(session, step_id) or abort(HTTPStatus.NOT_FOUND)
        if step.state is not SequenceState.RETIRED:
            editing.retire(session, step, now)
            gate.note(session, "retired a mail", now, step=step_id)
    flash("Retired. You find it below the course, and can bring it back.")
    return redirect(url_for("mails.index"), HTTPStatus.SEE_OTHER)


def _faults(session: OrmSession, step: Step) -> list[wording.Fault]:
    """What keeps the words in force from being said anew."""
    return MAILS.read(session, step, MAILS.typed(session, step), utc_now())[1]


def _days(step: Step, day: int, way: str) -> Days:
    if way in ("up", "down"):
        return arrangement.exchanged(step.sequence.steps, step, earlier=way == "up")
    return {step.id: day}


def _refusals(step: Step, days: Days) -> list[wording.Fault]:
    if not days:
        return [wording.Fault(wording.DAY, 0, "It cannot go further that way: the welcome is always the first.")]
    if len(days) > 1:
        return []
    day = days[step.id]
    if not 0 <= day <= LAST_DAY:
        return [wording.Fault(wording.DAY, 0, f"A day is a whole number from 0 to {LAST_DAY}.")]
    return arrangement.refusals(step, step.sequence.steps, day, step.kind)


def _reach(session: OrmSession, course: Sequence, days: Days) -> list[transfers.Reach]:
    now_on = arrangement.days(course.steps)
    wanted = {step_id: days.get(step_id, day) for step_id, day in now_on.items()}
    return transfers.reach(session, course, transfers.hops(now_on, wanted), utc_now())


def _along(people: int) -> str:
    return f" {counted(people, 'person', 'people')} moved along." if people else ""


def _busy(busy: editing.Busy, step_id: int) -> AnyResponse:
    flash(BUSY.format(counted(busy.people, "person", "people")), "warn")
    return redirect(url_for("mails.show", name=step_id), HTTPStatus.SEE_OTHER)
