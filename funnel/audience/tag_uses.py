"""Where a tag is named: in saved segments, and in the rules of newsletters of which mails may still leave."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from funnel.audience import rule as rules
from funnel.audience.line import Line
from funnel.audience.lines_of_person import Tagged
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.segments import SavedSegment
from funnel.programme import outgoing

State = NewsletterState


def hold(session: Session) -> None:
    """Lets none of them change until the transaction ends, nor be read by a planner; waits for one chunk."""
    open_ones = select(Newsletter.id).where(Newsletter.rule.is_not(None), or_(_open(), outgoing.is_thrown_away()))
    session.execute(open_ones.order_by(Newsletter.id).with_for_update())
    session.execute(select(SavedSegment.id).order_by(SavedSegment.id).with_for_update())


def named(session: Session, tag_id: int) -> list[str]:
    """What the segments and newsletters are called that name the tag, the segments first. `hold` them before."""
    segments = [f"the segment “{one.name}”" for one in _segments(session) if _names(one.rule, tag_id)]
    issues = [f"the newsletter “{one.subject}”" for one in _issues(session, _open()) if _names(one.rule, tag_id)]
    return segments + issues


def rename(session: Session, tag_id: int, into_id: int) -> None:
    """Lets all of them name `into_id` instead, and what was thrown away as a draft too: it may be fetched back."""
    change = _into(tag_id, into_id)
    found: list[Any] = [*_segments(session), *_issues(session, or_(_open(), outgoing.is_thrown_away()))]
    for one in found:
        if _names(one.rule, tag_id):
            one.rule = rules.write(rules.changed(rules.read(one.rule), change))
    session.flush()


def _segments(session: Session) -> list[SavedSegment]:
    found = select(SavedSegment).order_by(SavedSegment.name)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def _issues(session: Session, which: ColumnElement[bool]) -> list[Newsletter]:
    ruled = select(Newsletter).where(Newsletter.rule.is_not(None), which).order_by(Newsletter.id)
    return list(session.scalars(ruled.execution_options(populate_existing=True)))


def _open() -> ColumnElement[bool]:
    """Until all has left, the rule is asked again of whoever books."""
    states = (State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED)
    return and_(Newsletter.state.in_(states), Newsletter.ended_at.is_(None))


def _names(plain: rules.Plain | None, tag_id: int) -> bool:
    return plain is not None and Tagged(tag_id) in (line for _, line in rules.each(rules.read(plain)))


def _into(tag_id: int, into_id: int) -> Callable[[Line], rules.Rule]:
    return lambda line: Tagged(into_id) if line == Tagged(tag_id) else line
