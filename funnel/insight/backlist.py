"""The backlist: every newsletter with what came of it: the drafts, what is on its way, and then the newest.

Drafts that were thrown away are a list of their own.

Its numbers are those of the results of each (insight/results). Read it after `tallies.freshen`.
"""

from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.orm import Session

from funnel.insight import results
from funnel.insight.paging import Page, paged
from funnel.insight.results import Figures
from funnel.models.content import Newsletter, NewsletterState
from funnel.programme import outgoing

ON_ITS_WAY = (NewsletterState.SCHEDULED, NewsletterState.SENDING, NewsletterState.PAUSED)


def listed(session: Session, page: int = 1) -> Page[Figures]:
    """A page of all but the drafts that were thrown away."""
    return _page(session, ~outgoing.is_thrown_away(), page)


def thrown_away(session: Session, page: int = 1) -> Page[Figures]:
    """A page of those."""
    return _page(session, outgoing.is_thrown_away(), page)


def has_thrown_away(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(outgoing.is_issue(), outgoing.is_thrown_away()))))


def of(session: Session, issue: Newsletter) -> Figures:
    """The line of one."""
    return results.figures(session, [issue])[0]


def _page(session: Session, which: ColumnElement[bool], page: int) -> Page[Figures]:
    first = case((Newsletter.state == NewsletterState.DRAFT, 0), (Newsletter.state.in_(ON_ITS_WAY), 1), else_=2)
    every = select(Newsletter).where(outgoing.is_issue(), which).order_by(first, Newsletter.id.desc())
    found = paged(session, every, lambda issue: issue, page)
    return Page(results.figures(session, found.rows), found.total, found.page, found.asked)
