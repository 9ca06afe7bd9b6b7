"""The weekly letters: those that were sent, and what the next one would say if it left now."""

from datetime import date
from http import HTTPStatus

from flask import Response, abort, make_response, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel.db import Session, utc_now
from funnel.insight import letters, week
from funnel.mail import render
from funnel.models.letters import Letter
from funnel.web import edge
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
        page = make_response(
            render_template("owner/letters/show.html", letter=letter, preview=preview, week_of=week_of)
        )
    page.headers["Content-Security-Policy"] = f"{edge.CONTENT_SECURITY_POLICY}; {frame.AROUND}"
    return page


@blueprint.get("/letters/<week_of>/html")
def body(week_of: str) -> Response:
    """The letter by itself, for the frame of its page. `?scheme=` is light or dark."""
    scheme = request.args.get("scheme", frame.SCHEMES[0])
    if scheme not in frame.SCHEMES:
        abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        page = make_response(frame.framed(render.preview_letter(_letter(session, week_of), utc_now()).html, scheme))
    page.headers["Content-Security-Policy"] = frame.CONTENT_SECURITY_POLICY
    return page


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
