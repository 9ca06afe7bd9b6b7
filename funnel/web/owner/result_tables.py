"""The tables of an issue's results as they stand in a CSV: by name, the header and the rows."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.insight import result_links, results
from funnel.models.content import Newsletter
from funnel.programme import outgoing
from funnel.web.owner import clicks_chart, result_labels, result_words
from funnel.web.owner.sheet import Row
from funnel.web.owner.tables import Table


def _numbers(session: Session, issue: Newsletter, now: datetime) -> Table:
    found = results.of_issue(session, issue)
    others = [found.resent] if found.resent else []
    rows: list[Row] = [
        (result_words.named(one.issue), *result_words.numbers(one)) for one in (found.whole, *found.parts, *others)
    ]
    if found.together:
        rows.append(("All together", *result_words.numbers(found.together)))
    return ("Part", *result_words.NUMBERS), rows


def _links(session: Session, issue: Newsletter, now: datetime) -> Table:
    accepted = results.of_issue(session, issue).whole.accepted
    labels = result_labels.of(session, [issue])
    found = result_links.of_mails(session, outgoing.family(session, issue.id), accepted, labels)
    rows: list[Row] = [(link.label, link.url, link.people.count, link.people.share) for link in found]
    return ("Words", "Link", "People", "Share of the accepted"), rows


def _hours(session: Session, issue: Newsletter, now: datetime) -> Table:
    began = results.began(issue)
    people = result_links.by_hour(session, outgoing.family(session, issue.id), began)
    course = clicks_chart.drawn(people, began, now)
    return ("Hour", "From", "People", "People so far"), [
        (hour.number + 1, hour.at, hour.people, hour.so_far) for hour in course.hours
    ]


def _before(session: Session, issue: Newsletter, now: datetime) -> Table:
    lines = results.compared(session, issue).lines
    return ("Newsletter", "Sent", *result_words.NUMBERS), [
        (result_words.named(one.issue), results.began(one.issue), *result_words.numbers(one)) for one in lines
    ]


TABLES: dict[str, Callable[[Session, Newsletter, datetime], Table]] = {
    "numbers": _numbers,
    "links": _links,
    "hours": _hours,
    "before": _before,
}
