"""The posts readers come for, each with its form in it and at its end."""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.mail import links
from funnel.models.content import Post
from funnel.models.mail import LinkKind
from funnel.models.people import Form
from funnel.web.pages import article, card
from funnel.web.pages.card import Card
from funnel.web.pages.named import named

BOOKING = "booking"  # Link.url of a link that leads to wherever sessions are booked

blueprint = Blueprint("posts", __name__)


@blueprint.get("/")
def newest() -> Response | str:
    with Session.begin() as session:
        slug = session.scalar(select(Post.slug).order_by(Post.published_at.desc(), Post.id.desc()).limit(1))
    if not slug:
        return render_template("pages/posts/none.html")
    return redirect(url_for(".show", slug=slug, **card.where_from()))


@blueprint.get("/posts/<slug>")
def show(slug: str) -> str:
    now = utc_now()
    with Session.begin() as session:
        post = named(session, Post, slug)
        booking = links.url(links.ensure(session, BOOKING, LinkKind.BOOKING, "Book", now, post_id=post.id), 0)
        return render_template(
            "pages/posts/show.html",
            post=post,
            article=article.read(post.body, _values(booking)),
            card=_card(session, post, now),
            booking=booking,
            address=f"{settings().base_url}{request.path}",
        )


def _card(session: OrmSession, post: Post, now: datetime) -> Card | None:
    form = session.scalar(select(Form).where(Form.post_id == post.id).order_by(Form.id).limit(1))
    if not form:
        return None
    card.count_view(session, form, post.slug, now)
    return card.empty(form, post.slug, now)


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
