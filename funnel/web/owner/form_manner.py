"""How a form is edited, and seen while it is typed: as the page of its own that every form has."""

from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel import config, languages
from funnel.db import utc_now
from funnel.models.content import Post, PostState
from funnel.models.editing import Kind
from funnel.models.people import Form, FormState
from funnel.programme import colour, form_words, forms, thanks
from funnel.web import spoken
from funnel.web.owner import gate, settings
from funnel.web.owner.look import Content, Look
from funnel.web.owner.manner import Manner
from funnel.web.pages import card, colours

MOST_POSTS = 200
LABELS = {
    "title": "Title",
    "promise": "What they get",
    "rhythm": "How often",
    "leaving": "How to leave",
    "button": "Words on the button",
    "wording": "What they agree to",
    "language": "Language of these words",
    "post": "Stands in the post",
    "course": "Leads to the course",
    "thanks_url": "After signing up, show",
    "accent": "Colour",
}


def page(_session: OrmSession, content: Content, _number: int) -> str:
    """The hosted form if it said `content`."""
    form = Form(id=0, slug="preview", **{name: content[name] for name in form_words.TEXTS})
    form.accent = colour.written(content.get(form_words.ACCENT, "")) or ""
    form.language = content.get(form_words.LANGUAGE, "")
    colours.wear(form)
    with spoken.speaking(form.language):
        return render_template("pages/forms/show.html", card=card.empty(form, "", utc_now()))


def choices(session: OrmSession, content: Content) -> dict[str, Any]:
    """The courses that a form may lead to, and the posts that it may stand in: the newest, and the one chosen."""
    chosen = content["post"]
    wanted = (Post.state != PostState.RETIRED) | (Post.slug == chosen)
    newest = select(Post).where(wanted).order_by((Post.slug == chosen).desc(), Post.published_at.desc(), Post.id.desc())
    return {
        "courses": form_words.courses(session, content["course"]),
        "posts": list(session.scalars(newest.limit(MOST_POSTS))),
        "languages": languages.known(),
        "offered": _offered(content.get(form_words.ACCENT, "")),
        "missing_site": thanks.missing_site(content.get(form_words.THANKS, "")),
        "sites_held": bool(config.given(settings.SITES)),
    }


def _add_site() -> None:
    """The site of the thank-you page, where an owner pressed the button that adds it and saves."""
    if (site := request.form.get("site")) and gate.owner().is_owner:
        settings.add(site)


def _offered(typed: str) -> str:
    """The nearest colour whose words can be read, of one whose words cannot."""
    found = colour.written(typed)
    nearest = colour.by_day(found) if found else ""
    return nearest if nearest != found else ""


FORMS = Manner(
    noun="forms",
    one="form",
    kind=Kind.FORM,
    model=Form,
    labels=LABELS,
    sides=("title", "promise", "wording"),
    now="what is saved",
    whose="readers see",
    save_words="Save and show it to readers",
    look=Look(what="page", aim="for readers", done="opened", cleaned=form_words.cleaned, page=page),
    title=lambda form: str(form.title),
    page=lambda number: url_for("own_forms.show", text_id=number),
    in_force=lambda form: form.state is FormState.OPEN,
    held=forms.held,
    typed=form_words.typed,
    read=lambda session, _form, content, _now: form_words.read(session, content),
    save=forms.save,
    choices=lambda session, _form, content: choices(session, content),
    first=_add_site,
)
