"""What the pages of one mail share: the mail itself, what was typed of it, and what is wrong with that."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import abort, make_response, render_template, request
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import object_session
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import utc_now
from funnel.mail import press, readiness
from funnel.mail.sketch import STEP, Sketch
from funnel.models.content import Step, StepKind
from funnel.models.editing import Draft, Kind
from funnel.programme import arrangement, check, drafts, prose, reach, wording
from funnel.programme.wording import BODY, DAY, Fault
from funnel.web import edge
from funnel.web.owner import frame, gate, typed

INSERTED = {
    "first_name": '{{ first_name | default("there") }}',
    **{name: f"{{{{ {name} }}}}" for name in prose.STEP_TAGS if name != "first_name"},
}
LABELS = {
    "subject": "Subject",
    "preheader": "Preheader",
    "body": "Mail",
    "kind": "Kind",
    "sources": "Sources",
    "day": "Day",
}
KINDS = {
    StepKind.WELCOME: "welcome: leaves at once",
    StepKind.TIP: "tip",
    StepKind.INVITATION: "invitation: asks to book",
}


def step_of(session: OrmSession, step_id: int) -> Step:
    return session.get(Step, step_id) or abort(HTTPStatus.NOT_FOUND)


def number(name: str) -> int:
    """A number of the form; 0 where none stands."""
    found = request.form.get(name, 0, type=int)
    return found if 0 <= found < 1 << 63 else 0


def read(step: Step, content: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed, and all that keeps it from being saved."""
    values, faults = wording.read(content)
    if DAY in values and "kind" in values:
        faults += arrangement.refusals(step, step.sequence.steps, values[DAY], StepKind(values["kind"]))
    if not faults:
        session = object_session(step)
        assert session is not None
        stops = check.stops(readiness.checks(session, sketched(step, content), utc_now()))
        faults += [Fault(one.field, one.line or 0, one.words) for one in stops]
    return values, faults


def sketched(step: Step, content: Mapping[str, str]) -> Sketch:
    """What was typed, as the mail it will be."""
    course = press.Course(step.sequence.title, step.sequence.slug, step.slug)
    words = press.Words(content.get("subject", "").strip(), content.get("preheader", "").strip(), content.get(BODY, ""))
    return Sketch(STEP, words, content.get("sources", ""), course)


def kept(session: OrmSession, step: Step, content: Mapping[str, str], based_on: int, now: datetime) -> Draft:
    """What was typed, kept over whatever draft this owner had: they pressed the button last."""
    owner_id = gate.owner().id
    before = drafts.of(session, Kind.STEP, step.id, owner_id)
    version = before.version if before else 0
    return drafts.keep(
        session, Kind.STEP, step.id, owner_id, content, based_on=based_on, version=version, now=now
    )  # fmt: skip


def editor(
    session: OrmSession,
    step: Step,
    content: Mapping[str, str],
    *,
    draft: Draft | None,
    based_on: int,
    faults: Sequence[Fault] = (),
    clashes: int | None = None,
) -> AnyResponse:
    """The editor's page, which may hold the frame of a preview.

    `clashes`: how many places are to be decided in a text joined of two.
    """
    answer = page(
        "editor/show",
        step=step,
        content=content,
        draft=draft,
        based_on=based_on,
        faults=faults,
        clashes=clashes,
        reach=reach.words(session, step),
        others=drafts.others(session, Kind.STEP, step.id, gate.owner().id),
        kinds=KINDS,
        inserted=INSERTED,
        ready=typed.ready(session, sketched(step, content), None, utc_now()),
    )
    answer.headers["Content-Security-Policy"] = f"{edge.CONTENT_SECURITY_POLICY}; {frame.AROUND}"
    return answer


def page(template: str, **values: Any) -> AnyResponse:
    return make_response(render_template(f"owner/{template}.html", labels=LABELS, **values))
