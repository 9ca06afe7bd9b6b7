"""In which language a page speaks: that of the form or person it is about, else one that the browser asks for.

Nothing is kept of it, and no address says it: who opens a link of ours gets the page in the language of their mails.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, request
from flask_babel import Babel, force_locale, refresh

from funnel import languages
from funnel.config import settings
from funnel.languages import Language

OWNERS = "/owner"  # its pages are in English


def attach(app: Flask) -> None:
    """Gives `app` its translations, dates and plurals."""
    Babel(
        app,
        default_locale=languages.OF_ENGLISH,
        default_translation_directories=str(languages.FOLDER),
        locale_selector=lambda: language().locale,
        timezone_selector=_zone,
    )
    app.after_request(_say_what_it_depends_on)
    app.context_processor(lambda: {"language": language()})
    app.jinja_env.globals.update(
        day_written=day, day_of_year=day_of_year, tag_of=lambda code: languages.named(code).tag
    )


def speak(code: str, zone: str = "") -> None:
    """From here on this request is answered in the language of that code, with its days as `zone` has them.

    Without a zone they are the practice's.
    """
    g.language, g.zone = languages.named(code), ZoneInfo(zone) if zone else None
    refresh()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """The same, as long as the block lasts."""
    before = language()
    g.language = languages.named(code)
    try:
        with force_locale(g.language.locale):
            yield
    finally:
        g.language = before


def language() -> Language:
    """The language of this request's answer."""
    found: Language | None = g.get("language")
    if found is None:
        found = g.language = languages.named(_of_browser())
    return found


def said(words: str) -> str:
    """What a domain function said, in the language of this page."""
    return languages.say(words, language().code)


def day(at: datetime) -> str:
    """The day of it for whoever reads the page: 28 November 2026."""
    return languages.day(at, language().code, _zone())


def day_of_year(at: datetime) -> str:
    """The same without its year."""
    return languages.day_of_year(at, language().code, _zone())


def practice() -> str:
    """The code of the language that the practice's own country speaks."""
    return languages.of_country(settings().practice_country)


def _zone() -> ZoneInfo:
    return g.get("zone") or settings().zone


def _of_browser() -> str:
    if not request or request.path.startswith(OWNERS):
        return languages.ENGLISH
    g.by_browser = True
    return request.accept_languages.best_match(languages.codes()) or practice()


def _say_what_it_depends_on(response: Response) -> Response:
    if g.get("by_browser"):
        response.vary.add("Accept-Language")
    return response
