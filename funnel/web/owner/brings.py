"""What the page of a form or post tells of what it brings: over which days, and where the people behind it stand."""

from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy.orm import Session as OrmSession

from funnel.insight import tallies
from funnel.web.owner import comparison, period


def known(session: OrmSession, now: datetime) -> dict[str, Any]:
    """`period` is the one chosen in the address."""
    return {
        "freshness": tallies.freshen(session, now),
        "period": period.chosen(request.args, now).period,
        "choices": period.CHOICES,
        "behind": comparison.behind,
    }
