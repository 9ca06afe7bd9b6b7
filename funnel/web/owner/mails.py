"""The mails: what each says, how it looks, and a test of it."""

import math
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypedDict

from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import case, select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import messages, tallies
from funnel.mail import render
from funnel.mail.encoding import Unsendable
from funnel.mail.stencil import TARGET_BYTES
from funnel.models.content import Sequence, SequenceState, Step
from funnel.models.editing import Kind
from funnel.models.mail import MessageKind, Queue
from funnel.programme import drafts, file_copies, plan, reach, wording
from funnel.programme.merge import BadTags
from funnel.web import edge
from funnel.web.nudge import nudge
from funnel.web.owner import frame, gate
from funnel.web.owner.words import counted
from tasks.mail import send_urgent

TESTS_LIMIT = (20, 60 * 60)  # mails, seconds
TEST_LIVES = timedelta(hours=1)
LONGEST_NUMBER = 18  # digits of an id

blueprint = gate.pages("mails", __name__)


@blueprint.get("/mails")
def index() -> str:
    now = utc_now()
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        sequences = _sequences(session)
        waiting = {number: count for course in sequences for number, count in reach.waiting(session, course).items()}
        return render_template(
            "owner/mails/index.html",
            freshness=freshness,
            sequences=sequences,
            sent=messages.sent(session),
            waiting=waiting,
            notices={name: render.preview_notice(session, name, now).subject for name in render.NOTICES},
        )


@blueprint.get("/mails/<name>")
def show(name: str) -> Response:
    with Session.begin() as session:
        step = _step(session, name)
        page = make_response(
            render_template(
                "owner/mails/show.html",
                name=name,
                step=step,
                **_shown(session, name, step),
                **(_edited(session, step) if step else {}),
                target=TARGET_BYTES,
            )
        )
    page.headers["Content-Security-Policy"] = f"{edge.CONTENT_SECURITY_POLICY}; {frame.AROUND}"
    return page


@blueprint.get("/mails/<name>/html")
def body(name: str) -> Response:
    """The mail by itself, for the frames of its page. `?scheme=` is light or dark."""
    scheme = request.args.get("scheme", frame.SCHEMES[0])
    if scheme not in frame.SCHEMES:
        abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        preview = _shown(session, name, _step(session, name))["preview"] or abort(HTTPStatus.NOT_FOUND)
    page = make_response(frame.framed(preview.html, scheme))
    page.headers["Content-Security-Policy"] = frame.CONTENT_SECURITY_POLICY
    return page


@blueprint.post("/mails/<name>/test")
def test(name: str) -> AnyResponse:
    owner = gate.owner()
    here = redirect(url_for("mails.show", name=name), HTTPStatus.SEE_OTHER)
    if not limits.allow("test mails", str(owner.id), *TESTS_LIMIT):
        minutes = math.ceil(limits.wait("test mails", str(owner.id), *TESTS_LIMIT) / 60)
        flash(f"You sent {TESTS_LIMIT[0]} tests within an hour. Please wait {counted(minutes, 'minute')}.", "warn")
        return here
    with Session.begin() as session:
        step = _step(session, name) or abort(HTTPStatus.NOT_FOUND)
        _plan_test(session, step, owner.email, utc_now())
    nudge(send_urgent)
    flash(_where(owner.email))
    return here


def _sequences(session: OrmSession) -> list[Sequence]:
    in_order = case((Sequence.state == SequenceState.LIVE, 0), else_=1), Sequence.id
    return list(session.scalars(select(Sequence).order_by(*in_order).options(selectinload(Sequence.steps))))


def _plan_test(session: OrmSession, step: Step, email: str, now: datetime) -> None:
    plan.plan(
        session,
        MessageKind.TEST,
        f"test:{step.id}:{secrets.token_hex(8)}",
        template="step",
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + TEST_LIVES,
        now=now,
        to_address=email,
        step_id=step.id,
    )
    gate.note(session, "sent a test", now, step=step.id)


def _where(email: str) -> str:
    if settings().local_outbox:
        return Markup('On its way to the local <a href="/outbox">outbox</a>, addressed to {}.').format(email)
    return f"On its way to {email}."


def _step(session: OrmSession, name: str) -> Step | None:
    """The step of this number, or None when `name` is a notice's. Anything else is a page that is not there."""
    if name in render.NOTICES:
        return None
    step = session.get(Step, int(name)) if name.isdecimal() and len(name) < LONGEST_NUMBER else None
    return step or abort(HTTPStatus.NOT_FOUND)


def _edited(session: OrmSession, step: Step) -> dict[str, Any]:
    """What waits to be said of it: drafts, a file with other words."""
    copy = file_copies.of(session, Kind.STEP, step.id)
    differs = copy is not None and copy.content != wording.typed(step)
    return {
        "draft": drafts.of(session, Kind.STEP, step.id, gate.owner().id),
        "others": drafts.others(session, Kind.STEP, step.id, gate.owner().id),
        "thrown_away": request.args.get("thrown_away", type=int),
        "copy": copy if differs else None,
        "reach": reach.words(session, step),
    }


class _Shown(TypedDict):
    preview: render.Preview | None
    problem: str  # why there is no preview


def _shown(session: OrmSession, name: str, step: Step | None) -> _Shown:
    now = utc_now()
    try:
        preview = render.preview(session, step, None, now) if step else render.preview_notice(session, name, now)
    except (Unsendable, BadTags) as error:
        return {"preview": None, "problem": str(error)}
    return {"preview": preview, "problem": ""}
