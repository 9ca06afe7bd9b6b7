"""In which languages the mails of courses are told, and which are still to be written in one."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.languages import ENGLISH, Language
from funnel.models.content import SequenceState, Step
from funnel.models.people import Form, FormState
from funnel.models.translations import Translation


def told(session: Session, steps: Collection[Step]) -> dict[int, list[Language]]:
    """The languages of each of these mails, by its number: its own, which is English, then those that are in use."""
    rows = select(Translation.step_id, Translation.language).where(
        Translation.step_id.in_([step.id for step in steps]), Translation.in_use
    )
    found: dict[int, set[str]] = {step.id: {ENGLISH} for step in steps}
    for step_id, code in session.execute(rows) if steps else ():
        found[step_id or 0].add(code)
    return {number: [one for one in languages.known() if one.code in codes] for number, codes in found.items()}


def asked(session: Session) -> dict[int, list[Language]]:
    """The languages in which people come to each course, by the forms that take them there."""
    rows = session.execute(
        select(Form.sequence_id, Form.language).where(Form.state == FormState.OPEN).distinct()
    )  # a practice has some tens of forms
    found: dict[int, set[str]] = {}
    for sequence_id, code in rows:
        found.setdefault(sequence_id, set()).add(languages.named(code).code)
    return {number: [one for one in languages.known() if one.code in codes] for number, codes in found.items()}


def live(session: Session, sequence_id: int) -> list[Step]:
    """The mails of a course that leave, in their order."""
    rows = select(Step).where(Step.sequence_id == sequence_id, Step.state == SequenceState.LIVE)
    return list(session.scalars(rows.order_by(Step.day, Step.id)))


def untold(session: Session, sequence_id: int, language: str) -> tuple[int, list[Step]]:
    """How many mails of a course leave, and those of them that come in English to readers of this language."""
    steps = live(session, sequence_id)
    spoken = told(session, steps)
    return len(steps), [step for step in steps if language not in {one.code for one in spoken[step.id]}]
