"""The languages readers are written to: English, in which everything is written first, and each that has a catalog.

One more is added by its catalog alone: its own name, its direction and its way with dates come from the CLDR (Babel).
"""

import functools
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.core import get_global
from babel.languages import get_official_languages
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "translations"
ENGLISH = "en"
OF_ENGLISH = "en_GB"  # 28 November, not November 28
SPACED = "fr"  # its colon stands apart from the word before it
NO_BREAK = "\N{NO-BREAK SPACE}"
PAGES = "messages"  # the catalog of readers' pages, and of what the house says to readers wherever it stands


@dataclass(frozen=True)
class Language:
    code: str  # as rows keep it, and catalogs are called
    locale: Locale
    name: str  # as its own people write it
    in_english: str

    @property
    def tag(self) -> str:
        """For `lang`, as BCP 47 has it."""
        return str(self.locale).replace("_", "-")

    @property
    def place(self) -> str:
        """With the country where most speak it, as Open Graph has it: it_IT."""
        likely = get_global("likely_subtags").get(self.code, "").rpartition("_")[2]
        return f"{self.locale.language}_{self.locale.territory or likely}"

    @property
    def direction(self) -> str:
        """For `dir`."""
        return self.locale.text_direction


class Said(str):
    """An English sentence that knows what was filled in, so that it can be said in another language too."""

    __slots__ = ("values", "words")
    words: str
    values: dict[str, Any]

    def __new__(cls, words: str, **values: Any) -> "Said":
        said = super().__new__(cls, words % values if values else words)
        said.words, said.values = words, values
        return said


@functools.cache
def known() -> tuple[Language, ...]:
    """English first, the others by their names."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/LC_MESSAGES") if path.is_dir())
    others = sorted(map(made, found), key=lambda language: language.name)
    return (made(ENGLISH), *others)


@functools.cache
def codes() -> tuple[str, ...]:
    return tuple(language.code for language in known())


def made(code: str) -> Language:
    """The language of that code, whether or not it has a catalog. Raises babel.UnknownLocaleError."""
    locale = Locale.parse(OF_ENGLISH if code == ENGLISH else code)
    alone = Locale.parse(code)
    name = alone.get_language_name(alone) or code
    return Language(code, locale, name[:1].upper() + name[1:], alone.english_name or code)


def named(code: str) -> Language:
    """The language a row names; English for one whose catalog is gone."""
    return next((language for language in known() if language.code == code), known()[0])


def read(typed: str) -> str:
    """The code of the language that somebody wrote: its code, with a country or not, or its name in one of those we
    speak; '' for one that we do not.
    """
    first = re.split(r"[-_ (/,;]", typed.strip(), maxsplit=1)[0]
    return _written().get(_plain(typed)) or _written().get(_plain(first), "")


@functools.cache
def _written() -> dict[str, str]:
    """What each may be called in a file."""
    aliases = get_global("language_aliases")  # of three letters: ita
    found = {alias: code for alias, code in aliases.items() if code in codes()}
    for language in known():
        found[language.code] = language.code
        for other in known():
            found[_plain(language.locale.get_language_name(other.locale) or language.code)] = language.code
    return found


def _plain(word: str) -> str:
    """Without case and accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word.casefold()) if sign.isalnum())


def of_country(country: str) -> str:
    """The code of what is spoken in a country (ISO 3166), as far as we speak it; else English."""
    official = get_official_languages(country, de_facto=True)
    return next((code for code in official if code in codes()), ENGLISH)


@functools.cache
def catalog(code: str, domain: str = PAGES) -> NullTranslations:
    """The translations of a language, by `gettext` and `ngettext`; what English was given comes back as it is."""
    return Translations.load(str(FOLDER), [named(code).code], domain)


def say(said: str, code: str) -> str:
    """What a domain function said, in another language."""
    if not isinstance(said, Said):
        return said
    words = str(catalog(code).gettext(said.words))
    return words % said.values if said.values else words


def day(at: datetime, code: str, zone: ZoneInfo) -> str:
    """The day of it where `zone` is: 28 November 2026."""
    return str(dates.format_date(_local(at, zone), "long", locale=named(code).locale))


def day_of_year(at: datetime, code: str, zone: ZoneInfo) -> str:
    """The same without its year: 28 November."""
    return str(dates.format_skeleton("MMMMd", _local(at, zone), locale=named(code).locale))


def colon(code: str) -> str:
    """A colon as it stands after a word: French keeps a space before it, where no line may break."""
    return f"{NO_BREAK}:" if named(code).code == SPACED else ":"


def _local(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
