"""The overview: the funnel of a period, what comes, what happened, and whether all is well, on one page."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Response, abort, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import (
    beginning,
    bookings,
    cohorts,
    coming,
    funnel,
    health,
    lately,
    refused,
    resting,
    tallies,
    turned_away,
    waits,
)
from funnel.insight.whereabouts import Where
from funnel.models.content import SequenceState, Step, StepKind
from funnel.models.people import Subscriber
from funnel.web.owner import chart, comparison, gate, period, places, sheet, tables
from funnel.web.owner.looked import Looked, looked_at

LATELY = 8  # happenings at once

blueprint = gate.pages("home", __name__)


@blueprint.get("/")
def index() -> str:
    now = utc_now()
    looked = looked_at(now)
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        return render_template(
            "owner/home/index.html",
            freshness=freshness,
            now=now,
            anybody=session.scalar(select(Subscriber.id).limit(1)),
            beginning=beginning.beginning(session),
            welcome=_first(session, StepKind.WELCOME),
            invitation=_first(session, StepKind.INVITATION),
            lately=lately.latest(session, LATELY),
            week=coming.week(session, now),
            **_looked_at(session, looked),
            **_figures(session, looked, now),
            **_state(session, looked, now),
        )


@blueprint.get("/overview/<table>.csv")
def sheet_of(table: str) -> Response:
    now = utc_now()
    rows = tables.TABLES.get(table) or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        tallies.freshen(session, now)
        return sheet.answer(table, *rows(session, looked_at(now), now))


def _looked_at(session: OrmSession, looked: Looked) -> dict[str, Any]:
    """The days and people chosen, and what there is to choose from."""
    forms = places.forms(session)
    titles = {form.id: post.title if post else form.title for form, post in forms}
    whose = looked.whose.source, titles.get(looked.whose.form_id or 0)
    return {
        "period": looked.chosen.period,
        "typed": looked.chosen.typed,
        "typed_error": looked.chosen.error,
        "choices": period.CHOICES,
        "forms": forms,
        "sources": places.sources(session),
        "whose": ", ".join(name for name in whose if name),
        "about": looked.about,
        "here": looked.here,
    }


def _figures(session: OrmSession, looked: Looked, now: datetime) -> dict[str, Any]:
    """What happened with those who signed up in the period."""
    reached = comparison.reached(session, looked, now)
    lines = comparison.lines(comparison.stages(session, looked), looked, reached)
    sign_ups = comparison.sign_ups(session, looked)
    return {
        "lines": lines,
        "tiles": comparison.tiles(lines),
        "compared": comparison.said(looked) if reached else "",
        "few": funnel.FEW,
        "chart": chart.drawn(sign_ups.days, sign_ups.counts),
        "cohorts": cohorts.cohorts(session, looked.whose, now),
        "shade": chart.shade,
        "waits": waits.waits(session, looked.whose),
        "wait_words": waits.words,
        "behind": comparison.behind,
        "by_source": comparison.by_source,
    }


def _state(session: OrmSession, looked: Looked, now: datetime) -> dict[str, Any]:
    """Whether all is well."""
    queue = health.queue(session, now)
    return {
        "queue": queue,
        "queued": sum(line.count for line in queue if line.state == Where.QUEUED),
        "hands": health.hands(session, now),
        "pulse": health.pulse(session, now),
        "standing": health.standing(session, now),
        "rests": resting.resting(session, now),
        "relays": [relay.name for relay in settings().relays],
        "rush": turned_away.rush(session, now),
        "refused": refused.sign_ups(session, looked.chosen.period.since),
        "booked": bookings.recent(session, looked.chosen.period.since),
    }


def _first(session: OrmSession, kind: StepKind) -> Step | None:
    """The first mail of a kind that is in use: before the first that invites, nobody can be expected to book."""
    live = select(Step).where(Step.kind == kind, Step.state == SequenceState.LIVE)
    return session.scalars(live.order_by(Step.day, Step.id).limit(1)).first()
