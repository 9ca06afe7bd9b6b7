"""Outcomes: what came of each mail, person by person, and how many people that are (models/tallies.py).

Of a mail that was sent to them somebody *clicked* a link (a machine did not, and the hidden link is none), *left* by
it, it *bounced* (one that is only late did not), they *complained* of it, or *booked*: have a booking that is not
cancelled, and this mail led to it (response/origin.py). Once each, however often. A mail is a step of a course here,
whoever got which copy of it, or a newsletter; what came of one of its wordings came of the whole issue too.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import TextClause, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.insight import journeys
from funnel.models.mail import MessageKind
from funnel.models.tallies import IssueOutcome, IssueOutcomeTally, Outcome, OutcomeKind, OutcomeTally
from funnel.programme import outgoing
from funnel.programme.history import among

_Came = tuple[int, OutcomeKind, int]  # of which step or newsletter, what, with whom
_Found = dict[OutcomeKind, dict[int, int]]

_OF_EVENTS = """
SELECT {told}, 'clicked' AS which, event.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN event ON event.{by} = wanted.id
JOIN link ON link.id = event.link_id
{of_link}
WHERE event.kind = 'click' AND NOT event.machine AND event.subscriber_id IS NOT NULL
    AND {told} IS NOT NULL AND link.kind <> 'canary'
UNION
SELECT {told_of_mail},
    CASE event.kind WHEN 'unsubscribe' THEN 'left' WHEN 'bounce' THEN 'bounced' ELSE 'complained' END,
    event.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN event ON event.{by} = wanted.id
JOIN message mail ON mail.id = event.message_id
{of_mail}
WHERE event.kind IN ('unsubscribe', 'bounce', 'complaint') AND event.subscriber_id IS NOT NULL
    AND mail.kind = '{kind}' AND {told_of_mail} IS NOT NULL
    AND NOT (event.kind = 'bounce' AND jsonb_exists(event.detail, 'delayed'))
