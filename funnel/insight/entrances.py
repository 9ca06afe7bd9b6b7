"""What each form and post brings: how often its form was seen, who signed up there, and how far they have come by now.

The numbers are the funnel's own (insight/funnel.py), of one form or of one post's readers: views are visits on the
days of the period; people are those who first signed up on them. A form counts whoever used it, wherever they came
from; a post counts whoever came by it, whichever form stood there. So forms are summed with forms, never with posts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.insight.paging import Page, paged
from funnel.insight.wilson import Rate
from funnel.models.content import Post, Sequence
from funnel.models.door import FormView
from funnel.models.handouts import HandoutDay
from funnel.models.people import Form, FormState
from funnel.models.tallies import Tally, Way


@dataclass(frozen=True)
class Figures:
    views: int = 0
    signed_up: int = 0
    confirmed: int = 0
    booked: int = 0

    @property
    def confirming(self) -> Rate:
        """Who confirmed, of those who signed up."""
        return Rate(self.confirmed, self.signed_up)

    @property
    def booking(self) -> Rate:
        """Who booked, of those who signed up."""
        return Rate(self.booked, self.signed_up)


NOTHING = Figures()


@dataclass(frozen=True)
class Taken:
    """How often a form's handout was taken: by how many for the first time, in how many visits, and by machines."""

    people: int
    visits: int
    machines: int


@dataclass(frozen=True)
class FormLine:
    form: Form
    post: Post | None
    course: Sequence
    figures: Figures


@dataclass(frozen=True)
class PostLine:
    post: Post
    form: Form | None  # the one that stands under it
    figures: Figures


def forms(session: Session, first: date | None, last: date, page: int = 1) -> Page[FormLine]:
    """The forms, open ones first and newest first among them; of the days `first` (None: ever) to `last`."""
    found = by(session, Tally.form_id, FormView.form_id, first, last)
    rows = select(Form, Post, Sequence).outerjoin(Post, Post.id == Form.post_id)
    rows = rows.join(Sequence, Sequence.id == Form.sequence_id).order_by(Form.state, Form.id.desc())
    return paged(
        session, rows, lambda form, post, course: FormLine(form, post, course, found.get(form.id, NOTHING)), page
    )


def posts(session: Session, first: date | None, last: date, page: int = 1) -> Page[PostLine]:
    """The posts, newest first."""
    found = by(session, Tally.source, FormView.source, first, last)
    oldest = select(func.min(Form.id)).where(Form.post_id == Post.id, Form.state == FormState.OPEN)
    rows = select(Post, Form).outerjoin(Form, Form.id == oldest.correlate(Post).scalar_subquery())
    rows = rows.order_by(Post.published_at.desc(), Post.id.desc())
    return paged(session, rows, lambda post, form: PostLine(post, form, found.get(post.source, NOTHING)), page)


def of_form(session: Session, form_id: int, first: date | None, last: date) -> Figures:
    """The figures of one form."""
    return by(session, Tally.form_id, FormView.form_id, first, last, form_id).get(form_id, NOTHING)


def taken(session: Session, form_id: int, first: date | None, last: date) -> Taken:
    """Of the handout of one form, on these days."""
    counted = (HandoutDay.people, HandoutDay.visits, HandoutDay.machines)
    sums = [func.coalesce(func.sum(column), 0) for column in counted]
    row = session.execute(select(*sums).where(_of(HandoutDay.form_id, HandoutDay.day, first, last, form_id))).one()
    return Taken(*map(int, row))


def of_post(session: Session, post: Post, first: date | None, last: date) -> Figures:
    """The figures of one post."""
    return by(session, Tally.source, FormView.source, first, last, post.source).get(post.source, NOTHING)


def by(
    session: Session,
    people_by: InstrumentedAttribute[Any],
    views_by: InstrumentedAttribute[Any],
    first: date | None,
    last: date,
    only: int | str | None = None,
) -> Mapping[Any, Figures]:
    """The figures of each form, or of each source, whichever columns are given; or of one of them."""
    people = _people(session, people_by, _of(people_by, Tally.day, first, last, only))
    views = _views(session, views_by, _of(views_by, FormView.day, first, last, only))
    return {key: Figures(views.get(key, 0), *people.get(key, (0, 0, 0))) for key in people.keys() | views.keys()}


def _of(
    key: InstrumentedAttribute[Any],
    day: InstrumentedAttribute[date],
    first: date | None,
    last: date,
    only: int | str | None,
) -> ColumnElement[bool]:
    return and_(day <= last, day >= first if first else true(), key == only if only is not None else true())


def _people(
    session: Session, key: InstrumentedAttribute[Any], whose: ColumnElement[bool]
) -> dict[Any, tuple[int, int, int]]:
    has = (true(), Way.confirmed, Way.booked)
    sums = [func.coalesce(func.sum(Tally.people).filter(condition), 0) for condition in has]
    counted = select(key, *sums).join(Way, Way.id == Tally.way_id).where(whose).group_by(key)
    return {
        key: (int(people), int(confirmed), int(booked)) for key, people, confirmed, booked in session.execute(counted)
    }


def _views(session: Session, key: InstrumentedAttribute[Any], whose: ColumnElement[bool]) -> dict[Any, int]:
    seen = select(key, func.sum(FormView.views)).where(whose).group_by(key)
    return {key: int(views) for key, views in session.execute(seen)}
