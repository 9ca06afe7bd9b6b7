"""What is being written, as its reader will see it: from words that are kept nowhere yet.

Each of these answers the form of whoever writes, wherever that stands. The mail or page goes into the frame called
`preview`; what is said about it to the script that asked, or without one to a page of its own beside the editor.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, jsonify, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel import shelf
from funnel.db import Session, utc_now
from funnel.insight import readers
from funnel.mail import render, targets
from funnel.mail.encoding import Unsendable
from funnel.programme import check
from funnel.programme.merge import BadTags
from funnel.web.nudge import nudge
from funnel.web.owner import frame, gate, typed, wording
from funnel.web.owner.look import Content, Look
from funnel.web.owner.manners import LOOKS, MANNERS, SEEN
from tasks.links import look as look_at_links

TEXT_ID = "text_id"  # the field that says which text is typed; left out of one that is not kept yet
AWAY = "Nobody can be asked just now: Redis is away."
LATER = "The worker could not be told just now. Please try again in a minute."

blueprint = gate.pages("preview", __name__)


@blueprint.post(SEEN)
def show(noun: str) -> Response:
    """The mail or page itself, or what keeps it from being one."""
    now, look = utc_now(), LOOKS[noun]
    with Session.begin() as session:
        html = _seen(session, noun, now)
    return frame.alone(html, frame.SCROLLED if look.sketch else frame.OF_A_PAGE)


@blueprint.post(f"{SEEN}/checks")
def checks(noun: str) -> str:
    """What must or might be mended, and the line of a mail in the list of mails."""
    with Session.begin() as session:
        return _told(session, noun, utc_now())


@blueprint.post(f"{SEEN}/links")
def links(noun: str) -> str:
    """Asks a worker to look where the links lead; answers as `checks` does, with how far that is."""
    look = LOOKS[noun]
    with Session.begin() as session:
        urls = look.links(session, typed.content(look), typed.number(TEXT_ID))
    try:
        targets.ask(urls)
        problem = "" if not urls or nudge(look_at_links) else LATER
    except shelf.AwayError:
        problem = AWAY
    with Session.begin() as session:
        return _told(session, noun, utc_now(), problem)


@blueprint.get("/preview/people")
def people() -> Response:
    """Whose name or address begins with `?q=`, for the field in which one is chosen."""
    with Session.begin() as session:
        found = readers.matching(session, request.args.get("q", "")[: typed.LONGEST_LINE])
    return jsonify([reader.named for reader in found])


def _seen(session: OrmSession, noun: str, now: datetime) -> str:
    look = LOOKS[noun]
    content, number = typed.content(look), typed.number(TEXT_ID)
    scheme = typed.chosen_among("scheme", frame.SCHEMES)
    try:
        if look.page:
            return frame.page(look.page(session, content, number), scheme)
        return _mail(session, look, content, number, scheme, now)
    except (BadTags, Unsendable) as error:
        found = look.checks(session, content, number, now) if look.checks else []
        told = {"faults": check.stops(found), "labels": _labels(noun), "error": error, "what": look.what}
        return render_template("owner/preview/fault.html", scheme=scheme, **told)


def _labels(noun: str) -> Mapping[str, str]:
    """What the fields are called on the page where they are typed."""
    return MANNERS[noun].labels if noun in MANNERS else wording.LABELS


def _mail(session: OrmSession, look: Look, content: Content, number: int, scheme: str, now: datetime) -> str:
    assert look.sketch, "what is no page is mailed"
    said = look.sketch(session, content, number)
    preview = render.preview_sketch(said, typed.reader(session).person, now)
    if typed.chosen_among("look", typed.PARTS) == "text":
        return render_template("owner/preview/text.html", text=preview.text, scheme=scheme)
    return frame.framed(preview.html, scheme)


def _told(session: OrmSession, noun: str, now: datetime, problem: str = "") -> str:
    look = LOOKS[noun]
    shown_as = typed.reader(session) if look.sketch else None
    ready = typed.ready(session, look, typed.content(look), typed.number(TEXT_ID), shown_as, now)
    return render_template(
        f"owner/preview/{'ready' if typed.in_part() else 'checks'}.html",
        ready=ready or abort(HTTPStatus.NOT_FOUND),
        form_id=request.form.get("form_id", "") if typed.in_part() else typed.COPY,
        noun=noun,
        look=look,
        problem=problem,
        copied=request.form.items(multi=True),
    )
