"""The archive: the issues that everybody may read, newest first, and the owner's switch of each.

An issue stands in it from the moment it began to leave, since its mails lead there. One that was cancelled then keeps
its page for those who have such a mail, and is listed nowhere. Drafts and scheduled ones never stand there; nor do the
rows of a trial's wordings and of a resend, which are the same issue once more: they have its switch, and their mails
lead to its page.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, defer

from funnel.languages import ENGLISH
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.editing import Kind, Revision

PAGE = "/archive"

_LEFT = (NewsletterState.SENDING, NewsletterState.SENT)
_STOPPED = (NewsletterState.PAUSED, NewsletterState.CANCELLED)
_NOT_YET = (NewsletterState.DRAFT, NewsletterState.SCHEDULED, NewsletterState.PAUSED)
_PUBLISHED = func.coalesce(Newsletter.started_at, Newsletter.send_at, Newsletter.created_at)
_NEWEST_FIRST = (_PUBLISHED.desc(), Newsletter.id.desc())


def path(issue: Newsletter, language: str = ENGLISH) -> str:
    """Where it stands, or will, for good: of a wording or a resend, its issue's page; of a translation, its own."""
    return f"{PAGE}/{issue.parent_id or issue.id}" + (f"/{language}" if language != ENGLISH else "")


def published_at(issue: Newsletter) -> datetime:
    """The moment that stands on it: when it began to leave."""
    return issue.started_at or issue.send_at or issue.created_at


def subject(issue: Newsletter) -> str:
    """The subject it goes by: of two that were tried, the better one; the first until that is known."""
    return (issue.winner is Part.B and issue.subject_b) or issue.subject


def began() -> ColumnElement[bool]:
    """Which newsletters are issues that began to leave, shown or not."""
    stopped = and_(Newsletter.state.in_(_STOPPED), Newsletter.started_at.is_not(None))
    return and_(Newsletter.part.is_(None), or_(Newsletter.state.in_(_LEFT), stopped))


def is_public() -> ColumnElement[bool]:
    """Which newsletters are listed for everybody to read."""
    return and_(began(), Newsletter.in_archive, Newsletter.state != NewsletterState.CANCELLED)


def may_be_shown() -> ColumnElement[bool]:
    """Which newsletters stand in the archive or will, if their switch says so."""
    return or_(began(), and_(Newsletter.part.is_(None), Newsletter.state.in_(_NOT_YET)))


def has_begun(issue: Newsletter) -> bool:
    """The same as `began`, of one that may be shown."""
    return issue.state in _LEFT or (issue.state in _STOPPED and issue.started_at is not None)


def is_listed(issue: Newsletter) -> bool:
    """The same as `is_public`, of one that began to leave."""
    return issue.in_archive and issue.state is not NewsletterState.CANCELLED


def latest(session: Session, most: int, skip: int = 0) -> list[Newsletter]:
    """The public ones with their words, newest first."""
    return list(session.scalars(_public().order_by(*_NEWEST_FIRST).limit(most).offset(skip)))


def listed(session: Session, most: int, skip: int = 0, which: ColumnElement[bool] | None = None) -> list[Newsletter]:
    """The same without their bodies, for a list; of the public ones unless `which` says otherwise."""
    rows = select(Newsletter).where(is_public() if which is None else which).options(defer(Newsletter.body))
    return list(session.scalars(rows.order_by(*_NEWEST_FIRST).limit(most).offset(skip)))


def found(session: Session, number: int) -> Newsletter | None:
    """The issue of this number, if any of it has left. Whether it is public it says itself."""
    return one(session, number, began())


def one(session: Session, number: int, which: ColumnElement[bool]) -> Newsletter | None:
    """The newsletter of this number, if it is one of these."""
    return session.scalar(select(Newsletter).where(Newsletter.id == number, which))


def around(session: Session, issue: Newsletter) -> tuple[Newsletter | None, Newsletter | None]:
    """The public issues before and after it."""
    place, here = tuple_(_PUBLISHED, Newsletter.id), tuple_(published_at(issue), issue.id)
    without_body = _public().options(defer(Newsletter.body)).limit(1)
    before = session.scalar(without_body.where(place < here).order_by(*_NEWEST_FIRST))
    after = session.scalar(without_body.where(place > here).order_by(_PUBLISHED, Newsletter.id))
    return before, after


def is_offered(session: Session) -> bool:
    """Whether there is anything in it to read."""
    return bool(session.scalar(select(select(Newsletter.id).where(is_public()).exists())))


def changed_at(session: Session, most: int) -> datetime | None:
    """When an issue last came into it, was cancelled, put in or taken out by hand, or got another subject by its trial.

    Or when the words of one of the newest `most` that are listed last changed. None: it was always empty.
    """
    moments = _PUBLISHED, Newsletter.archive_set_at, Newsletter.cancelled_at
    last: ColumnElement[datetime] = func.max(func.greatest(*moments))  # past a NULL
    newest = select(Newsletter.id).where(is_public()).order_by(*_NEWEST_FIRST).limit(most)
    said = select(func.max(Revision.at)).where(Revision.kind == Kind.NEWSLETTER, Revision.of_id.in_(newest))
    latest: ColumnElement[datetime] = func.greatest(last, said.scalar_subquery())
    return session.scalars(select(latest).where(began())).one()


def show(session: Session, issue_id: int, now: datetime) -> bool:
    """Lets everybody read it, once it is sent. Returns whether that is new."""
    return _set(session, issue_id, now, in_archive=True)


def hide(session: Session, issue_id: int, now: datetime) -> bool:
    """Takes it out of the archive; mails that leave from now on do not lead there. Returns whether that is new."""
    return _set(session, issue_id, now, in_archive=False)


def _set(session: Session, issue_id: int, now: datetime, *, in_archive: bool) -> bool:
    # Who makes a wording of it holds the issue: what is read after that sees the wording.
    session.execute(select(Newsletter.id).where(Newsletter.id == issue_id).with_for_update())
    family = or_(Newsletter.id == issue_id, Newsletter.parent_id == issue_id)
    changed = update(Newsletter).where(family, Newsletter.in_archive.is_(not in_archive))
    done = changed.values(in_archive=in_archive, archive_set_at=now).returning(Newsletter.id)
    return issue_id in session.scalars(done).all()


def _public() -> Select[Any]:
    return select(Newsletter).where(is_public())
