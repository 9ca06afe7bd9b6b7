"""A session asked for: what was typed, and what became of it. The owner's notice leads here."""

from http import HTTPStatus

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import own_data, retention
from funnel.db import Session, utc_now
from funnel.models.content import Step
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.models.responses import Booking
from funnel.response import verdict
from funnel.web.owner import gate

blueprint = gate.pages("bookings", __name__)


@blueprint.get(f"/bookings/<{gate.ID}:booking_id>")
def show(booking_id: int) -> str:
    with Session.begin() as session:
        booking = _booking(session, booking_id)
        return render_template(
            "owner/bookings/show.html",
            booking=booking,
            person=booking.subscriber_id and session.get(Subscriber, booking.subscriber_id),
            step=_step(session, booking),
            typed=_is_typed(booking),
            deleted_at=booking.created_at + retention.BOOKING_TEXT,
        )


@blueprint.post(f"/bookings/<{gate.ID}:booking_id>/booked")
def booked(booking_id: int) -> AnyResponse:
    with Session.begin() as session:
        _booking(session, booking_id)
        verdict.booked(session, booking_id, utc_now())
        gate.note(session, "marked a booking as booked", utc_now(), booking=booking_id)
    flash("Marked as booked.")
    return redirect(url_for(".show", booking_id=booking_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/bookings/<{gate.ID}:booking_id>/cancelled")
def cancelled(booking_id: int) -> AnyResponse:
    with Session.begin() as session:
        _booking(session, booking_id)
        verdict.cancelled(session, booking_id, utc_now())
        gate.note(session, "marked a booking as cancelled", utc_now(), booking=booking_id)
    flash("Marked as cancelled.")
    return redirect(url_for(".show", booking_id=booking_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/bookings/<{gate.ID}:booking_id>/erase")
def ask_to_erase(booking_id: int) -> str:
    with Session.begin() as session:
        return render_template("owner/bookings/erase.html", booking=_booking(session, booking_id))


@blueprint.post(f"/bookings/<{gate.ID}:booking_id>/erase")
def erase(booking_id: int) -> AnyResponse:
    with Session.begin() as session:
        _booking(session, booking_id)
        own_data.erase_booking(session, booking_id, utc_now())
        gate.note(session, "erased what was typed for a booking", utc_now(), booking=booking_id)
    flash("Erased. What they typed is gone.")
    return redirect(url_for(".show", booking_id=booking_id), HTTPStatus.SEE_OTHER)


def _booking(session: OrmSession, booking_id: int) -> Booking:
    return session.get(Booking, booking_id) or abort(HTTPStatus.NOT_FOUND)


def _is_typed(booking: Booking) -> bool:
    return any((booking.name, booking.email, booking.phone, booking.suits, booking.note))


def _step(session: OrmSession, booking: Booking) -> Step | None:
    """The mail that led here, when it was one of a course."""
    message = booking.message_id and session.get(Message, booking.message_id)
    return session.get(Step, message.step_id) if message and message.step_id else None