"""
_OF_BOOKINGS = """
UNION
SELECT {told_of_mail}, 'booked', booking.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN booking ON booking.subscriber_id = wanted.id
JOIN message mail ON mail.id = booking.message_id
{of_mail}
WHERE booking.state <> 'cancelled' AND mail.kind = '{kind}' AND {told_of_mail} IS NOT NULL
"""
_GONE = """
DELETE FROM {kept} AS kept
USING unnest(CAST(:told AS bigint[]), CAST(:which AS text[]), CAST(:people AS bigint[])) AS gone (told, which, person)
WHERE kept.{column} = gone.told AND kept.which = gone.which AND kept.subscriber_id = gone.person
"""
_ADD = """
INSERT INTO {kept} ({column}, which, subscriber_id)
SELECT * FROM unnest(CAST(:told AS bigint[]), CAST(:which AS text[]), CAST(:people AS bigint[]))
ON CONFLICT DO NOTHING RETURNING {column}, which
"""
_COUNT = "INSERT INTO {kept}_tally SELECT {column}, which, count(*) FROM {kept} GROUP BY {column}, which"
# A newsletter that is a wording, and the issue that it is one of.
_WITH_ITS_ISSUE = """
JOIN newsletter ON newsletter.id = {mail}.newsletter_id
CROSS JOIN LATERAL (
    SELECT newsletter.id UNION SELECT newsletter.parent_id WHERE newsletter.part IN ({wordings})
) AS told (id)"""


@dataclass(frozen=True)
class _Roll:
    """The outcomes of one kind of mail, and the statements that keep them."""

    kept: type[Outcome] | type[IssueOutcome]
    tally: type[OutcomeTally] | type[IssueOutcomeTally]
    column: str
    kind: MessageKind

    def said(self, statement: str, by: str = "") -> TextClause:
        told, told_of_mail, of_link, of_mail = f"link.{self.column}", f"mail.{self.column}", "", ""
        if self.kept is IssueOutcome:
            wordings = ", ".join(f"'{part.value}'" for part in outgoing.WORDINGS)
            of_link, of_mail = (_WITH_ITS_ISSUE.format(mail=mail, wordings=wordings) for mail in ("link", "mail"))
            told = told_of_mail = "told.id"
        return text(
            statement.format(
                kept=self.kept.__tablename__,
                column=self.column,
                kind=self.kind.value,
                by=by,
                told=told,
                told_of_mail=told_of_mail,
                of_link=of_link,
                of_mail=of_mail,
            )
        )

    def of_events(self) -> TextClause:
        return self.said(_OF_EVENTS, "id")

    def of_people(self) -> TextClause:
        return self.said(_OF_EVENTS + _OF_BOOKINGS, "subscriber_id")


_STEPS = _Roll(Outcome, OutcomeTally, "step_id", MessageKind.STEP)
_ISSUES = _Roll(IssueOutcome, IssueOutcomeTally, "newsletter_id", MessageKind.NEWSLETTER)
_ROLLS = (_STEPS, _ISSUES)


def count(session: Session, people: Collection[int], events: Collection[int]) -> None:
    """Counts what came of the mails with these people, whatever was counted before, and what these events tell anew."""
    if not people and not events:
        return
    for roll in _ROLLS:
        _count(session, roll, people, events)


def count_all(session: Session) -> None:
    """Counts all outcomes anew."""
    for roll in _ROLLS:
        session.execute(delete(roll.tally))
        session.execute(roll.said(_COUNT))


def counted(session: Session, steps: Collection[int]) -> _Found:
    """How many people there are of each outcome, by step. Read it after `tallies.freshen`."""
    return _read(session, _STEPS, steps)


def of_issues(session: Session, newsletters: Collection[int]) -> _Found:
    """The same by newsletter: of an issue, those of its wordings are among them."""
    return _read(session, _ISSUES, newsletters)


def _read(session: Session, roll: _Roll, ids: Collection[int]) -> _Found:
    found: _Found = {which: {} for which in OutcomeKind}
    told = getattr(roll.tally, roll.column)
    for which, number, people in session.execute(
        select(roll.tally.which, told, roll.tally.people).where(among(told, ids))
    ):
        found[which][number] = people
    return found


def _count(session: Session, roll: _Roll, people: Collection[int], events: Collection[int]) -> None:
    session.execute(journeys.ROW_BY_ROW)
    had = _kept(session, roll, people) if people else set()
    now = _found(session, roll.of_people(), people) if people else set()
    told = _found(session, roll.of_events(), events) if events else set()
    changes = Counter({place: -number for place, number in Counter(came[:2] for came in had - now).items()})
    if had - now:
        session.execute(roll.said(_GONE), _values(had - now))
    if fresh := now - had | told:
        added = session.execute(roll.said(_ADD), _values(fresh))
        changes.update((number, OutcomeKind(which)) for number, which in added)
    session.execute(journeys.AS_EVER)
    _sum_up(session, roll, changes)


def _kept(session: Session, roll: _Roll, people: Collection[int]) -> set[_Came]:
    columns = select(getattr(roll.kept, roll.column), roll.kept.which, roll.kept.subscriber_id)
    rows = session.execute(columns.where(among(roll.kept.subscriber_id, people)))
    return {(number, which, person) for number, which, person in rows}


def _found(session: Session, query: TextClause, ids: Collection[int]) -> set[_Came]:
    rows = session.execute(query, {"ids": list(ids)})
    return {(number, OutcomeKind(which), person) for number, which, person in rows}


def _values(rows: Collection[_Came]) -> dict[str, list[int] | list[str]]:
    told, which, people = zip(*sorted(rows), strict=True)
    return {"told": list(told), "which": [word.value for word in which], "people": list(people)}


def _sum_up(session: Session, roll: _Roll, changes: Counter[tuple[int, OutcomeKind]]) -> None:
    rows = [
        {roll.column: number, "which": which, "people": change} for (number, which), change in changes.items() if change
    ]
    if not rows:
        return
    added = insert(roll.tally)
    more = added.on_conflict_do_update(
        index_elements=[roll.column, "which"], set_={"people": roll.tally.people + added.excluded.people}
    )
    session.execute(more, rows)
    session.execute(delete(roll.tally).where(roll.tally.people == 0))
