"""The people behind a number of the overview, a page at a time, or all of them as a CSV."""

from collections.abc import Iterator
from datetime import date, datetime
from http import HTTPStatus

from flask import Response, abort, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel.db import Session, utc_now
from funnel.insight import cohorts, tallies, who
from funnel.insight.who import Behind
from funnel.web.owner import gate, places, sheet, words
from funnel.web.owner.looked import Looked, looked_at

# What may stand in the address of a list.
NAMES = (
    "days", "from", "to", "source", "form", "unnamed", "besides", "monday", "week", "least", "under", "day", "mail",
    "why",
)  # fmt: skip
AT_ONCE = 1000  # rows held in memory
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)  # beyond them, days cannot be reckoned with

blueprint = gate.pages("behind", __name__)


@blueprint.get("/behind/<what>")
def show(what: str) -> str:
    now = utc_now()
    looked = looked_at(now)
    with Session.begin() as session:
        tallies.freshen(session, now)
        found = _found(session, what, looked, now)
        args = {name: request.args.getlist(name) for name in NAMES if name in request.args}
        return render_template(
            "owner/behind/show.html",
            now=now,
            what=what,
            behind=found,
            found=found.page(session, request.args.get("page", 1, type=int)),
            about=_about(session, what, looked),
            args=args,
        )


@blueprint.get("/behind/<what>.csv")
def table(what: str) -> Response:
    now = utc_now()
    looked = looked_at(now)
    with Session.begin() as session:
        tallies.freshen(session, now)
        found = _found(session, what, looked, now)
        gate.note(session, "exported people", now, what=what)
    header = ("Address", "First name", "State", "Came by", found.moment, "Note")
    return sheet.answer(what, header, _rows(found))


def _rows(found: Behind) -> Iterator[sheet.Row]:
    """Read while they are sent: the view's session is closed by then."""
    with Session.begin() as session:
        for columns in session.execute(found.query.execution_options(yield_per=AT_ONCE)):
            row = who.Row(*columns)
            state = words.PERSON_STATES[row.state][0] if row.state else None
            yield row.email, row.first_name, state, row.source, row.at, row.why


def _found(session: OrmSession, what: str, looked: Looked, now: datetime) -> Behind:
    """The list called `what`; not found when there is none, or when what it needs is missing or makes no sense."""
    if what == "cohort":
        return who.cohort(looked.whose, _day("monday"), _number("week", cohorts.LAST))
    if what == "waited":
        return who.waited(looked.whose, _number("least"), _number("under") if "under" in request.args else None)
    if what == "coming":
        return who.gets(session, _day("day"), _number("mail"), now) or abort(HTTPStatus.NOT_FOUND)
    if what in who.RETURNED:
        return who.returned(what, now)
    if what == "refused":
        return who.turned_away(looked.chosen.period.since, request.args.get("why", "").replace("\x00", ""))
    return who.stage(session, what, looked.whose) or abort(HTTPStatus.NOT_FOUND)


def _about(session: OrmSession, what: str, looked: Looked) -> list[str]:
    """Of whom the list is, where it is about those who signed up in a period."""
    if what in {"coming", *who.RETURNED}:
        return []
    whose, period = looked.whose, looked.chosen.period
    titles = {form.id: post.title if post else form.title for form, post in places.forms(session)}
    found = []
    if what != "cohort" and period.first_day:
        found.append(words.days(period.first_day, period.last_day))
    if whose.source is not None:
        found.append(whose.source or places.UNNAMED)
    if whose.form_id:
        found.append(titles.get(whose.form_id, "a form that is gone"))
    return found + [f"not {name or places.UNNAMED}" for name in whose.besides]


def _day(name: str) -> date:
    found = request.args.get(name, type=date.fromisoformat)
    return found if found and FIRST <= found <= LAST else abort(HTTPStatus.NOT_FOUND)


def _number(name: str, most: int = (1 << 63) - 1) -> int:
    found = request.args.get(name, type=int)
    return abort(HTTPStatus.NOT_FOUND) if found is None or not 0 <= found <= most else found
