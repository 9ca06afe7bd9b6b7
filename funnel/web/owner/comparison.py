"""The funnel's stages as the overview shows them: with the people behind each, and beside the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from funnel.insight import before, funnel, series
from funnel.insight.change import Change
from funnel.insight.funnel import Stage
from funnel.web.owner import words
from funnel.web.owner.chart import OTHERS
from funnel.web.owner.looked import Looked

TILES = {"signed-up": "signed up", "confirmed": "confirmed", "booked": "booked a session"}


@dataclass(frozen=True)
class Line:
    stage: Stage
    url: str | None  # of the people behind it; None where these are visits
    change: Change | None

    @property
    def words(self) -> str:
        """What these people did, under a number of the page's top."""
        return TILES[self.stage.key]


def stages(session: Session, looked: Looked) -> list[Stage]:
    period = looked.chosen.period
    return funnel.funnel(session, period.since, period.until, looked.whose.source or "", looked.whose.form_id)


def sign_ups(session: Session, looked: Looked) -> series.SignUps:
    period = looked.chosen.period
    return series.sign_ups(session, period.since, period.until, looked.whose.source or "", looked.whose.form_id)


def lines(stages: list[Stage], looked: Looked, reached: dict[str, int] | None) -> list[Line]:
    return [
        Line(
            stage,
            behind(stage.key, looked.here) if stage.key else None,
            Change(stage.people, reached[stage.key]) if reached and stage.key in reached else None,
        )
        for stage in stages
    ]


def behind(what: str, *args: Mapping[str, Any]) -> str:
    """Where the people of a number are listed."""
    merged: dict[str, Any] = {"what": what}
    for more in args:
        merged |= more
    return url_for("behind.show", **merged)


def by_source(names: Sequence[str], name: str) -> dict[str, Any]:
    """In the address of a list: those who came by `name`, one of a chart's `names`."""
    if name == OTHERS:
        return {"besides": [other for other in names if other != OTHERS]}
    return {"source": name} if name else {"unnamed": 1}


def tiles(found: list[Line]) -> list[Line]:
    """The three that matter most."""
    return [line for line in found if line.stage.key in TILES]


def reached(session: Session, looked: Looked, now: datetime) -> dict[str, int] | None:
    """How far the people of the period before had come when it was as old as this one is; None of no period before."""
    period = looked.chosen.period
    earlier = period.before
    if earlier is None or earlier.since is None or period.since is None:
        return None
    as_old = earlier.since + (now - period.since)
    return before.reached(session, looked.whose.on(earlier.first_day, earlier.last_day), earlier.until, as_old)


def said(looked: Looked) -> str:
    """The period before in words: “2 Feb to 3 Mar”."""
    earlier = looked.chosen.period.before
    if earlier is None or earlier.first_day is None:
        return ""
    return f"{words.day(earlier.first_day)} to {words.day(earlier.last_day)}"
