"""What the mails of a course call the handout that they link to, each in its language."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.models.content import SequenceState, Step
from funnel.models.people import Form
from funnel.models.translations import Translation

LINK = "handout_link"
_CALLED = re.compile(r"\[([^\[\]]+)\]\(\s*\{\{\s*" + LINK + r"\s*\}\}[^)]*\)")


@dataclass(frozen=True)
class Mention:
    """In a mail, or with `translation_id` in what its readers of that language get.

    `called`: the words of the link; '' where it stands bare.
    """

    subject: str
    language: str
    called: str
    step_id: int
    translation_id: int | None = None

    def fits(self, titles: Collection[str]) -> bool:
        """Whether the words hold one of the titles, or there are none that could be wrong."""
        return not self.called or any(title.casefold() in self.called.casefold() for title in titles)


def of(session: Session, form: Form) -> list[Mention]:
    """Those in the mails of the form's course that readers get, in their order."""
    named = Step.body.contains(LINK, autoescape=True)
    live = select(Step).where(Step.sequence_id == form.sequence_id, named, Step.state != SequenceState.RETIRED)
    steps = session.scalars(live.order_by(Step.day, Step.id)).all()
    said = Translation.step_id.in_([step.id for step in steps]), Translation.body.contains(LINK, autoescape=True)
    told = session.scalars(select(Translation).where(*said, Translation.in_use).order_by(Translation.language)).all()
    found = []
    for step in steps:
        found.append(Mention(step.subject, languages.ENGLISH, _called(step.body), step.id))
        found += [
            Mention(row.subject, row.language, _called(row.body), step.id, row.id)
            for row in told
            if row.step_id == step.id
        ]
    return found


def _called(body: str) -> str:
    return next((found[1] for found in _CALLED.finditer(body)), "")
