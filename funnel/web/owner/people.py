"""The people: who they are, what happened with each, and what comes next."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import endings, people, timeline
from funnel.models.content import EnrolmentState
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import outlook
from funnel.response import bookings
from funnel.web.owner import gate

LONGEST_SEARCH = 200
MAY_BOOK = (SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED)

blueprint = gate.pages("people", __name__)


@blueprint.get("/people")
def index() -> str:
    words = request.args.get("q", "")[:LONGEST_SEARCH]
    state = request.args.get("state", type=SubscriberState)
    page = request.args.get("page", 1, type=int)
    with Session.begin() as session:
        return render_template(
            "owner/people/index.html",
            found=people.search(session, words, state, page),
            counts=people.states(session),
            now=utc_now(),
            words=words,
            state=state,
        )


@blueprint.get(f"/people/<{gate.ID}:person_id>")
def show(person_id: int) -> str:
    now = utc_now()
    with Session.begin() as session:
        person = _person(session, person_id)
        course = endings.course(session, person_id)
        runs = course is not None and course.state == EnrolmentState.ACTIVE
        booked_lately = endings.booked(session, person_id, now - bookings.SAME_BOOKING)
        return render_template(
            "owner/people/show.html",
            now=now,
            person=person,
            coming=outlook.outlook(session, person_id, now),
            entries=timeline.of(session, person_id, now),
            course=course,
            may_book=person.state in MAY_BOOK and (runs or not booked_lately),  # marking again would change nothing
        )


@blueprint.get(f"/people/<{gate.ID}:person_id>/booked")
def ask(person_id: int) -> str:
    """Asks before marking: the course stops, and is not begun again from here."""
    with Session.begin() as session:
        return render_template("owner/people/booked.html", person=_bookable(session, person_id))


@blueprint.post(f"/people/<{gate.ID}:person_id>/booked")
def booked(person_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        _bookable(session, person_id)
        booking = bookings.mark(session, person_id, now)
        gate.note(session, "marked a person as booked", now, subscriber=person_id, booking=booking.id)
    flash("Marked as booked. The course has stopped.")
    return redirect(url_for(".show", person_id=person_id), HTTPStatus.SEE_OTHER)


def _person(session: OrmSession, person_id: int) -> Subscriber:
    return session.get(Subscriber, person_id) or abort(HTTPStatus.NOT_FOUND)


def _bookable(session: OrmSession, person_id: int) -> Subscriber:
    person = _person(session, person_id)
    return person if person.state in MAY_BOOK else abort(HTTPStatus.NOT_FOUND)
