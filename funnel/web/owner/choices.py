"""What there is to choose from in the editor of a post or form."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.models.content import Post, PostState
from funnel.programme import form_words, prose

MOST_POSTS = 200

INSERTED = {name: f"{{{{ {name} }}}}" for name in prose.POST_TAGS}


def of(session: OrmSession, noun: str, content: dict[str, str]) -> dict[str, Any]:
    """For the editor of a noun whose words are `content`."""
    if noun == "posts":
        return {"inserted": INSERTED, "form_place": prose.FORM_PLACE}
    return {"courses": form_words.courses(session, content["course"]), "posts": _posts(session, content["post"])}


def _posts(session: OrmSession, chosen: str) -> list[Post]:
    """The newest that a form may stand in, and the one that is chosen."""
    wanted = (Post.state != PostState.RETIRED) | (Post.slug == chosen)
    newest = select(Post).where(wanted).order_by((Post.slug == chosen).desc(), Post.published_at.desc(), Post.id.desc())
    return list(session.scalars(newest.limit(MOST_POSTS)))
