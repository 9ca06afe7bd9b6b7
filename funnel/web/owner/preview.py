"""What is being written, as its reader will see it: from words that are kept nowhere yet.

Each of these answers the form of whoever writes, wherever that stands. The mail goes into the frame called `preview`;
what is said about it to the script that asked, or without one to a page of its own beside the editor.
"""

from datetime import datetime

from flask import Response, jsonify, make_response, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel import shelf
from funnel.db import Session, utc_now
from funnel.insight import readers
from funnel.mail import readiness, render, targets
from funnel.mail.encoding import Unsendable
from funnel.mail.sketch import Sketch
from funnel.programme import check
from funnel.programme.merge import BadTags
from funnel.web.nudge import nudge
from funnel.web.owner import frame, gate, typed
from tasks.links import look

blueprint = gate.pages("preview", __name__)


@blueprint.post("/preview")
def show() -> Response:
    """The mail itself, or what keeps it from being one."""
    now = utc_now()
    with Session.begin() as session:
        said, reader = typed.sketch(session), typed.reader(session)
        answer = make_response(_seen(session, said, reader, now))
    answer.headers["Content-Security-Policy"] = frame.SCROLLED
    return answer


@blueprint.post("/preview/checks")
def checks() -> str:
    """The line in the list of mails, and what must or might be mended before it is sent."""
    now = utc_now()
    with Session.begin() as session:
        return _told(session, now)


@blueprint.post("/preview/links")
def links() -> str:
    """Asks a worker to look where the links lead; answers as `checks` does, with how far that is."""
    now = utc_now()
    with Session.begin() as session:
        urls = readiness.to_look_at(typed.sketch(session))
    problem = _asked_for(urls)
    with Session.begin() as session:
        return _told(session, now, problem)


@blueprint.get("/preview/people")
def people() -> Response:
    """Whose name or address begins with `?q=`, for the field in which one is chosen."""
    with Session.begin() as session:
        found = readers.matching(session, request.args.get("q", "")[: typed.LONGEST_LINE])
    return jsonify([reader.named for reader in found])


def _seen(session: OrmSession, said: Sketch, reader: typed.Reader, now: datetime) -> str:
    scheme = typed.chosen_among("scheme", typed.SCHEMES)
    try:
        preview = render.preview_sketch(said, reader.person, now)
    except (BadTags, Unsendable) as error:
        faults = check.stops(readiness.checks(session, said, now))
        return render_template("owner/preview/fault.html", faults=faults, error=error, scheme=scheme)
    if typed.chosen_among("look", typed.LOOKS) == "text":
        return render_template("owner/preview/text.html", text=preview.text, scheme=scheme)
    return frame.framed(preview.html, scheme)


def _told(session: OrmSession, now: datetime, problem: str = "") -> str:
    said, reader = typed.sketch(session), typed.reader(session)
    form = request.form.get("form_id", "") if typed.in_part() else typed.COPY
    return render_template(
        f"owner/preview/{'ready' if typed.in_part() else 'checks'}.html",
        ready=typed.ready(session, said, reader, now),
        form_id=form,
        problem=problem,
        copied=request.form.items(multi=True),
    )


def _asked_for(urls: list[str]) -> str:
    """Has the links looked at; what hinders that, in words, or nothing."""
    try:
        targets.ask(urls)
    except shelf.AwayError:
        return "Nobody can be asked just now: Redis is away."
    return "" if not urls or nudge(look) else "The worker could not be told just now. Please try again in a minute."
