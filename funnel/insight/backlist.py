"""The backlist: every newsletter with what came of it: the drafts, what is on its way, and then the newest.

Its numbers are those of the results of each (insight/results). Read it after `tallies.freshen`.
"""

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from funnel.insight import results
from funnel.insight.paging import Page, paged
from funnel.insight.results import Figures
from funnel.models.content import Newsletter, NewsletterState
from funnel.programme import outgoing

ON_ITS_WAY = (NewsletterState.SCHEDULED, NewsletterState.SENDING, NewsletterState.PAUSED)


def listed(session: Session, page: int = 1) -> Page[Figures]:
    """A page of them."""
    first = case((Newsletter.state == NewsletterState.DRAFT, 0), (Newsletter.state.in_(ON_ITS_WAY), 1), else_=2)
    every = select(Newsletter).where(outgoing.is_issue()).order_by(first, Newsletter.id.desc())
    found = paged(session, every, lambda issue: issue, page)
    return Page(results.figures(session, found.rows), found.total, found.page, found.asked)


def of(session: Session, issue: Newsletter) -> Figures:
    """The line of one."""
    return results.figures(session, [issue])[0]
