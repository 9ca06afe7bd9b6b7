"""The overview: the funnel of a period, and whether all is well, on one page."""

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import bookings, funnel, health, refused, resting, series, tallies
from funnel.models.content import Post, SequenceState, Step, StepKind
from funnel.models.people import Form, Subscriber
from funnel.web.owner import chart, gate, period

blueprint = gate.pages("home", __name__)


@blueprint.get("/")
def index() -> str:
    now = utc_now()
    looked_at = period.chosen(request.args.get("days", ""), now)
    source = request.args.get("source", "").replace("\x00", "")
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        sign_ups = series.sign_ups(session, looked_at.since, now)
        return render_template(
            "owner/home/index.html",
            freshness=freshness,
            now=now,
            period=looked_at,
            choices=period.CHOICES,
            source=source,
            stages=funnel.funnel(session, looked_at.since, now, source),
            few=funnel.FEW,
            chart=chart.drawn(sign_ups.days, sign_ups.counts),
            booked=bookings.recent(session, looked_at.since),
            queue=health.queue(session, now),
            rests=resting.resting(session, now),
            refused=refused.sign_ups(session, looked_at.since),
            pulse=health.pulse(session, now),
            standing=health.standing(session, now),
            relays=[relay.name for relay in settings().relays],
            anybody=session.scalar(select(Subscriber.id).limit(1)),
            forms=_forms(session),
            invitation=_first_invitation(session),
        )


def _forms(session: OrmSession) -> list[tuple[Form, Post | None]]:
    query = select(Form, Post).outerjoin(Post, Post.id == Form.post_id).order_by(Form.id)
    return [(form, post) for form, post in session.execute(query)]


def _first_invitation(session: OrmSession) -> Step | None:
    """The first mail that asks to book: before it, nobody can be expected to."""
    live = select(Step).where(Step.kind == StepKind.INVITATION, Step.state == SequenceState.LIVE)
    return session.scalars(live.order_by(Step.day, Step.id).limit(1)).first()
