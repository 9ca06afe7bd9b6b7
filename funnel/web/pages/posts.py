"""The posts readers come for, each with its form in it and at its end."""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, abort, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.mail import links
from funnel.models.content import OldSlug, Post, PostState
from funnel.models.mail import LinkKind
from funnel.models.people import Form, FormState
from funnel.programme import archive
from funnel.web import spoken
from funnel.web.pages import article, card
from funnel.web.pages.card import Card
from funnel.web.pages.named import found

PLACES = ("top", "end")  # where the form stands in a post
BOOKING = "booking"  # Link.url of a link that leads to wherever sessions are booked
LISTED = 20  # posts a page

blueprint = Blueprint("posts", __name__)


@blueprint.get("/")
def newest() -> Response | str:
    """The only post, or the list of them."""
    page = min(max(request.args.get("page", 1, type=int), 1), 10_000)
    spoken.speak(spoken.practice())
    with Session.begin() as session:
        posts = published(session, LISTED + 1, (page - 1) * LISTED)
        if not posts:
            return redirect(url_for(".newest")) if page > 1 else render_template("pages/posts/none.html")
        if page == len(posts) == 1:
            return redirect(url_for(".show", slug=posts[0].slug, **card.where_from()))
        return render_template(
            "pages/posts/index.html",
            posts=posts[:LISTED],
            page=page,
            more=len(posts) > LISTED,
            where_from=card.where_from(),
            archive=archive.is_offered(session),
        )


@blueprint.get("/posts/<slug>")
def show(slug: str) -> Response | str | tuple[str, int]:
    now = utc_now()
    spoken.speak(spoken.practice())
    with Session.begin() as session:
        post = found(session, Post, slug)
        if not post or post.state is PostState.DRAFT:
            return _renamed(session, slug)
        if post.state is PostState.RETIRED:
            return render_template("pages/posts/gone.html", post=post, others=published(session)), HTTPStatus.GONE
        booking = links.ensure(session, BOOKING, LinkKind.BOOKING, "Book", now, post_id=post.id)
        return page(post, _card(session, post, now), links.url(booking, 0))


def published(session: OrmSession, most: int = LISTED, skip: int = 0) -> list[Post]:
    """The posts that readers may see, newest first."""
    posts = select(Post).where(Post.state == PostState.PUBLISHED)
    return list(session.scalars(posts.order_by(Post.published_at.desc(), Post.id.desc()).limit(most).offset(skip)))


def page(post: Post, card: Card | None, booking: str) -> str:
    """A post as its readers see it; `booking` is where its booking links lead. Raises merge.BadTags.

    The page is in the language of the post; of one that says none, in that of its form. A form in another language
    stands in it as a part of its own.
    """
    speaks = card.form.language if card else spoken.practice()
    spoken.speak(post.language or speaks)
    own = spoken.language().code
    return render_template(
        "pages/posts/show.html",
        post=post,
        forms={place: _elsewhere(card, place) for place in PLACES} if card and own != card.form.language else {},
        article=article.read(post.body, _values(booking)),
        card=card,
        booking=booking,
        path=url_for("posts.show", slug=post.slug),
    )


def _elsewhere(card: Card, place: str) -> Markup:
    """The form in its own language, on a page that is in another."""
    with spoken.speaking(card.form.language):
        return Markup(render_template("pages/posts/form.html", card=card, place=place))  # noqa: S704 (escaped there)


def form_of(session: OrmSession, post_id: int) -> Form | None:
    """The form that stands under a post: of several the oldest that is open."""
    forms = select(Form).where(Form.post_id == post_id, Form.state == FormState.OPEN)
    return session.scalar(forms.order_by(Form.id).limit(1))


def of_reader(session: OrmSession, form: Form, source: str) -> Post | None:
    """The post of ours where somebody came by this form: the one their source names, else the one it stands in."""
    theirs = Post.slug == source
    posts = select(Post).where(Post.state == PostState.PUBLISHED, theirs | (Post.id == form.post_id))
    return session.scalar(posts.order_by(theirs.desc()).limit(1))


def _renamed(session: OrmSession, slug: str) -> Response:
    """Leads from an address that a post had to the one it has, and keeps where the reader came from."""
    now_called = select(Post.slug).join(OldSlug, OldSlug.post_id == Post.id).where(Post.state != PostState.DRAFT)
    target = session.scalar(now_called.where(OldSlug.slug == slug)) if slug.isprintable() else None
    if not target:
        abort(HTTPStatus.NOT_FOUND)
    answer = redirect(url_for(".show", slug=target, **card.where_from()), HTTPStatus.MOVED_PERMANENTLY)
    answer.headers["Cache-Control"] = "no-cache"  # it may get its old name back
    return answer


def _card(session: OrmSession, post: Post, now: datetime) -> Card | None:
    form = form_of(session, post.id)
    if not form:
        return None
    card.count_view(session, form, post.source, now)
    return card.empty(form, post.source, now)


def _values(booking: str) -> dict[str, str]:
    known = settings()
    return {
        "practitioner_name": known.practitioner_name,
        "practice_name": known.practice_name,
        "practice_address": known.practice_address,
        "emergency_number": known.emergency_number,
        "site": known.base_url,
        "booking_link": booking,
    }
