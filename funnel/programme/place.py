"""Where an enrolment stands: the part of its row that the schedule reads and moves."""

from dataclasses import dataclass, fields
from datetime import datetime

from funnel.models.content import Enrolment


@dataclass(frozen=True)
class Place:
    """What is next of an Enrolment, by its columns: later steps count from `due_at`; `next_at` is when to look."""

    id: int
    subscriber_id: int
    sequence_id: int
    round: int
    step_id: int | None
    due_at: datetime | None
    next_at: datetime | None

    @classmethod
    def of(cls, enrolment: Enrolment) -> "Place":
        return cls(*(getattr(enrolment, name) for name in COLUMNS))

    @property
    def finished(self) -> bool:
        """No step is left."""
        return self.step_id is None


COLUMNS = tuple(field.name for field in fields(Place))
