"""The posts, forms and sources by which people came, as the overview offers them to choose from."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.content import Post
from funnel.models.people import Form
from funnel.models.tallies import Arrival

UNNAMED = "no source named"
MOST = 50  # sources to choose from


def forms(session: Session) -> list[tuple[Form, Post | None]]:
    query = select(Form, Post).outerjoin(Post, Post.id == Form.post_id).order_by(Form.id)
    return [(form, post) for form, post in session.execute(query)]


def sources(session: Session) -> list[tuple[str, str]]:
    """Those that most people came by, with the words for each: a post's title, where the source is a post."""
    titles = {slug: title for slug, title in session.execute(select(Post.source, Post.title))}  # noqa: C416
    most = func.sum(Arrival.people).desc()
    named = select(Arrival.source).where(Arrival.source != "").group_by(Arrival.source).order_by(most, Arrival.source)
    return [(name, titles.get(name, name)) for name in session.scalars(named.limit(MOST))]
