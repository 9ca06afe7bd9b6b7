"""The posts: begun here, shown to readers or not, moved to another address, and looked at before anybody else does."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import entrances
from funnel.models.content import Post
from funnel.programme import content_fields, post_words, posts
from funnel.programme.merge import BadTags
from funnel.web.owner import brings, frame, gate, post_manner, texts, typed
from funnel.web.owner.post_manner import POSTS
from funnel.web.pages import posts as pages

UNTOUCHED = "This is still the text that every post begins with. Write your own first, then publish."
NEVER_SAID = "It has no summary yet. Readers see it in the list of posts, and search engines show it."

blueprint = gate.pages("own_posts", __name__)


@blueprint.get("/posts/new")
def new() -> str:
    return render_template("owner/own_posts/new.html", title="", slug="", error="", field="")


@blueprint.post("/posts/new")
def begin() -> AnyResponse | tuple[str, int]:
    """A draft with this title, and on to its editor."""
    title, slug = request.form.get("title", "")[:2000], request.form.get("slug", "").strip()[:200]
    now = utc_now()
    try:
        named = content_fields.line(title)
    except ValueError as error:
        return _again(title, slug, f"The title {error}.", "title")
    try:
        with Session.begin() as session:
            post = posts.begin(session, named, slug, gate.owner().id, now)
            gate.note(session, "began a post", now, post=post.id)
            number = post.id
    except posts.SlugError as error:
        return _again(title, slug, str(error), "slug")
    flash("Begun. Nobody sees it until you publish it.")
    return redirect(url_for("editor.show", noun=POSTS.noun, text_id=number), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/posts/<{gate.ID}:text_id>")
def show(text_id: int) -> Response:
    now = utc_now()
    with Session.begin() as session:
        brought = brings.known(session, now)
        period, post = brought["period"], POSTS.found(session, text_id)
        return texts.standing(
            "own_posts/show",
            session,
            POSTS,
            post,
            form=pages.form_of(session, text_id),
            address=f"{settings().base_url}{url_for('posts.show', slug=post.slug)}",
            figures=entrances.of_post(session, post, period.first_day, period.last_day),
            ready=typed.ready(session, POSTS.look, post_words.typed(post), text_id, None, now),
            **brought,
        )


@blueprint.get(f"/posts/<{gate.ID}:text_id>/page")
def body(text_id: int) -> Response:
    """The page as readers see it, or would: for the frames of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        post = POSTS.found(session, text_id)
        try:
            html = frame.page(post_manner.page(session, post_words.typed(post), text_id), scheme)
        except BadTags as error:
            html = render_template("owner/preview/fault.html", error=error, what=POSTS.look.what, scheme=scheme)
    return frame.alone(html, frame.OF_A_PAGE)


@blueprint.post(f"/posts/<{gate.ID}:text_id>/<any(publish, withdraw, retire):verb>")
def become(text_id: int, verb: str) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        post = POSTS.locked(session, text_id)
        problem = _unready(session, post) if verb == "publish" else ""
        if not problem:
            said = _become(session, post, verb)
            gate.note(session, said[0], now, post=text_id)
    flash(problem or said[1], "warn" if problem else "message")
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/posts/<{gate.ID}:text_id>/address")
def address(text_id: int) -> AnyResponse:
    with Session.begin() as session:
        post = POSTS.found(session, text_id)
        return texts.page("own_posts/address", POSTS, post, slug=post.slug, error="", base=settings().base_url)


@blueprint.post(f"/posts/<{gate.ID}:text_id>/address")
def rename(text_id: int) -> AnyResponse:
    """Another address; the old one leads to it."""
    now, slug = utc_now(), request.form.get("slug", "").strip()[:200]
    with Session.begin() as session:
        post = POSTS.locked(session, text_id)
        before = post.slug
        try:
            posts.rename(session, post, slug, now)
        except posts.SlugError as error:
            page = texts.page(
                "own_posts/address", POSTS, post, slug=slug, error=str(error), base=settings().base_url
            )  # fmt: skip
            page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return page
        if slug != before:
            gate.note(session, "moved a post", now, post=text_id)
    flash(
        f"It stands at /posts/{slug} now, and /posts/{before} leads there."
        if slug != before
        else "Nothing had changed."
    )
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


def _again(title: str, slug: str, error: str, field: str) -> tuple[str, int]:
    page = render_template("owner/own_posts/new.html", title=title, slug=slug, error=error, field=field)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY


def _unready(session: OrmSession, post: Post) -> str:
    """Why it cannot be published yet, in words; empty when it can."""
    if post.body == post_words.STARTER:
        return UNTOUCHED
    if not post.summary:
        return NEVER_SAID
    _, faults = post_words.read(post_words.typed(post), utc_now())
    if not faults:
        return ""
    line = f", line {faults[0].line}" if faults[0].line else ""
    return f"Not published. {POSTS.labels[faults[0].field]}{line}: {faults[0].text}"


def _become(session: OrmSession, post: Post, verb: str) -> tuple[str, str]:
    """What was done, for the audit and for the page."""
    now = utc_now()
    if verb == "publish":
        posts.publish(session, post, gate.owner().id, now)
        return "published a post", "Published. Readers see it now."
    if verb == "withdraw":
        posts.withdraw(session, post, now)
        return "took a post back", "A draft again: its address is not found until you publish it anew."
    posts.retire(session, post, now)
    return "retired a post", "Retired. Its page says so, and leads on to your other posts. You can bring it back."
