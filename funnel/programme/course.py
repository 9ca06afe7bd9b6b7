"""A sequence with its steps in order, and the mail that a step becomes for one person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from funnel.models.content import Sequence, SequenceState, Step, StepKind
from funnel.models.mail import MessageKind, Queue
from funnel.programme import plan
from funnel.programme.place import Place

TEMPLATE = "step"


@dataclass(frozen=True)
class Course:
    """A sequence and all its steps by day; those retired are kept, since somebody may stand on one."""

    sequence: Sequence
    steps: tuple[Step, ...]

    @property
    def live(self) -> bool:
        return self.sequence.state is SequenceState.LIVE

    def step(self, step_id: int | None) -> Step | None:
        place = self._places.get(step_id)
        return None if place is None else self.steps[place]

    def remaining(self, had: Collection[int | None]) -> list[Step]:
        """The live steps that are not in `had`."""
        numbered = zip(self._places, self.steps, strict=True)
        return [step for step_id, step in numbered if step_id not in had and step.state is SequenceState.LIVE]

    def following(self, step: Step, had: Collection[int | None]) -> Step | None:
        """The first live step behind `step` that is not in `had`."""
        place = self._places[step.id]
        return next((found for found in self.remaining(had) if self._places[found.id] > place), None)

    @cached_property
    def _places(self) -> dict[int | None, int]:
        """By id, in order; read from the rows once, since a tick asks for each of a thousand people."""
        return {step.id: place for place, step in enumerate(self.steps)}


def load(session: Session, sequence_ids: Collection[int]) -> dict[int, Course]:
    """The courses by sequence id, in two statements whatever their number."""
    return _load(session, select(Sequence).where(Sequence.id.in_(sequence_ids)))


def hold(session: Session, sequence_ids: Collection[int]) -> dict[int, Course]:
    """The same, and they stay so until the end of the transaction.

    Whoever is sent on by days that an edit is changing would be seen by neither, and could miss a mail.
    """
    found = select(Sequence).where(Sequence.id.in_(sequence_ids)).with_for_update(read=True)
    return _load(session, found.execution_options(populate_existing=True))  # read before, it may be edited since


def _load(session: Session, found: Select[Sequence]) -> dict[int, Course]:
    sequences = session.scalars(found.options(selectinload(Sequence.steps)))
    return {sequence.id: Course(sequence, tuple(sequence.steps)) for sequence in sequences}


def leaves_at_once(step: Step) -> bool:
    """Whether this is the mail someone gets on confirming, outside windows and the 20-hour rule."""
    return step.kind is StepKind.WELCOME or step.day == 0


def mail(step: Step, place: Place, *, queue: Queue, lasts: timedelta, now: datetime) -> dict[str, Any]:
    """The draft of a step's mail to whom the place belongs to, due now and good for `lasts`.

    Its key is `step:<step>:<subscriber>`, with `:<round>` behind it from the second round on: a mail that was skipped
    or expired before someone left may be planned again once they ask again, and still only once.
    """
    key = f"step:{step.id}:{place.subscriber_id}"
    return plan.draft(
        MessageKind.STEP,
        key if place.round == 1 else f"{key}:{place.round}",
        template=TEMPLATE,
        queue=queue,
        due_at=now,
        expires_at=now + lasts,
        now=now,
        subscriber_id=place.subscriber_id,
        step_id=step.id,
        enrolment_id=place.id,
    )
