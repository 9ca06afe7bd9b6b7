"""Edits of a mail and of its place: saved, restored, moved, put live, retired. Each is one transaction of its caller's.

The words are the row's own: a mail that is planned takes them when it leaves, so what is saved reaches the very next.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Sequence, SequenceState, Step, StepKind
from funnel.models.editing import Kind
from funnel.programme import arrangement, drafts, file_copies, reopening, revisions, transfers, wording

FIRST = "put live"
COPY_OF = "Copy of: "


class Busy(Exception):  # noqa: N818 (it names what was found)
    """The edit before is still reaching people of this course: nothing was changed. `people`: how many."""

    def __init__(self, people: int) -> None:
        super().__init__(f"{people} people are still being moved by the edit before")
        self.people = people


def held(session: Session, step_id: int) -> Step | None:
    """The mail, with its course locked until the end of the transaction, so that two edits come one after the other."""
    sequence_id = session.scalar(select(Step.sequence_id).where(Step.id == step_id))
    if sequence_id is None:
        return None
    hold(session, sequence_id)
    return session.get_one(Step, step_id, populate_existing=True)


def hold(session: Session, sequence_id: int) -> Sequence:
    """The course, locked: a tick or confirmation that reads it waits, and nobody waits for what those hold."""
    locked = select(Sequence).where(Sequence.id == sequence_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def save(
    session: Session, step: Step, values: Mapping[str, Any], *, based_on: int, owner_id: int, why: str, now: datetime
) -> bool:
    """Says `values` (the columns that wording.read gave) from now on; whether that changed anything.

    Raises revisions.Newer, writing nothing, when somebody saved since the revision `based_on`. The day stays: `move`.
    """
    revisions.refuse_newer(session, Kind.STEP, step.id, based_on)
    before, content = wording.said(wording.typed(step)), wording.of_values(values)
    drafts.drop(session, Kind.STEP, step.id, owner_id)
    if step.revision and content == before:
        return False
    if step.revision:
        revisions.begin(session, Kind.STEP, step.id, before, step.updated_at)
    for name in wording.FIELDS:
        setattr(step, name, values[name])
    made = revisions.add(session, Kind.STEP, step.id, content, owner_id=owner_id, why=why, now=now)
    step.revision = made.number
    _touch(session, step, now)
    return True


def add(session: Session, sequence: Sequence, now: datetime, like: Step | None = None) -> Step:
    """One more mail at the end, a draft that nobody gets: empty, or with the words of `like`.

    Raises ValueError when no day is left.
    """
    day = arrangement.next_day(sequence.steps)
    kind = StepKind.TIP if day else StepKind.WELCOME
    if like and day and like.kind is not StepKind.WELCOME:
        kind = like.kind
    subject = f"{COPY_OF}{like.subject}" if like else "A new mail"
    step = Step(
        sequence_id=sequence.id,
        slug=_slug(sequence, subject),
        day=day,
        kind=kind,
        state=SequenceState.DRAFT,
        subject=subject,
        preheader=like.preheader if like else "",
        body=like.body if like else "",
        sources=like.sources if like else [],
        revision=0,
        updated_at=now,
    )
    session.add(step)
    session.flush()
    session.refresh(sequence, ["steps"])
    return step


def move(session: Session, sequence: Sequence, days: arrangement.Days, now: datetime) -> int:
    """Gives mails of the course these days, and takes those who wait along. Returns how many people that moves.

    Raises Busy.
    """
    _refuse_busy(session, sequence)
    before = arrangement.days(sequence.steps)
    for step in sequence.steps:
        if days.get(step.id, step.day) != step.day:
            step.day = days[step.id]
            _touch(session, step, now)
    session.refresh(sequence, ["steps"])
    after = arrangement.days(sequence.steps)
    return _send_on(session, sequence, transfers.hops(before, after), now)


def put_live(session: Session, step: Step, now: datetime, *, owner_id: int, finished_too: bool) -> int:
    """People who come to it get the mail from now on. Returns how many of those who wait or have finished it moves.

    `finished_too`: who finished the course gets it as well; of very many, `transfers.go_on` looks at the others, who
    are not in the number. Raises Busy.
    """
    _refuse_busy(session, step.sequence)
    hops = transfers.joins(arrangement.days(step.sequence.steps), step.id, step.day)
    if not step.revision:
        content = wording.said(wording.typed(step))
        made = revisions.add(session, Kind.STEP, step.id, content, owner_id=owner_id, why=FIRST, now=now)
        step.revision = made.number
    step.state = SequenceState.LIVE
    _touch(session, step, now)
    reopened = reopening.begin(session, step.sequence_id, step.id, now) if finished_too else 0
    return reopened + _send_on(session, step.sequence, hops, now)


def retire(session: Session, step: Step, now: datetime) -> None:
    """Nobody gets it from now on, but what is planned still leaves. Who waits for it goes on to the next at its day."""
    reopening.drop(session, step.id)
    step.state = SequenceState.RETIRED
    _touch(session, step, now)


def is_last(step: Step) -> bool:
    """Whether no live mail of its course comes after this one."""
    return all(day <= step.day for day in arrangement.days(step.sequence.steps).values())


def _send_on(session: Session, sequence: Sequence, hops: list[transfers.Hop], now: datetime) -> int:
    count = transfers.begin(session, sequence.id, hops, now)
    if transfers.left(session, sequence.id) <= transfers.CHUNK:
        transfers.go_on(session, now)
    return count


def _refuse_busy(session: Session, sequence: Sequence) -> None:
    if people := transfers.left(session, sequence.id):
        raise Busy(people)


def _touch(session: Session, step: Step, now: datetime) -> None:
    """The mail is an owner's from now on, whatever its file says."""
    step.updated_at = now
    file_copies.part(session, Kind.STEP, step.id)
    session.flush()


def _slug(sequence: Sequence, subject: str) -> str:
    stem = wording.slug(subject, "mail")
    taken = {step.slug for step in sequence.steps}
    return next(name for n in range(1, len(taken) + 2) if (name := stem if n == 1 else f"{stem}-{n}") not in taken)
