"""One person's course, steered by the owner: paused, stopped, taken up, moved on, sent now. Each is asked before."""

from http import HTTPStatus

from flask import abort, render_template, request
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import addressees, preferences
from funnel.db import Session, utc_now
from funnel.insight import subjects
from funnel.models.content import Enrolment, EnrolmentState, Sequence, StopReason
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import enrolment, steering
from funnel.programme.steering import CannotError, Way
from funnel.web.nudge import nudge
from funnel.web.owner import gate, person, words
from tasks.mail import send_bulk, send_urgent

NOT_ACTIVE = "They are not active, so nothing comes that could be paused."
COURSE = f"/people/<{gate.ID}:person_id>/courses/<{gate.ID}:enrolment_id>"

blueprint = gate.pages("steering", __name__)


@blueprint.get(f"/people/<{gate.ID}:person_id>/pause")
def ask_to_pause(person_id: int, problem: str = "") -> str:
    with Session.begin() as session:
        one, typed = person.found(session, person_id), request.values.get("until", "")
        return render_template("owner/steering/pause.html", person=one, problem=problem, typed=typed, now=utc_now())


@blueprint.post(f"/people/<{gate.ID}:person_id>/pause")
def pause(person_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        until = person.pause_end(request.form.get("until", ""))
    except ValueError as error:
        return ask_to_pause(person_id, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    with Session.begin() as session:
        done = preferences.pause_until(session, person.found(session, person_id), until, now)
        if done:
            gate.note(session, "paused a person", now, subscriber=person_id, until=until.isoformat())
    if not done:
        return person.back(person_id, NOT_ACTIVE, "warn")
    return person.back(person_id, f"Paused until {words.day_of(until)}. “End the pause” takes that back.")


@blueprint.post(f"/people/<{gate.ID}:person_id>/resume")
def resume(person_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        preferences.resume(session, person.found(session, person_id), now)
        gate.note(session, "ended a person's pause", now, subscriber=person_id)
    return person.back(person_id, "The pause has ended. The course goes on.")


@blueprint.get(f"/people/<{gate.ID}:person_id>/stop")
def ask_to_stop(person_id: int) -> str:
    with Session.begin() as session:
        one = person.found(session, person_id)
        return render_template("owner/steering/stop.html", person=one, ways=steering.ways(session, person_id))


@blueprint.post(f"/people/<{gate.ID}:person_id>/stop")
def stop(person_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        person.found(session, person_id)
        session.get_one(Subscriber, person_id, with_for_update=True, populate_existing=True)
        count = enrolment.stop(session, person_id, StopReason.BY_OWNER, now)
        if count:
            gate.note(session, "stopped a person's course", now, subscriber=person_id)
    if not count:
        return person.back(person_id, "No course ran any more.", "warn")
    return person.back(person_id, "The course has stopped. “Go on with the stopped course” takes that back.")


@blueprint.post(f"{COURSE}/go-on")
def take_up(person_id: int, enrolment_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        _theirs(session, person_id, enrolment_id)
        try:
            steering.take_up(session, enrolment_id, now)
        except CannotError as error:
            return person.back(person_id, str(error), "warn")
        gate.note(session, "took up a person's course again", now, subscriber=person_id)
    nudge(send_bulk)
    return person.back(person_id, "The course goes on where it was stopped.")


@blueprint.get(f"{COURSE}/send")
def ask_to_send(person_id: int, enrolment_id: int) -> str:
    """What would leave, to whom, and whether that is within 20 hours of another."""
    now = utc_now()
    with Session.begin() as session:
        one, way = person.found(session, person_id), _way(session, person_id, enrolment_id)
        return render_template("owner/steering/send.html", person=one, way=way, now=now)


@blueprint.post(f"{COURSE}/send")
def send(person_id: int, enrolment_id: int) -> AnyResponse:
    now, step_id = utc_now(), request.form.get("step", 0, type=int)
    with Session.begin() as session:
        _theirs(session, person_id, enrolment_id)
        try:
            mail = steering.send_next(session, enrolment_id, step_id, now)
        except CannotError as error:
            return person.back(person_id, f"Nothing was sent: {error}", "warn")
        gate.note(session, "sent a person their next mail at once", now, subscriber=person_id, mail=mail)
    nudge(send_urgent)
    return person.back(person_id, "It is on its way.")


@blueprint.get(f"{COURSE}/move")
def ask_to_move(person_id: int, enrolment_id: int) -> str:
    with Session.begin() as session:
        one, way = person.found(session, person_id), _way(session, person_id, enrolment_id)
        return render_template("owner/steering/move.html", person=one, way=way)


@blueprint.post(f"{COURSE}/move")
def move(person_id: int, enrolment_id: int) -> AnyResponse:
    now, step_id = utc_now(), request.form.get("step", 0, type=int)
    with Session.begin() as session:
        before = _theirs(session, person_id, enrolment_id).step_id
        try:
            step = steering.move(session, enrolment_id, step_id, now)
        except CannotError as error:
            return person.back(person_id, str(error), "warn")
        gate.note(session, "moved a person on in the course", now, subscriber=person_id, before=before, after=step.id)
        name = subjects.shown(step.subject)
    return person.back(person_id, f"Their next mail is “{name}”.")


@blueprint.get(f"/people/<{gate.ID}:person_id>/enrol")
def ask_to_enrol(person_id: int) -> str:
    with Session.begin() as session:
        one = person.found(session, person_id)
        return render_template("owner/steering/enrol.html", person=one, courses=steering.courses(session, person_id))


@blueprint.post(f"/people/<{gate.ID}:person_id>/enrol")
def enrol(person_id: int) -> AnyResponse:
    now, sequence_id = utc_now(), request.form.get("course", 0, type=int)
    with Session.begin() as session:
        one = person.found(session, person_id)
        session.refresh(one, with_for_update=True)
        if one.state is not SubscriberState.ACTIVE or sequence_id not in [
            course.id for course in steering.courses(session, person_id)
        ]:
            return person.back(person_id, "They were not put on it: they are not active, or on it already.", "warn")
        place = enrolment.enrol(session, person_id, sequence_id, now)
        addressees.look_again(session, person_id, now)
        gate.note(session, "put a person on a course", now, subscriber=person_id, course=sequence_id)
        title, state = session.get_one(Sequence, sequence_id).title, place.state
    nudge(send_urgent)
    if state is EnrolmentState.STOPPED:
        return person.back(person_id, "They booked within the last 90 days, and are left in peace until then.", "warn")
    if state is EnrolmentState.FINISHED:
        return person.back(person_id, "They have had every mail of this course.", "warn")
    return person.back(person_id, f"They are on “{title}” now.")


def _theirs(session: OrmSession, person_id: int, enrolment_id: int) -> Enrolment:
    person.found(session, person_id)
    place = session.get(Enrolment, enrolment_id)
    return place if place is not None and place.subscriber_id == person_id else abort(HTTPStatus.NOT_FOUND)


def _way(session: OrmSession, person_id: int, enrolment_id: int) -> Way | None:
    """Their running course; None: it runs no more, which the page says."""
    _theirs(session, person_id, enrolment_id)
    return next((way for way in steering.ways(session, person_id) if way.enrolment.id == enrolment_id), None)
