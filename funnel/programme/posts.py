"""Posts, made and changed: their words, who may see them, and the addresses they have had."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import OldSlug, Post, PostState
from funnel.models.editing import Kind
from funnel.programme import content_fields, file_copies, post_words, saying, wording


class SlugError(ValueError):
    """A post or form cannot have this address. Its text says why, and how to mend it."""


def held(session: Session, post_id: int) -> Post | None:
    """The post, locked until the end of the transaction, so that two edits come one after the other."""
    locked = select(Post).where(Post.id == post_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def by_slug(session: Session, slug: str) -> Post | None:
    """The post that is, or once was, at this address."""
    if post := session.scalar(select(Post).where(Post.slug == slug)):
        return post
    return session.scalar(select(Post).join(OldSlug, OldSlug.post_id == Post.id).where(OldSlug.slug == slug))


def begin(session: Session, title: str, slug: str, owner_id: int, now: datetime) -> Post:
    """A new post, a draft that nobody sees but owners. Without a `slug` it is made of the title. Raises SlugError."""
    post = Post(
        slug=checked(session, slug) if slug else free(session, title),
        title=title,
        summary="",
        body=post_words.STARTER,
        language="",
        state=PostState.DRAFT,
        published_at=post_words.noon(post_words.day_of(now)),
        updated_at=now,
    )
    session.add(post)
    session.flush()
    saying.begun(session, Kind.POST, post, post_words.typed(post), owner_id=owner_id, now=now)
    return post


def save(
    session: Session, post: Post, values: Mapping[str, Any], *, based_on: int, owner_id: int, why: str, now: datetime
) -> bool:
    """Says `values` (the columns that post_words.read gave) from now on; whether that changed anything.

    Raises revisions.Newer, writing nothing, when somebody saved since the revision `based_on`.
    """
    before, after = post_words.typed(post), post_words.of_values(values)
    return saying.save(
        session, Kind.POST, post, values,
        before=before, after=after, based_on=based_on, owner_id=owner_id, why=why, now=now,
    )  # fmt: skip


def publish(session: Session, post: Post, owner_id: int, now: datetime) -> None:
    """Readers see it from now on; one that was a draft is dated today."""
    if post.state is PostState.DRAFT:
        before = post_words.typed(post)
        values = {"published_at": post_words.noon(post_words.day_of(now))}
        after = before | {wording.PUBLISHED: post_words.day_of(now).isoformat()}
        if before != after:
            saying.say(
                session, Kind.POST, post, values,
                before=before, after=after, owner_id=owner_id, why="published", now=now,
            )  # fmt: skip
    _become(session, post, PostState.PUBLISHED, now)


def withdraw(session: Session, post: Post, now: datetime) -> None:
    """A draft again: its address is not found until it is published anew."""
    _become(session, post, PostState.DRAFT, now)


def retire(session: Session, post: Post, now: datetime) -> None:
    """Its page says that it is gone, and where to go."""
    _become(session, post, PostState.RETIRED, now)


def rename(session: Session, post: Post, slug: str, now: datetime) -> None:
    """Gives the post another address. The one it had leads to it for good. Raises SlugError."""
    if slug == post.slug:
        return
    checked(session, slug, of=post)
    back = session.get(OldSlug, slug)
    if back:
        session.delete(back)
    session.add(OldSlug(slug=post.slug, post_id=post.id))
    post.counted_as, post.slug, post.updated_at = post.source, slug, now
    file_copies.part(session, Kind.POST, post.id)
    session.flush()


def cover(session: Session, post: Post, address: str | None) -> None:
    """Links to it show this picture of its text from now on, or its title."""
    post.cover = address
    session.flush()


def checked(session: Session, slug: str, of: Post | None = None) -> str:
    """`slug` when a new post, or `of`, may have it. Raises SlugError."""
    try:
        content_fields.slug(slug)
    except ValueError as error:
        raise SlugError(f"The address {error}.") from None
    taken = by_slug(session, slug)
    if taken and taken is not of:
        whose = "has" if taken.slug == slug else "once had, so that links to it lead there,"
        raise SlugError(f"This is the address that “{taken.title}” {whose}. Choose another.")
    return slug


def free(session: Session, title: str) -> str:
    """An address made of the title that no post has or had."""
    stem = wording.slug(title, "post")
    number = 1
    while by_slug(session, slug := stem if number == 1 else f"{stem}-{number}"):
        number += 1
    return slug


def _become(session: Session, post: Post, state: PostState, now: datetime) -> None:
    post.state, post.updated_at = state, now
    file_copies.part(session, Kind.POST, post.id)
    session.flush()
