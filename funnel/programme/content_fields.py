"""What each field of a content file may hold.

A reader takes the YAML value and returns ours. Its ValueError goes on from the field's name, and says the mend.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from funnel import languages
from funnel.languages import ENGLISH
from funnel.models.content import SequenceState, StepKind
from funnel.programme import colour, merge, prose, thanks
from funnel.programme.front_matter import Document
from funnel.programme.merge import Problem

LONGEST_SUBJECT = 80  # signs; phones show half of it
PREHEADER_SIGNS = range(40, 91)
LONGEST_LINE = 500
LONGEST_SLUG = 80  # as long as the source of a sign-up may be, which a post's slug is
LAST_DAY = 365
MINUTES_OF_A_DAY = 24 * 60
TAGGED = ("subject", "preheader")  # the fields whose merge tags are filled in
QUOTED = '"07:00–10:00", in quotes'
OPTIONAL = ("post", "thanks_url", "accent", "language")

_BREAKS_A_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\\?")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WINDOW = re.compile(r"(\d\d):(\d\d)\s*[–-]\s*(\d\d):(\d\d)")

Reader = Callable[[Any], Any]
Word = TypeVar("Word", bound=StrEnum)


def values(
    document: Document, readers: Mapping[str, Reader], language: str = ENGLISH
) -> tuple[dict[str, Any], list[Problem]]:
    """The document's fields as ours, as far as they are good, and all that is wrong with them."""
    found: dict[str, Any] = {}
    problems = list(_names(document, readers))
    for name in readers.keys() & document.fields.keys():
        read, wrong = value(name, document.fields[name], readers[name], document.lines[name], language)
        problems += wrong
        if read is not None:
            found[name] = read
    return found, problems


def value(
    name: str, given: Any, reader: Reader, at: int = 1, language: str = ENGLISH, called: str = ""
) -> tuple[Any, list[Problem]]:
    """One field as ours, None where it is refused, and all that is wrong with it. `at`: its line.

    `called`: how what is wrong begins, where the field stands under a label of its own; in a file it is named.
    """
    found, problems = None, []
    try:
        found = reader(given)
    except ValueError as error:
        problems.append(Problem(at, f"{called or f'“{name}”'} {error}."))
    if isinstance(given, str):
        problems += prose.check(given, prose.STEP_TAGS if name in TAGGED else (), at, language)
    return found, problems


def _names(document: Document, readers: Mapping[str, Reader]) -> Iterator[Problem]:
    for name, at in document.lines.items():
        if name not in readers:
            near = difflib.get_close_matches(name, readers, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"The fields are: {', '.join(readers)}."
            yield Problem(at, f"“{name}” is not a field of this file. {hint}")
    for name in readers:
        if name not in document.lines and name not in OPTIONAL:
            yield Problem(1, f"“{name}” is missing.")


def line(value: Any) -> str:
    """One line of text, safe in a mail header."""
    if not isinstance(value, str):
        raise ValueError("must be text. Put it into quotes")
    text = value.strip()
    if not text:
        raise ValueError("is empty")
    if len(text) > LONGEST_LINE:
        raise ValueError(f"is longer than {LONGEST_LINE} signs")
    if _BREAKS_A_HEADER.search(text):
        raise ValueError("holds a line break, a control sign or the signs =?. Use plain words on one line")
    return text


def subject(value: Any) -> str:
    text = line(value)
    if (length := len(merge.shown(text))) > LONGEST_SUBJECT:
        raise ValueError(f"has {length} signs; {LONGEST_SUBJECT} is the most")
    return text


def preheader(value: Any) -> str:
    text = line(value)
    if (length := len(merge.shown(text))) not in PREHEADER_SIGNS:
        raise ValueError(f"has {length} signs; it needs {PREHEADER_SIGNS[0]} to {PREHEADER_SIGNS[-1]}")
    return text


def slug(value: Any) -> str:
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise ValueError("must be small letters, digits and single hyphens, such as back-care")
    if len(value) > LONGEST_SLUG:
        raise ValueError(f"is longer than {LONGEST_SLUG} signs")
    return value


def a_day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a day, such as 2026-03-31")
    return value


def whole_day(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LAST_DAY:
        raise ValueError(f"must be a whole number of days from 0 to {LAST_DAY}")
    return value


def window(value: Any) -> tuple[int, int]:
    """Minutes after midnight: from, to."""
    match = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"must be two times of day, such as {'07:00–10:00' if isinstance(value, str) else QUOTED}")
    hours, minutes, until_hours, until_minutes = map(int, match.groups())
    start, end = hours * 60 + minutes, until_hours * 60 + until_minutes
    if max(minutes, until_minutes) > 59 or not start < end <= MINUTES_OF_A_DAY:
        raise ValueError("must begin before it ends, within one day")
    return start, end


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes")
    return value


def language(value: Any) -> str:
    """The code of a language that there are mails in."""
    if value not in languages.codes():
        raise ValueError(f"must be one of: {', '.join(languages.codes())}")
    return str(value)


def language_or_english(value: Any) -> str:
    """The same; nothing is English."""
    return language(value) if value else ENGLISH


def language_or_none(value: Any) -> str:
    """The same; nothing is that of the practice."""
    return language(value) if value else ""


def state(value: Any) -> SequenceState:
    return _one_of(value, SequenceState)


def kind(value: Any) -> StepKind:
    return _one_of(value, StepKind)


def sources(value: Any) -> list[dict[str, str]]:
    """Each with its name, detail and url; a doi becomes its address, and what has none gets an empty one."""
    if not isinstance(value, list):
        raise ValueError("must be a list: each with a name, a detail and, where there is one, a url or a doi")
    found = []
    for place, entry in enumerate(value, start=1):
        try:
            found.append(_source(entry))
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return found


def _source(entry: Any) -> dict[str, str]:
    if not isinstance(entry, Mapping) or not {"name", "detail"} <= set(entry) <= {"name", "detail", "url", "doi"}:
        raise ValueError("it needs name and detail, may have url or doi, and nothing else")
    doi, url = entry.get("doi"), entry.get("url", "")
    if doi is not None:
        url = f"https://doi.org/{line(doi)}"
    if url and not (isinstance(url, str) and re.fullmatch(r"https://\S+", url)):
        raise ValueError("its url must begin with https://")
    return {"name": line(entry["name"]), "detail": line(entry["detail"]), "url": url or ""}


def _one_of(value: Any, words: type[Word]) -> Word:
    try:
        return words(value)
    except ValueError:
        raise ValueError(f"must be one of: {', '.join(words)}") from None


POST: Mapping[str, Reader] = {
    "title": line,
    "slug": slug,
    "summary": line,
    "published": a_day,
    "language": language_or_none,
    "sources": sources,
}
FORM: Mapping[str, Reader] = {
    "slug": slug,
    "title": line,
    "promise": line,
    "rhythm": line,
    "leaving": line,
    "button": line,
    "wording": line,
    "language": language_or_english,
    "thanks_url": thanks.url,
    "accent": colour.accent,
    "post": slug,
    "course": slug,
}
COURSE: Mapping[str, Reader] = {
    "slug": slug,
    "title": line,
    "state": state,
    "window": window,
    "weekends": yes_or_no,
}
TRANSLATION: Mapping[str, Reader] = {
    "language": language,
    "subject": subject,
    "preheader": preheader,
}
STEP: Mapping[str, Reader] = {
    "subject": subject,
    "preheader": preheader,
    "day": whole_day,
    "kind": kind,
    "sources": sources,
}
