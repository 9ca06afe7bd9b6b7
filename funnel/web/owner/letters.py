"""The weekly letters: those that were sent, and what the next one would say if it left now."""

from datetime import date
from http import HTTPStatus

from flask import Response, abort, render_template
from sqlalchemy.orm import Session as OrmSession

from funnel.db import Session, utc_now
from funnel.insight import letters, week
from funnel.mail import render
from funnel.models.letters import Letter
from funnel.web.owner import frame, gate

SHOWN = 52  # a year
NEXT = "next"

blueprint = gate.pages("letters", __name__)


@blueprint.get("/letters")
def index() -> str:
    with Session.begin() as session:
        return render_template("owner/letters/index.html", letters=letters.latest(session, SHOWN))


@blueprint.get("/letters/<week_of>")
def show(week_of: str) -> Response:
    with Session.begin() as session:
        letter = _letter(session, week_of)
        preview = render.preview_letter(letter, utc_now())
        return frame.around(render_template("owner/letters/show.html", letter=letter, preview=preview, week_of=week_of))


@blueprint.get("/letters/<week_of>/html")
def body(week_of: str) -> Response:
    """The letter by itself, for the frame of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        return frame.alone(frame.framed(render.preview_letter(_letter(session, week_of), utc_now()).html, scheme))


def _letter(session: OrmSession, week_of: str) -> Letter:
    """The letter about the week that begins on this day, or the one about the week that is not over yet."""
    now = utc_now()
    if week_of == NEXT:
        return letters.written(session, week.last_monday(now) + week.LENGTH, now)
    try:
        found = session.get(Letter, date.fromisoformat(week_of))
    except ValueError:
        found = None
    return found or abort(HTTPStatus.NOT_FOUND)
