"""A PDF that an owner wants to give to readers: whether it is one, and whether it would do more than be read."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

LARGEST = 5 * 1024 * 1024
MOST_OBJECTS = 50_000
TOO_LARGE = "This file is larger than 5 MB, which is a lot on a telephone. Please export it with smaller pictures."
NO_PDF = "This is not a PDF. In most programs it is “Export” or “Save as”, and then PDF."
BROKEN = "This PDF cannot be read: it may be damaged. Please export it afresh."
LOCKED = "This PDF is locked with a password, and readers would not have it. Please export it without one."
ACTIVE = "This PDF holds {}, which readers’ programs warn of. Please export it as plain pages."

# What a page to be read has no need of (ISO 32000-2, 12.6.4 and 12.5.6): by the key that holds it,
KEYS = {
    "/JavaScript": "a script",
    "/JS": "a script",
    "/XFA": "an active form",
    "/EmbeddedFiles": "other files",
    "/RichMedia": "moving pictures",
    "/RichMediaContent": "moving pictures",
}
# and by what is to be done (/S) or what it is (/Subtype).
KINDS = {
    "/JavaScript": "a script",
    "/Launch": "a way to start a program",
    "/SubmitForm": "a form that sends what is typed",
    "/ImportData": "a form that reads a file",
    "/Rendition": "moving pictures",
    "/RichMediaExecute": "moving pictures",
    "/GoToE": "other files",
    "/FileAttachment": "other files",
    "/RichMedia": "moving pictures",
    "/Movie": "moving pictures",
    "/Screen": "moving pictures",
    "/3D": "moving pictures",
}


class PdfError(Exception):
    """It is not taken; str() says why, and how to mend it."""


@dataclass(frozen=True)
class Looked:
    pages: int
    title: str


def look(data: bytes) -> Looked:
    """How many pages it has. Raises PdfError for what is no PDF, is locked, or would do more than be read."""
    if len(data) > LARGEST:
        raise PdfError(TOO_LARGE)
    if not data.startswith(b"%PDF-"):
        raise PdfError(NO_PDF)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise PdfError(LOCKED)
        found = next(_active(reader), "")
        pages, title = len(reader.pages), str((reader.metadata and reader.metadata.title) or "")
    except PdfError:
        raise
    except Exception as error:  # whatever a damaged file makes a reader stumble over
        raise PdfError(BROKEN) from error
    if found:
        raise PdfError(ACTIVE.format(found))
    if not pages:
        raise PdfError(BROKEN)
    return Looked(pages, title[:200])


def pages(data: bytes) -> int:
    """How many pages a PDF of our own making has."""
    return len(PdfReader(io.BytesIO(data)).pages)


def _active(reader: PdfReader) -> Iterator[str]:
    """What is in it that would do something, in all its objects, those that no page leads to as well."""
    numbers = {(number, generation) for generation, those in reader.xref.items() for number in those}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MOST_OBJECTS:
        raise PdfError(BROKEN)
    yield from _in(reader.trailer)
    for number, generation in sorted(numbers):
        if number:
            yield from _in(reader.get_object(IndirectObject(number, generation, reader)))


def _in(thing: Any) -> Iterator[str]:
    """What it holds itself; what it points to is an object of its own."""
    if isinstance(thing, DictionaryObject):
        yield from (KEYS[key] for key in thing if key in KEYS)
        for key in ("/S", "/Subtype"):
            kind = thing.raw_get(key).get_object() if key in thing else None  # it may be an object of its own
            if isinstance(kind, str) and kind in KINDS:
                yield KINDS[kind]
        parts = [thing.raw_get(key) for key in thing]
    else:
        parts = list(thing) if isinstance(thing, ArrayObject) else []
    for part in parts:
        if isinstance(part, DictionaryObject | ArrayObject):
            yield from _in(part)
