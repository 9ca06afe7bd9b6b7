"""What came of each mail of a course: how many got it, clicked, left, booked, wait for it, and who never will get it.

Each column is read for all mails at once. The people behind a number: `behind`, of which it is the count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.insight import behind, drops, messages, outcomes, result_links
from funnel.insight.wilson import Rate
from funnel.models.content import Sequence, SequenceState, Step
from funnel.models.mail import Link, LinkKind
from funnel.models.tallies import OutcomeKind


@dataclass(frozen=True)
class Figures:
    """What came of one mail. Rates are of those who were sent it; `followed` is None of the first mail."""

    step: Step
    sent: int
    clicked: Rate
    left: Rate
    bounced: Rate
    complained: Rate
    booked: Rate
    waiting: int
    followed: Rate | None  # of those who were sent the mail before, who were sent this too


@dataclass(frozen=True)
class Followed:
    """A link of a mail, and the people who followed it."""

    label: str
    url: str
    kind: LinkKind
    people: Rate


def of_course(session: Session, course: Sequence) -> list[Figures]:
    """The figures of the course's mails in order; of those retired, only where they were sent.

    Read it after `tallies.freshen`: what was sent, and who of them got the next, is read from them.
    """
    sent = messages.sent(session)
    steps = _told(course, sent)
    ids = [step.id for step in steps]
    return list(
        _figures(steps, sent, outcomes.counted(session, ids), _waiting(session, ids), drops.followed(session, ids))
    )


def links(session: Session, step: Step) -> list[Followed]:
    """The links of a mail, the most followed first, with the people who followed each: machines are none."""
    sent = messages.sent(session).get(step.id, 0)
    people = result_links.followers(Link.id).label("people")
    mine = (Link.step_id == step.id, Link.kind != LinkKind.CANARY)
    query = select(Link.label, Link.url, Link.kind, people).where(*mine).order_by(people.desc(), Link.id)
    return [Followed(*row[:3], _rate(row[3], sent)) for row in session.execute(query)]


def before(session: Session, step: Step) -> int | None:
    """The mail before this one, of those `of_course` tells of. None: it is the first, or is not among them."""
    order = [one.id for one in _told(step.sequence, messages.sent(session))]
    place = order.index(step.id) if step.id in order else 0
    return order[place - 1] if place else None


def _told(course: Sequence, sent: dict[int, int]) -> list[Step]:
    return [step for step in course.steps if step.state is SequenceState.LIVE or sent.get(step.id)]


def _waiting(session: Session, steps: list[int]) -> dict[int, int]:
    pairs = behind.waiting(steps).subquery()
    return {row[0]: row[1] for row in session.execute(select(pairs.c.step_id, func.count()).group_by(pairs.c.step_id))}


def _figures(
    steps: list[Step],
    sent: dict[int, int],
    counted: dict[OutcomeKind, dict[int, int]],
    waiting: dict[int, int],
    followed: dict[int, Rate],
) -> Iterator[Figures]:
    for step in steps:
        got = sent.get(step.id, 0)
        rates = {which.value: _rate(people.get(step.id, 0), got) for which, people in counted.items()}
        yield Figures(step=step, sent=got, waiting=waiting.get(step.id, 0), followed=followed.get(step.id), **rates)


def _rate(count: int, of: int) -> Rate:
    """A forwarded mail, or one whose sending nobody knows, may be clicked by more than were sent it: then of those."""
    return Rate(count, max(count, of))
