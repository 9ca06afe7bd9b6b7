"""The people: who they are, what happened with each, and what comes next."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import bulk, by_hand, muster, suppression, tags
from funnel.audience.segment import read
from funnel.db import Session, utc_now
from funnel.insight import absent, doubts, endings, people, timeline
from funnel.models.content import EnrolmentState
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import outlook, steering
from funnel.response import bookings
from funnel.web.owner import bulk_words, filters, gate
from funnel.web.owner.door_words import PROOFS

MAY_BOOK = (SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED)
blueprint = gate.pages("people", __name__)


@blueprint.get("/people")
def index() -> str:
    now, before = utc_now(), request.args.get("before", type=int)
    segment, wrong = read(filters.chosen())
    with Session.begin() as session:
        known = filters.choices(session)
        if segment.saved is not None and segment.saved not in known.saved:
            segment, wrong = segment.without("saved"), [*wrong, "saved"]
        counts = people.states(session, now)
        found = people.search(session, replace(segment, loose=False), now, before)
        return render_template(
            "owner/people/index.html",
            found=found,
            absent=None if found.rows else absent.look(session, segment.q),
            barred=by_hand.WHY_SUPPRESSED,
            counts=counts,
            total=people.total(found, counts),
            most=muster.RARE,
            small=muster.SMALL,
            now=now,
            before=before,
            segment=segment,
            wrong=[filters.NAMES[name] for name in wrong],
            known=known,
            set_parts=list(filters.said(segment, known)),
            came=filters.came(segment),
            at=filters.at(segment),
            traits=filters.TRAITS,
            actions=bulk_words.ACTIONS,
            jobs=bulk.recent(session, now),
            narrows=segment.narrows,
        )


@blueprint.get(f"/people/<{gate.ID}:person_id>")
def show(person_id: int) -> str:
    now, before = utc_now(), request.args.get("before", "")
    with Session.begin() as session:
        person = _person(session, person_id)
        course = endings.course(session, person_id)
        runs = course is not None and course.state == EnrolmentState.ACTIVE
        booked_lately = endings.booked(session, person_id, now - bookings.SAME_BOOKING)
        return render_template(
            "owner/people/show.html",
            now=now,
            person=person,
            into=person.merged_into_id and session.get(Subscriber, person.merged_into_id),
            coming=outlook.outlook(session, person_id, now),
            before=before,
            story=timeline.page(session, person_id, _moment(before)),
            course=course,
            ways=steering.ways(session, person_id),
            stopped=steering.stopped(session, person_id),
            tags=tags.of(session, person_id),
            all_tags=tags.names(session),
            doubts=doubts.of(session, person_id),
            proofs=PROOFS,
            suppressed=suppression.reason(session, person.address_hash) if person.address_hash else None,
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


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def _person(session: OrmSession, person_id: int) -> Subscriber:
    return session.get(Subscriber, person_id) or abort(HTTPStatus.NOT_FOUND)


def _bookable(session: OrmSession, person_id: int) -> Subscriber:
    person = _person(session, person_id)
    return person if person.state in MAY_BOOK else abort(HTTPStatus.NOT_FOUND)
