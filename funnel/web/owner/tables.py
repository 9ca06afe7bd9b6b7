"""The tables of the overview as they stand in a CSV: by name, the header and the rows."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.insight import bookings, cohorts, coming, health, lately, refused, waits
from funnel.insight.whereabouts import Where
from funnel.web.owner import comparison, words
from funnel.web.owner.looked import Looked
from funnel.web.owner.places import UNNAMED
from funnel.web.owner.sheet import Row

MOST = 10_000  # rows of a list that has no end

Table = tuple[tuple[str, ...], list[Row]]


def _funnel(session: Session, looked: Looked, now: datetime) -> Table:
    found = comparison.lines(comparison.stages(session, looked), looked, comparison.reached(session, looked, now))
    header = ("Stage", "Mail", "People", "People of the period before", "Share of the one above", "Share of sign-ups")
    return header, [
        (
            line.stage.name,
            line.stage.detail,
            line.stage.people,
            line.change.before if line.change else None,
            line.stage.of_previous,
            line.stage.of_start,
        )
        for line in found
    ]


def _sign_ups(session: Session, looked: Looked, now: datetime) -> Table:
    found = comparison.sign_ups(session, looked)
    header = ("Day", *(name or UNNAMED for name in found.counts), "All")
    by_day = zip(found.days, *found.counts.values(), strict=True)
    return header, [(day, *counts, sum(counts)) for day, *counts in by_day]


def _cohorts(session: Session, looked: Looked, now: datetime) -> Table:
    header = ("Week of", "People", *(f"Booked by week {week}" for week in range(cohorts.LAST + 1)))
    found = cohorts.cohorts(session, looked.whose, now)
    empty = cohorts.LAST + 1
    return header, [(one.monday, one.people, *one.booked, *[None] * (empty - len(one.booked))) for one in found]


def _waits(session: Session, looked: Looked, now: datetime) -> Table:
    found = waits.waits(session, looked.whose)
    return ("Booked after", "People"), [(waits.words(bar.least, bar.under), bar.people) for bar in found.bars]


def _coming(session: Session, looked: Looked, now: datetime) -> Table:
    found = coming.week(session, now)
    issues: list[Row] = [(issue.send_at, None, None, "newsletter", issue.subject) for issue in found.issues]
    mails = [(mail.first, mail.last, mail.people, mail.name, mail.subject) for mail in found.mails]
    return ("From", "To", "People", "Mail", "Subject"), [*issues, *mails]


def _booked(session: Session, looked: Looked, now: datetime) -> Table:
    header = ("Booked", "State", "Name", "Address", "Mail that brought them", "Came by")
    found = bookings.recent(session, looked.chosen.period.since, MOST)
    return header, [
        (one.at, words.BOOKING_STATES[one.state][0], one.name, one.email, one.mail, one.first_source or one.source)
        for one in found
    ]


def _sending(session: Session, looked: Looked, now: datetime) -> Table:
    found = health.queue(session, now)
    return ("State", "Why", "Mails", "The first"), [
        (Where(one.state).value, one.reason, one.count, one.oldest) for one in found
    ]


def _refused(session: Session, looked: Looked, now: datetime) -> Table:
    found = refused.sign_ups(session, looked.chosen.period.since)
    return ("Why", "Sign-ups"), [(one.name, one.count) for one in found]


def _lately(session: Session, looked: Looked, now: datetime) -> Table:
    found = lately.latest(session, MOST).happenings
    return ("When", "What", "Name", "Address", "Mail or source"), [
        (one.at, one.kind.value, one.first_name, one.email, one.about) for one in found
    ]


TABLES: dict[str, Callable[[Session, Looked, datetime], Table]] = {
    "funnel": _funnel,
    "sign-ups": _sign_ups,
    "cohorts": _cohorts,
    "waits": _waits,
    "coming": _coming,
    "booked": _booked,
    "sending": _sending,
    "refused": _refused,
    "lately": _lately,
}
