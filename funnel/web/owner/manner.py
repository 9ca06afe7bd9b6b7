"""How a post and a form are edited: what each knows of its words, for the pages that are the same for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import abort, url_for
from sqlalchemy.orm import Session as OrmSession

from funnel.models.content import Post
from funnel.models.editing import Kind
from funnel.models.people import Form
from funnel.programme import form_words, forms, post_words, posts
from funnel.programme.wording import Fault

Row = Any  # a Post or a Form
Content = dict[str, str]

POST_LABELS = {"title": "Title", "summary": "Summary", "body": "Post", "sources": "Sources", "published": "Date"}
FORM_LABELS = {
    "title": "Title",
    "promise": "What they get",
    "rhythm": "How often",
    "leaving": "How to leave",
    "button": "Words on the button",
    "wording": "What they agree to",
    "post": "Stands in the post",
    "course": "Leads to the course",
}


@dataclass(frozen=True)
class Manner:
    kind: Kind
    one: str  # what it is called
    model: type[Any]
    labels: Mapping[str, str]
    held: Callable[[OrmSession, int], Row | None]
    typed: Callable[[OrmSession, Row], Content]
    cleaned: Callable[[Mapping[str, str]], Content]
    read: Callable[[OrmSession, Content, datetime], tuple[dict[str, Any], list[Fault]]]
    save: Callable[..., bool]
    page: Callable[[int], str]  # where it stands


POSTS = Manner(
    kind=Kind.POST,
    one="post",
    model=Post,
    labels=POST_LABELS,
    held=posts.held,
    typed=lambda _, post: post_words.typed(post),
    cleaned=post_words.cleaned,
    read=lambda _, content, now: post_words.read(content, now),
    save=posts.save,
    page=lambda number: url_for("own_posts.show", text_id=number),
)
FORMS = Manner(
    kind=Kind.FORM,
    one="form",
    model=Form,
    labels=FORM_LABELS,
    held=forms.held,
    typed=form_words.typed,
    cleaned=form_words.cleaned,
    read=lambda session, content, _: form_words.read(session, content),
    save=forms.save,
    page=lambda number: url_for("own_forms.show", text_id=number),
)
MANNERS = {"posts": POSTS, "forms": FORMS}


def found(session: OrmSession, manner: Manner, text_id: int) -> Row:
    """The post or form; not found when there is none."""
    return session.get(manner.model, text_id) or abort(HTTPStatus.NOT_FOUND)


def held(session: OrmSession, manner: Manner, text_id: int) -> Row:
    """The same, locked."""
    return manner.held(session, text_id) or abort(HTTPStatus.NOT_FOUND)
