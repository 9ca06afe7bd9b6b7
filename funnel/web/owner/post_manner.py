"""How a post is edited, and seen while it is typed: its very page, with the form that stands in it."""

from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session as OrmSession

from funnel import languages
from funnel.db import utc_now
from funnel.mail import readiness
from funnel.models.content import Post, PostState
from funnel.models.editing import Kind
from funnel.programme import post_readiness, post_words, posts, prose
from funnel.programme.check import Check, State
from funnel.web.owner.look import Content, Look
from funnel.web.owner.manner import Manner
from funnel.web.pages import card
from funnel.web.pages import posts as pages

LABELS = {
    "title": "Title",
    "summary": "Summary",
    "body": "Post",
    "sources": "Sources",
    "language": "Language",
    "published": "Date",
}
INSERTED = {name: f"{{{{ {name} }}}}" for name in prose.POST_TAGS}


def page(session: OrmSession, content: Content, number: int) -> str:
    """The page of the post with this number if it said `content`. Raises merge.BadTags."""
    now, post = utc_now(), session.get(Post, number)
    values, _ = post_words.read(content, now)
    values = {name: content[name] for name in ("title", "summary")} | {"sources": [], "language": ""} | values
    values.setdefault("published_at", post.published_at if post else now)
    shown = Post(slug=post.slug if post else "", state=PostState.PUBLISHED, **values)
    form = pages.form_of(session, number)
    return pages.page(shown, card.empty(form, "", now) if form else None, url_for("book.show"))


def _checks(session: OrmSession, content: Content, number: int, now: datetime) -> list[Check]:
    found = post_readiness.checks(content, now) + list(readiness.outside(post_readiness.links(content)))
    order = list(State)[::-1]
    return sorted(found, key=lambda one: order.index(one.state))


POSTS = Manner(
    noun="posts",
    one="post",
    kind=Kind.POST,
    model=Post,
    labels=LABELS,
    sides=("title", "summary", "body"),
    now="what is saved",
    whose="readers see",
    save_words="Save and show it to readers",
    look=Look(
        what="page",
        aim="for readers",
        done="published",
        cleaned=post_words.cleaned,
        page=page,
        checks=_checks,
        links=lambda _, content, number: post_readiness.links(content),
    ),
    title=lambda post: str(post.title),
    page=lambda number: url_for("own_posts.show", text_id=number),
    in_force=lambda post: post.state is PostState.PUBLISHED,
    held=posts.held,
    typed=lambda _, post: post_words.typed(post),
    read=lambda _session, _post, content, now: post_words.read(content, now),
    save=posts.save,
    choices=lambda *_: {"inserted": INSERTED, "form_place": prose.FORM_PLACE, "languages": languages.known()},
)
