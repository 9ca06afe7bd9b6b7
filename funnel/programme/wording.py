"""A mail's words as its editor types them, and as the course takes them: the same checks as a file's."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from funnel.languages import ENGLISH
from funnel.models.content import Step
from funnel.programme import content_fields, prose
from funnel.programme.content_fields import STEP, Reader

FIELDS = ("subject", "preheader", "body", "kind", "sources")  # what a revision holds
TYPED = (*FIELDS, "day")  # what the editor has; a day is kept by the course, and moved with a look at who waits
BODY, DAY, SOURCES, PUBLISHED = "body", "day", "sources", "published"
BETWEEN = " | "  # the parts of a source
IT = "It"  # a field that stands under its label
NO_SOURCE = "A source needs its name and what it says, with | between them: NICE NG59 | Low back pain | https://…"
LONGEST = 200_000  # signs of a field
LONGEST_SLUG = 40


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field, and how to mend it. `line` counts within the field; 0: the field as a whole."""

    field: str
    line: int
    text: str


def typed(step: Step) -> dict[str, str]:
    """The words in force, as its editor shows them."""
    return of_row(step, FIELDS) | {DAY: str(step.day)}


def of_row(row: object, fields: Sequence[str]) -> dict[str, str]:
    """The words of a row of any kind, as they would be typed."""
    return of_values({name: getattr(row, name) for name in fields}, fields)


def of_values(values: Mapping[str, Any], fields: Sequence[str] = FIELDS) -> dict[str, str]:
    """The words of a step's columns or of a file, as they would be typed; with `fields` of something else."""
    content = {name: str(values[name]) for name in fields if name != SOURCES}
    return content | ({SOURCES: "\n".join(map(source_line, values[SOURCES]))} if SOURCES in fields else {})


def said(content: Mapping[str, str]) -> dict[str, str]:
    """Of what was typed, what a revision holds."""
    return {name: content.get(name, "") for name in FIELDS}


def cleaned(fields: Mapping[str, str], names: Sequence[str] = TYPED) -> dict[str, str]:
    """What a browser sent, with plain line ends, nothing the database cannot hold, and no more than LONGEST a field."""
    return {
        name: fields.get(name, "")[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        for name in names
    }


def read(
    content: Mapping[str, str],
    readers: Mapping[str, Reader] = STEP,
    order: Sequence[str] = TYPED,
    language: str = ENGLISH,
) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed of a mail, as far as they are good, and all that is wrong, in the order given."""
    values, faults = columns(content, readers, language)
    body = content.get(BODY, "")
    values[BODY] = body.strip("\n") + "\n"
    if not body.strip():
        faults.append(Fault(BODY, 0, "The mail says nothing yet."))
    faults += [Fault(BODY, found.line, found.text) for found in prose.check(body, prose.STEP_TAGS, 1, language)]
    return values, sorted(faults, key=lambda fault: (order.index(fault.field), fault.line))


def columns(
    content: Mapping[str, str], readers: Mapping[str, Reader], language: str = ENGLISH
) -> tuple[dict[str, Any], list[Fault]]:
    """What these readers of content_fields make of what was typed, and what they refuse."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, reader in readers.items():
        if name == SOURCES and (wrong := list(_wrong_sources(content.get(name, "")))):
            faults += wrong
            continue
        value, problems = content_fields.value(name, _raw(name, content.get(name, "")), reader, 1, language, IT)
        values |= {} if value is None else {name: value}
        faults += [Fault(name, 0, problem.text) for problem in problems]
    return values, faults


def slug(title: str, otherwise: str) -> str:
    """What a noun with this title may be called in an address; `otherwise` when no letter of it can stand there."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or otherwise


def _raw(name: str, text: str) -> Any:
    """The text of a field as a file's YAML would give it."""
    if name == DAY:
        return int(text) if text.strip().isdecimal() and len(text) < 9 else text
    if name == SOURCES:
        return sources(text)
    if name == PUBLISHED:
        return _day(text)
    return text


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text


def sources(text: str) -> list[dict[str, str]]:
    """The sources that were typed, a line each, as a file's YAML would give them."""
    return [_source(line) for line in text.splitlines() if line.strip()]


def _wrong_sources(text: str) -> Iterator[Fault]:
    """What is wrong with each line of them, for who types them with bars and knows no fields of a file."""
    for number, line in enumerate(text.splitlines(), start=1):
        parts = [part.strip() for part in line.split("|", 2)]
        if not line.strip():
            continue
        if len(parts) < 2 or not all(parts[:2]):
            yield Fault(SOURCES, number, NO_SOURCE)
        elif not re.fullmatch(r"(https://\S+)?", "".join(parts[2:])):
            yield Fault(SOURCES, number, "Its address must begin with https://, and have no space in it.")
        elif problem := content_fields.value(SOURCES, [_source(line)], content_fields.sources, 1, ENGLISH, IT)[1]:
            yield Fault(SOURCES, number, problem[0].text.replace(f"{IT} 1: ", f"{IT} "))


def source_line(source: Mapping[str, str]) -> str:
    return BETWEEN.join(part for part in (source["name"], source["detail"], source["url"]) if part)


def _source(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|", 2)]
    return dict(zip(("name", "detail", "url"), parts, strict=False))
