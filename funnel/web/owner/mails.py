"""The mails: what each says, how it looks, and a test of it."""

from http import HTTPStatus
from typing import Any, TypedDict

from flask import Response, abort, render_template, request
from sqlalchemy import case, select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import selectinload

from funnel import languages
from funnel.db import Session, utc_now
from funnel.insight import messages, tallies
from funnel.languages import Language
from funnel.mail import notices, render
from funnel.mail.encoding import Unsendable
from funnel.mail.stencil import TARGET_BYTES
from funnel.models.content import Sequence, SequenceState, Step
from funnel.programme import course_languages, reach, translations
from funnel.programme.merge import BadTags
from funnel.web.owner import frame, gate, texts
from funnel.web.owner.mail_manner import MAILS

Tongues = dict[int, list[Language]]  # by the number of a mail, or of a course

ENGLISH = languages.known()[0]
LONGEST_NUMBER = 18  # digits of an id

blueprint = gate.pages("mails", __name__)


@blueprint.get("/mails")
def index() -> str:
    now = utc_now()
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        sequences = _sequences(session)
        spoken = course_languages.told(session, [step for course in sequences for step in course.steps])
        asked = course_languages.asked(session)
        waiting = {number: count for course in sequences for number, count in reach.waiting(session, course).items()}
        return render_template(
            "owner/mails/index.html",
            freshness=freshness,
            sequences=sequences,
            sent=messages.sent(session),
            waiting=waiting,
            spoken=spoken,
            asked_in=asked,
            in_several={one.id for one in sequences if _in_several(one, spoken, asked)},
            notices={name: render.preview_notice(session, name, now).subject for name in render.NOTICES},
        )


@blueprint.get("/mails/<name>")
def show(name: str) -> Response:
    with Session.begin() as session:
        step = _step(session, name)
        return frame.around(
            render_template(
                "owner/mails/show.html",
                mail=name,
                step=step,
                **_shown(session, name, step),
                **_spoken(name),
                **(_edited(session, step) if step else {}),
                target=TARGET_BYTES,
            )
        )


@blueprint.get("/mails/<name>/html")
def body(name: str) -> Response:
    """The mail by itself, for the frames of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        preview = _shown(session, name, _step(session, name))["preview"] or abort(HTTPStatus.NOT_FOUND)
    return frame.alone(frame.framed(preview.html, scheme))


def _spoken(name: str) -> dict[str, Any]:
    """In which language it is shown, and in which it is there: notices to readers are in each."""
    there = languages.known() if name in notices.TO_READERS else languages.known()[:1]
    wanted = request.args.get("language", languages.ENGLISH)
    found = next((language for language in there if language.code == wanted), None)
    return {"language": found or abort(HTTPStatus.NOT_FOUND), "languages": there}


def _sequences(session: OrmSession) -> list[Sequence]:
    in_order = case((Sequence.state == SequenceState.LIVE, 0), else_=1), Sequence.id
    return list(session.scalars(select(Sequence).order_by(*in_order).options(selectinload(Sequence.steps))))


def _in_several(course: Sequence, spoken: Tongues, asked: Tongues) -> bool:
    """Whether it says anything to name the languages of each of its mails."""
    return any(len(spoken[step.id]) > 1 for step in course.steps) or asked.get(course.id, [ENGLISH]) != [ENGLISH]


def _step(session: OrmSession, name: str) -> Step | None:
    """The step of this number, or None when `name` is a notice's. Anything else is a page that is not there."""
    if name in render.NOTICES:
        return None
    step = session.get(Step, int(name)) if name.isdecimal() and len(name) < LONGEST_NUMBER else None
    return step or abort(HTTPStatus.NOT_FOUND)


def _edited(session: OrmSession, step: Step) -> dict[str, Any]:
    """What waits to be said of it, and whom it would reach."""
    return {
        **texts.known(MAILS, step),
        **texts.waiting(session, MAILS, step),
        "tongues": translations.listed(session, step, gate.owner().id),
        "reach": reach.words(session, step),
    }


class _Shown(TypedDict):
    preview: render.Preview | None
    problem: str  # why there is no preview


def _shown(session: OrmSession, name: str, step: Step | None) -> _Shown:
    now = utc_now()
    try:
        if step:
            return {"preview": render.preview(session, step, None, now), "problem": ""}
        preview = render.preview_notice(session, name, now, _spoken(name)["language"].code)
    except (Unsendable, BadTags) as error:
        return {"preview": None, "problem": str(error)}
    return {"preview": preview, "problem": ""}
