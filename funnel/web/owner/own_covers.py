"""What a link to a post shows in a messenger or on another site: its title, drawn, or a picture from its text."""

from http import HTTPStatus

from flask import Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.content import Post
from funnel.programme import cover, posts
from funnel.programme.cover import Cover, Picture
from funnel.web.owner import gate
from funnel.web.owner.post_manner import POSTS
from funnel.web.pages import covers

TITLE = "title"
KEPT = "private, no-cache"  # a post's words change, and its address here does not

blueprint = gate.pages("own_covers", __name__)


@blueprint.get(f"/posts/<{gate.ID}:text_id>/link")
def show(text_id: int) -> str:
    with Session.begin() as session:
        post = POSTS.found(session, text_id)
        offered = _offered(post)
        chosen = [str(at) for at, one in enumerate(offered) if one.address == post.cover]
        return render_template(
            "owner/own_covers/show.html",
            post=post,
            offered=offered,
            chosen=chosen[0] if chosen else TITLE,
            site=settings().base_url.partition("://")[2],
        )


@blueprint.get(f"/posts/<{gate.ID}:text_id>/link.png")
def picture(text_id: int) -> Response:
    """The picture as a link would show it; `?of=` one of the text's, by its place among them."""
    with Session.begin() as session:
        post = POSTS.found(session, text_id)
        wanted = Cover(post.title, settings().practice_name, _picked(post, request.args.get("of", TITLE)))
    return covers.answer(wanted, KEPT)


@blueprint.post(f"/posts/<{gate.ID}:text_id>/link")
def change(text_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        post = POSTS.locked(session, text_id)
        picked = _picked(post, request.form.get("of", ""))
        address = picked.address if picked else None
        changed = address != post.cover
        if changed:
            posts.cover(session, post, address)
            gate.note(session, "chose what links to a post show", now, post=text_id)
    flash("Saved. Sites that have shown the link before may keep the old picture for some days." if changed else
          "Nothing had changed.")  # fmt: skip
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


def _offered(post: Post) -> list[Picture]:
    return cover.pictures(post.body, settings().base_url)


def _picked(post: Post, value: str) -> Picture | None:
    """The picture of this place in the text; None: the title. Anything else is no choice of ours."""
    if value == TITLE:
        return None
    offered = dict(enumerate(_offered(post)))
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 4 else -1
    return offered.get(number) or abort(HTTPStatus.NOT_FOUND)
