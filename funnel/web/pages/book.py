"""Asking for a session on our own page, and the button for those who have booked already."""

import logging

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from funnel import limits
from funnel.db import Session, utc_now
from funnel.response import bookings
from funnel.response.bookings import Asked
from funnel.tokens import Purpose
from funnel.web import edge, spoken
from funnel.web.nudge import nudge
from funnel.web.pages import card, trap
from funnel.web.pages.fields import BookForm
from funnel.web.pages.trap import Verdict
from tasks.mail import send_urgent

MOST = ((5, 60 * 60), (20, 24 * 60 * 60))  # so many within so many seconds, from one network
LONGEST_REFERENCE = 40

blueprint = Blueprint("book", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/book")
def show() -> str:
    return _page(BookForm(formdata=None))


@blueprint.post("/book")
def ask() -> Response | tuple[str, int]:
    now, fields = utc_now(), BookForm(request.form)
    verdict = trap.verdict(Purpose.BOOK, now=now)
    if verdict is Verdict.ROBOT:
        log.info("a robot filled in the booking form: nothing is stored")
        return redirect(url_for(".thanks"), 303)
    if not fields.validate():
        return _page(fields), 422
    if verdict is not Verdict.PERSON:
        return _page(fields, spoken.said(trap.ONE_MORE_TAP[verdict])), 422
    if minutes := _wait_minutes(edge.visit().network):
        return _page(fields, _words_of_limit(minutes)), 429
    with Session.begin() as session:
        bookings.ask(session, _asked(fields), _reference(), card.source(), now)
    nudge(send_urgent)
    return redirect(url_for(".thanks"), 303)


@blueprint.get("/book/thanks")
def thanks() -> str:
    return render_template("pages/book/thanks.html")


def _page(fields: BookForm, notice: str = "") -> str:
    return render_template(
        "pages/book/show.html",
        fields=fields,
        notice=notice,
        token=trap.token_again(Purpose.BOOK, now=utc_now()),
        reference=_reference(),
        source=card.source(),
    )


def _asked(fields: BookForm) -> Asked:
    return Asked(
        name=fields.name.data,
        email=fields.email.data,
        phone=fields.phone.data,
        suits=fields.suits.data,
        note=fields.note.data,
        language=spoken.language().code,
    )


def _reference() -> str:
    """What a link of ours carried here, to know which mail or post led to the booking."""
    found = request.values.get("ref", "")
    return found if found.isascii() and found.isprintable() and len(found) <= LONGEST_REFERENCE else ""


def _wait_minutes(network: str) -> int:
    """Minutes until this network may ask again; 0: now, and it is counted."""
    for most, seconds in MOST:
        if not limits.allow("book", network, most, seconds):
            return -(-limits.wait("book", network, most, seconds) // 60)
    return 0


def _words_of_limit(minutes: int) -> str:
    if minutes < 120:
        when = ngettext("Please try again in %(num)s minute.", "Please try again in %(num)s minutes.", minutes)
    else:
        hours = -(-minutes // 60)
        when = ngettext("Please try again in %(num)s hour.", "Please try again in %(num)s hours.", hours)
    told = _("Several requests came from your network."), when, _("What you typed stays here until then.")
    return " ".join(map(str, told))
