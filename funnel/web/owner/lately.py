"""What happened lately, as far back as one reads."""

from datetime import datetime

from flask import render_template, request

from funnel.db import Session, utc_now
from funnel.insight import lately
from funnel.web.owner import gate

ROWS = 50

blueprint = gate.pages("lately", __name__)


@blueprint.get("/lately")
def index() -> str:
    before = request.args.get("before", type=_moment)
    kind = request.args.get("kind", type=lately.Kind)
    with Session.begin() as session:
        return render_template(
            "owner/lately/index.html",
            now=utc_now(),
            lately=lately.latest(session, ROWS, before, kind),
            before=before,
            kind=kind,
            kinds=list(lately.Kind),
        )


def _moment(text: str) -> datetime:
    """Raises ValueError for what is no time with its zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at
