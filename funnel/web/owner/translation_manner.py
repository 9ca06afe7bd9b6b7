"""How a translation is edited: as the mail that it is of, with the original beside it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session as OrmSession

from funnel import languages
from funnel.insight import subjects
from funnel.languages import Language
from funnel.mail import press, readiness, render, sketch
from funnel.mail.sketch import Sketch
from funnel.models.content import Newsletter, Step
from funnel.models.editing import Kind
from funnel.models.translations import Translation
from funnel.programme import likeness, prose, translations
from funnel.programme.check import Check, State
from funnel.programme.wording import Fault
from funnel.web.owner.look import Content, Look
from funnel.web.owner.manner import Manner, Values

LABELS = {"subject": "Subject", "preheader": "Preheader", "body": "Mail"}


def language(row: Translation) -> Language:
    return languages.named(row.language)


def title(row: Translation) -> str:
    """Its subject, or the name of its language while it has none."""
    return subjects.shown(row.subject) if row.subject else f"In {language(row).in_english}"


def _drawn(session: OrmSession, content: Content, number: int) -> Sketch:
    row = session.get(Translation, number)
    if row is None:
        return sketch.typed(sketch.NEWSLETTER, content)
    first = _first(translations.original(session, row), row)
    typed = sketch.typed(first.kind, content, first.course, first.page, row.language)
    return replace(typed, sources=first.sources)


def _first(of: Step | Newsletter, row: Translation) -> Sketch:
    """The original, as it would lead to the translation's page."""
    if isinstance(of, Step):
        return sketch.of_step(of)
    return replace(sketch.of_newsletter(of), page=press.web_page(of, row))


def _checks(session: OrmSession, content: Content, number: int, now: datetime) -> list[Check]:
    found = readiness.checks(session, _drawn(session, content, number), now)
    row = session.get(Translation, number)
    if row is not None:
        found += likeness.checks(translations.original(session, row).body, content["body"])
    order = list(State)[::-1]
    return sorted(found, key=lambda check: order.index(check.state))


def _read(session: OrmSession, row: Translation, content: Content, now: datetime) -> tuple[Values, list[Fault]]:
    values, faults = translations.read(content, row.language)
    return values, faults or LOOK.stops(session, content, row.id, now)


def _choices(session: OrmSession, row: Translation, _content: Content) -> dict[str, Any]:
    inserted = {"first_name": prose.example(row.language)}
    inserted |= {name: f"{{{{ {name} }}}}" for name in prose.STEP_TAGS if name != "first_name"}
    return {"inserted": inserted, "language": language(row), "original": translations.original(session, row)}


LOOK = Look(
    what="mail",
    aim="to send",
    done="sent",
    cleaned=translations.cleaned,
    sketch=_drawn,
    checks=_checks,
    links=lambda session, content, number: readiness.to_look_at(_drawn(session, content, number)),
)
TRANSLATIONS = Manner(
    noun="translations",
    one="translation",
    kind=Kind.TRANSLATION,
    model=Translation,
    labels=LABELS,
    sides=("subject", "preheader", "body"),
    now="what is saved",
    whose="readers of its language get",
    save_words="Save and say it from now on",
    look=LOOK,
    title=title,
    page=lambda number: url_for("translations.show", text_id=number),
    in_force=lambda row: bool(row.in_use),
    held=translations.held,
    typed=lambda _, row: translations.typed(row),
    read=_read,
    save=translations.save,
    choices=_choices,
    under=lambda row: "mails" if row.step_id else "newsletters",
    trial=lambda _: {"template": render.TRANSLATION},
)
