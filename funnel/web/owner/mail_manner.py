"""How a mail of a course is edited: its day stands beside its words, and is asked about where somebody may wait."""

from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session as OrmSession

from funnel.insight import subjects
from funnel.mail import press, render, sketch
from funnel.mail.press import Course
from funnel.models.content import SequenceState, Step, StepKind
from funnel.models.editing import Kind
from funnel.programme import arrangement, editing, prose, reach, wording
from funnel.programme.wording import DAY, Fault
from funnel.web.owner import look
from funnel.web.owner.look import Content
from funnel.web.owner.manner import Asked, Manner, Values

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
# What can be filled in, as it is put where one was typing.
INSERTED = {
    "first_name": '{{ first_name | default("there") }}',
    **{name: f"{{{{ {name} }}}}" for name in prose.STEP_TAGS if name != "first_name"},
}


def _read(session: OrmSession, step: Step, content: Content, now: datetime) -> tuple[Values, list[Fault]]:
    values, faults = wording.read(content)
    if DAY in values and "kind" in values:
        faults += arrangement.refusals(step, step.sequence.steps, values[DAY], StepKind(values["kind"]))
    return values, faults or LOOK.stops(session, content, step.id, now)


def _save(session: OrmSession, step: Step, values: Values, *, now: datetime, **more: Any) -> bool:
    """A mail that nobody gets yet has its new day at once."""
    changed = editing.save(session, step, values, now=now, **more)
    if values[DAY] == step.day or step.state is SequenceState.LIVE:
        return changed
    try:
        editing.move(session, step.sequence, {step.id: values[DAY]}, now)
    except editing.Busy:
        return changed  # then the day is asked about, where one can come back to it
    return True


def _asks(step: Step, content: Content) -> Asked | None:
    day = int(content[DAY])
    return Asked("the day", url_for("arranging.ask_day", step_id=step.id, day=day)) if day != step.day else None


def _course(session: OrmSession, step_id: int) -> Course:
    step = session.get(Step, step_id)
    return press.course_of(step) if step else sketch.NEW_COURSE


LOOK = look.mailed(sketch.STEP, wording.cleaned, _course)
MAILS = Manner(
    noun="mails",
    one="mail",
    kind=Kind.STEP,
    model=Step,
    labels=LABELS,
    sides=("subject", "preheader", "body"),
    now="what people get now",
    whose="people get",
    save_words="Save and say it from now on",
    look=LOOK,
    title=lambda step: subjects.shown(step.subject),
    page=lambda number: url_for("mails.show", name=number),
    in_force=lambda step: step.state is SequenceState.LIVE and step.sequence.state is SequenceState.LIVE,
    held=editing.held,
    typed=lambda _, step: wording.typed(step),
    read=_read,
    save=_save,
    choices=lambda session, step, _: {"kinds": KINDS, "inserted": INSERTED, "reach": reach.words(session, step)},
    apart=(DAY,),
    asks=_asks,
    follows=lambda step, content: step.state is SequenceState.LIVE and int(content[DAY]) == step.day,
    trial=lambda number: {"template": render.STEP, "step_id": number},
)
