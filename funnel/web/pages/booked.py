"""“I have already booked”: one button, since scanners follow links, and the course stops."""

from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response

from funnel import tokens
from funnel.db import Session, utc_now
from funnel.models.mail import Link, LinkKind, Message
from funnel.response import bookings
from funnel.tokens import BadToken, Purpose
from funnel.web.pages import discreet

DONE = "booked"

blueprint = discreet.blueprint("booked", __name__)


@blueprint.get("/booked/<token>")
def ask(token: str) -> str:
    with Session.begin() as session:
        subscriber_id, message_id = _who(session, token)
        if subscriber_id:
            discreet.answer_mail(session, subscriber_id, message_id)
    return render_template(f"pages/booked/{'thanks' if request.args.get('done') == DONE else 'ask'}.html")


@blueprint.post("/booked/<token>")
def say(token: str) -> Response:
    with Session.begin() as session:
        subscriber_id, message_id = _who(session, token)
        if subscriber_id:
            bookings.said_booked(session, subscriber_id, message_id, utc_now())
    return redirect(url_for(".ask", token=token, done=DONE), HTTPStatus.SEE_OTHER)


def _who(session: OrmSession, token: str) -> tuple[int | None, int]:
    """The subscriber and mail behind the link; no subscriber when that mail is deleted. Raises BadToken."""
    link_id, message_id = tokens.read(Purpose.GO, token)
    if session.scalar(select(Link.kind).where(Link.id == link_id)) != LinkKind.BOOKED:
        raise BadToken
    return session.scalar(select(Message.subscriber_id).where(Message.id == message_id)), message_id
