"""The links that mail programs call by themselves: tracked links, and leaving."""

import logging
from functools import partial
from http import HTTPStatus
from typing import cast

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from funnel import tokens
from funnel.audience import ending
from funnel.audience.wishes import Wish
from funnel.db import Session, utc_now
from funnel.models.people import Form
from funnel.tokens import Purpose
from funnel.web import edge, visits
from funnel.web.pages import discreet, wished

PRESSED = "pressed"  # the name of our own button
ONE_CLICK = ("List-Unsubscribe", "One-Click")  # the body of RFC 8058 §3.1

blueprint = discreet.blueprint("links", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/go/<token>")
def go(token: str) -> Response:
    head, agent = request.method == "HEAD", edge.agent(request.headers.get("User-Agent", ""))
    return leading_on(visits.follow(token, head=head, agent=agent, now=utc_now()))


def leading_on(target: str) -> Response:
    """The answer to whoever followed a link."""
    return cast(Response, redirect(target, 302, Response))


@blueprint.get("/unsubscribe/<token>")
def ask(token: str) -> str:
    """One button. Scanners follow this link, so following it leaves nothing (law 3)."""
    subscriber_id, message_id = tokens.read(Purpose.UNSUBSCRIBE, token)
    drawn = _left if wished.told(utc_now()) is Wish.STOP else partial(_question, token, subscriber_id, message_id)
    try:
        with Session.begin() as session:
            return drawn(discreet.answer_mail(session, subscriber_id, message_id or None).form)
    except OperationalError:  # with the database away the page still opens, as the browser asks
        log.warning("the database is away: a page for leaving is in the browser's language")
        return drawn(None)


@blueprint.post("/unsubscribe/<token>")
def leave(token: str) -> AnyResponse | str:
    """RFC 8058 when a mail program posts, the button when a person does. May be repeated.

    A redirect for our own button alone, which tells its name: mail programs follow none, and post what they like.
    """
    subscriber_id, message_id = tokens.read(Purpose.UNSUBSCRIBE, token)
    one_click = request.form.get(ONE_CLICK[0]) == ONE_CLICK[1]
    how = "one-click from a mail program" if one_click else "the button on the leaving page"
    with Session.begin() as session:
        form = discreet.answer_mail(session, subscriber_id, message_id or None).form
        ending.leave(session, subscriber_id, how, edge.visit(), utc_now(), message_id=message_id or None)
        page = _left(form)
    if one_click:
        return Response(_("You have left. No more mails will come.") + "\n", mimetype="text/plain")
    if PRESSED in request.form:
        told = url_for(".ask", token=token, done=Wish.STOP, until=wished.until(Wish.STOP, utc_now()))
        return redirect(told, HTTPStatus.SEE_OTHER)
    return page


def _left(form: Form | None) -> str:
    return render_template("pages/unsubscribe/left.html", form=form)


def _question(token: str, subscriber_id: int, message_id: int, _form: Form | None) -> str:
    preferences = tokens.sign(Purpose.PREFERENCES, subscriber_id, message_id)
    return render_template("pages/unsubscribe/ask.html", token=token, preferences=preferences)
