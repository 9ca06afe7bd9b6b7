"""A form's words as its editor types them, and as its page takes them: the same checks as a file's."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.config import settings
from funnel.languages import Said
from funnel.models.content import Post, Sequence, SequenceState
from funnel.models.people import Form
from funnel.programme import handouts, posts, thanks, wording
from funnel.programme.content_fields import FORM
from funnel.programme.wording import Fault

TEXTS = ("title", "promise", "rhythm", "leaving", "button", "wording")
POST, COURSE = "post", "course"  # their slugs
THANKS, ACCENT, LANGUAGE = "thanks_url", "accent", "language"
CHOSEN = {LANGUAGE: languages.ENGLISH, THANKS: "", ACCENT: ""}  # and what each is where nothing is said
FIELDS = (*TEXTS, POST, COURSE, *CHOSEN)
# In five languages: “…”, „…“, «…», »…«, and straight ones.
_QUOTED = re.compile(r"[“„]([^“”„]{2,})[”“]|«([^«»]{2,})»|»([^«»]{2,})«|\"([^\"]{2,})\"")


def first_words(course: Sequence | None, code: str = languages.ENGLISH) -> dict[str, str]:
    """Words that a practice can begin with, in that language: true of every course, and complete as a consent."""
    named = course if code == languages.ENGLISH else None  # a course’s title is in English
    begun = {
        "title": named.title if named else Said("Mails worth opening"),
        "promise": Said("One small thing to try in each mail, in plain words."),
        "rhythm": Said("A few short mails, on weekday mornings. Later, a newsletter now and then."),
        "leaving": Said("Every mail has a link to stop. One click is enough."),
        "button": Said("Send me the mails"),
        "wording": _first_wording(named),
    }
    return {name: languages.say(words, code) for name, words in begun.items()} | {
        LANGUAGE: code,
        POST: "",
        COURSE: course.slug if course else "",
        THANKS: "",
        ACCENT: "",
    }


def _first_wording(course: Sequence | None) -> Said:
    name = settings().practitioner_name
    if course is None:
        return Said(
            "Please email me the mails and, after them, a newsletter now and then. Some of these mails invite me to "
            "book a session with %(name)s. I can stop at any time.",
            name=name,
        )
    return Said(
        "Please email me “%(course)s” and, after them, a newsletter now and then. Some of these mails invite me to "
        "book a session with %(name)s. I can stop at any time.",
        course=course.title,
        name=name,
    )


def other_titles(session: Session, form: Form) -> list[tuple[str, str]]:
    """What these words name in quotation marks that is neither the form nor what it gives or stands in: field, title.

    Mostly the title from before, or of the form that it is a copy of: whoever agrees would agree to something else.
    """
    post = session.get(Post, form.post_id) if form.post_id else None
    handout = handouts.offered(session, form)
    course = session.get_one(Sequence, form.sequence_id)
    own = {_plain(one.title) for one in (form, course, post, handout) if one}
    texts = {field: _QUOTED.finditer(getattr(form, field)) for field in TEXTS}
    named = dict.fromkeys((field, one[one.lastindex or 0].strip()) for field, found in texts.items() for one in found)
    return [(field, title) for field, title in named if _plain(title) not in own]


def _plain(title: str) -> str:
    return " ".join(title.casefold().split()).strip(" .,!?:;…")


def typed(session: Session, form: Form) -> dict[str, str]:
    """The words in force, as the editor shows them."""
    return of_values(session, {name: getattr(form, name) for name in (*TEXTS, *CHOSEN, "post_id", "sequence_id")})


def of_values(session: Session, values: Mapping[str, Any]) -> dict[str, str]:
    """The words of a form's columns, as they would be typed."""
    post = session.get(Post, values["post_id"]) if values["post_id"] else None
    course = session.get_one(Sequence, values["sequence_id"])
    led = {POST: post.slug if post else "", COURSE: course.slug}
    return (
        {name: values[name] for name in TEXTS} | led | {name: values.get(name, usual) for name, usual in CHOSEN.items()}
    )


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """What a browser sent, as `wording.cleaned` does it; a line break in a text is a space, as in a file."""
    return {name: " ".join(text.split("\n")) for name, text in wording.cleaned(fields, FIELDS).items()}


def read(session: Session, content: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed, as far as they are good, and all that is wrong, in the order of the fields."""
    readers = {name: FORM[name] for name in (*TEXTS, *CHOSEN)}
    values, faults = wording.columns(content, readers, languages.named(content.get(LANGUAGE, "")).code)
    if (address := values.get(THANKS)) and not thanks.is_trusted(address):
        faults.append(Fault(THANKS, 0, thanks.distrusted(address)))
    slug = content.get(POST, "")
    post = posts.by_slug(session, slug) if slug else None
    values["post_id"] = post.id if post else None
    if slug and not post:
        faults.append(Fault(POST, 0, f"There is no post at “{slug}” any more. Choose another, or none."))
    course = session.scalar(select(Sequence).where(Sequence.slug == content.get(COURSE, "")))
    if course is None:
        faults.append(Fault(COURSE, 0, "Choose where this form leads: whoever confirms begins that course."))
    else:
        values["sequence_id"] = course.id
    return values, faults


def courses(session: Session, chosen: str = "") -> list[Sequence]:
    """The courses that a form may lead to: all that are not retired, and the one that is chosen."""
    wanted = (Sequence.state != SequenceState.RETIRED) | (Sequence.slug == chosen)
    return list(session.scalars(select(Sequence).where(wanted).order_by(Sequence.title, Sequence.id)))
