"""Results: what came of an issue and of each part of it, and how that stands beside the issues before.

What was accepted is read where the account of an issue reads it, what came of it from the roll-up (insight/outcomes):
so all pages say the same. Read it after `tallies.freshen`. A person counts once, whichever wording they got.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from funnel.audience import orders
from funnel.insight import outcomes
from funnel.insight.wilson import Rate
from funnel.models.content import Newsletter
from funnel.models.mail import MessageState
from funnel.models.sending import Progress
from funnel.models.tallies import IssueOutcome, OutcomeKind
from funnel.programme import outgoing
from funnel.programme.history import among

COMPARED = 12  # issues beside each other, this one among them
COURSE_OF = timedelta(hours=48)  # in which most people click who ever will

_BEGAN = func.coalesce(Newsletter.started_at, Newsletter.send_at, Newsletter.created_at)


@dataclass(frozen=True)
class Figures:
    """What came of an issue, or of one part of it. Rates are of the mails that were accepted."""

    issue: Newsletter
    accepted: int
    clicked: Rate
    booked: Rate
    left: Rate
    bounced: Rate
    complained: Rate


@dataclass(frozen=True)
class Results:
    """`parts`: its wordings, where it has several. `resent`: the issue once more, to those who had not clicked.

    `together`: the two as one, each person once; None where there is no other.
    """

    whole: Figures
    parts: list[Figures]
    resent: Figures | None
    together: Figures | None


@dataclass(frozen=True)
class Compared:
    """This issue beside those before it: the newest first, this one among them. `usual`: those before, taken as one."""

    lines: list[Figures]
    clicked: tuple[Rate, Rate] | None  # of this one, and as usual; None: there is none before
    left: tuple[Rate, Rate] | None


def began(issue: Newsletter) -> datetime:
    """When its first mail could leave; of one that is older than that is kept, when it was to be sent."""
    return issue.started_at or issue.send_at or issue.created_at


def found(session: Session, issue_id: int) -> Newsletter | None:
    """The issue; of a wording, the one that it is part of."""
    one = session.get(Newsletter, issue_id)
    if one is not None and one.part in outgoing.WORDINGS and one.parent_id:
        return session.get(Newsletter, one.parent_id)
    return one


def of_issue(session: Session, issue: Newsletter) -> Results:
    """All there is to tell of it in numbers."""
    wordings = session.scalars(select(Newsletter).where(_part_of(issue)).order_by(Newsletter.part)).all()
    again = orders.resent(session, issue.id)
    whole, *parts = figures(session, [issue, *wordings, *([again] if again else [])])
    sent_again = parts.pop() if again else None
    if sent_again is None or not sent_again.accepted:
        return Results(whole, parts, None, None)
    return Results(whole, parts, sent_again, _together(session, whole, sent_again))


def figures(session: Session, issues: Sequence[Newsletter]) -> list[Figures]:
    """The figures of these issues and wordings, in their order."""
    ids = [issue.id for issue in issues]
    accepted, counted = _accepted(session, ids), outcomes.of_issues(session, ids)
    return [
        _figures(
            issue, accepted.get(issue.id, 0), {which: people.get(issue.id, 0) for which, people in counted.items()}
        )
        for issue in issues
    ]


def compared(session: Session, issue: Newsletter) -> Compared:
    """It and the eleven issues before it of which anything was accepted; of one sent again, those sent again."""
    alike = Newsletter.part.is_not_distinct_from(issue.part)
    earlier = select(Newsletter).where(alike, Newsletter.id != issue.id, began(issue) >= _BEGAN)
    accepted = select(Progress.newsletter_id).where(Progress.state == MessageState.SENT)
    mine = select(outgoing.issue_of()).where(Newsletter.id.in_(accepted))
    latest = earlier.where(Newsletter.id.in_(mine)).order_by(_BEGAN.desc(), Newsletter.id.desc()).limit(COMPARED - 1)
    this, *before = figures(session, [issue, *session.scalars(latest)])
    if not before:
        return Compared([this], None, None)
    return Compared(
        [this, *before],
        (this.clicked, _usual([one.clicked for one in before])),
        (this.left, _usual([one.left for one in before])),
    )


def differ(one: Rate, other: Rate) -> int:
    """1 where `one` is surely more than `other`, -1 where it is less; 0 where these numbers could not show it."""
    if one.band is None or other.band is None:
        return 0
    return int(one.band[0] > other.band[1]) - int(one.band[1] < other.band[0])


def _part_of(issue: Newsletter) -> ColumnElement[bool]:
    return (Newsletter.parent_id == issue.id) & Newsletter.part.in_(outgoing.WORDINGS)


def _accepted(session: Session, ids: Collection[int]) -> dict[int, int]:
    """By newsletter; those of its wordings are among an issue's."""
    mine = (Newsletter.id == Progress.newsletter_id) & (among(Newsletter.id, ids) | among(outgoing.issue_of(), ids))
    rows = (
        select(Newsletter.id, outgoing.issue_of(), func.sum(Progress.mails))
        .join(Progress, mine)
        .where(Progress.state == MessageState.SENT)
        .group_by(Newsletter.id)
    )
    counts: dict[int, int] = {}
    for number, issue_id, mails in session.execute(rows):
        for told in {number, issue_id}:
            counts[told] = counts.get(told, 0) + int(mails)
    return counts


def _together(session: Session, whole: Figures, resent: Figures) -> Figures:
    people = func.count(IssueOutcome.subscriber_id.distinct())
    either = among(IssueOutcome.newsletter_id, [whole.issue.id, resent.issue.id])
    rows = session.execute(select(IssueOutcome.which, people).where(either).group_by(IssueOutcome.which))
    counts = dict.fromkeys(OutcomeKind, 0) | {row[0]: row[1] for row in rows}
    # Whoever got it again had got it before: as many people as at first.
    return _figures(whole.issue, max(whole.accepted, resent.accepted), counts)


def _figures(issue: Newsletter, accepted: int, counts: dict[OutcomeKind, int]) -> Figures:
    # A forwarded mail, or one whose sending nobody knows, may be clicked by more than were sent it: then of those.
    rates = {which.value: Rate(count, max(count, accepted)) for which, count in counts.items()}
    return Figures(issue, accepted, **rates)


def _usual(rates: list[Rate]) -> Rate:
    return Rate(sum(rate.count for rate in rates), sum(rate.of for rate in rates))
