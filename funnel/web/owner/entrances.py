"""Where people come in: every form and post, and what each of them brings."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel.db import Session, utc_now
from funnel.insight import entrances, tallies
from funnel.insight.entrances import Figures, FormLine, PostLine
from funnel.insight.paging import Page
from funnel.web.owner import comparison, gate, period, sheet
from funnel.web.owner.period import Period

FIGURES = ("Views", "Sign-ups", "Confirmed", "of sign-ups", "at least", "at most", "Booked", "of sign-ups, booked")
OF_A_FORM = ("Form", "Address", "State", "Under", "Course")
OF_A_POST = ("Post", "Address", "State", "Form")

blueprint = gate.pages("entrances", __name__)


@blueprint.get("/forms")
def index() -> str:
    now = utc_now()
    chosen = period.chosen(request.args, now)
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        return render_template(
            "owner/entrances/index.html",
            forms=_forms(session, chosen.period, request.args.get("forms", 1, type=int)),
            posts=_posts(session, chosen.period, request.args.get("page", 1, type=int)),
            freshness=freshness,
            period=chosen.period,
            choices=period.CHOICES,
            behind=comparison.behind,
        )


@blueprint.get("/entrances/<any(posts, forms):noun>.csv")
def table(noun: str) -> Response:
    """All of them, with their figures."""
    now = utc_now()
    looked = period.chosen(request.args, now).period
    with Session.begin() as session:
        tallies.freshen(session, now)
        if noun == "forms":
            return sheet.answer(noun, (*OF_A_FORM, *FIGURES), list(_form_rows(session, looked)))
        return sheet.answer(noun, (*OF_A_POST, *FIGURES), list(_post_rows(session, looked)))


def _forms(session: OrmSession, looked: Period, page: int) -> Page[FormLine]:
    return entrances.forms(session, looked.first_day, looked.last_day, page)


def _posts(session: OrmSession, looked: Period, page: int) -> Page[PostLine]:
    return entrances.posts(session, looked.first_day, looked.last_day, page)


def _form_rows(session: OrmSession, looked: Period) -> Iterator[sheet.Row]:
    for number in range(1, _forms(session, looked, 1).pages + 1):
        for line in _forms(session, looked, number).rows:
            under = line.post.title if line.post else None
            yield (
                line.form.title,
                f"/f/{line.form.slug}",
                line.form.state,
                under,
                line.course.title,
                *_cells(line.figures),
            )


def _post_rows(session: OrmSession, looked: Period) -> Iterator[sheet.Row]:
    for number in range(1, _posts(session, looked, 1).pages + 1):
        for line in _posts(session, looked, number).rows:
            form = line.form.title if line.form else None
            yield line.post.title, f"/posts/{line.post.slug}", line.post.state, form, *_cells(line.figures)


def _cells(figures: Figures) -> Iterable[Any]:
    confirming, booking = figures.confirming, figures.booking
    low, high = confirming.band or (None, None)
    return (
        figures.views,
        figures.signed_up,
        figures.confirmed,
        confirming.share,
        low,
        high,
        figures.booked,
        booking.share,
    )
