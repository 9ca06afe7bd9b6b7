"""The files that hold what Funnel's own mails say: first written in English, and a folder beside it for each language.

What is said to owners is there in English alone.
"""

import functools
from pathlib import Path

from funnel import languages
from funnel.programme import front_matter

FOLDER = Path(__file__).parents[2] / "templates" / "emails"
# The fields of short/lines.md.
NOBODY, REHEARSAL, WEB_VERSION, ASKED_AS, ASKED = LINES = ("nobody", "rehearsal", "web_version", "asked_as", "asked")


def path(name: str, language: str) -> Path:
    """The file `name` (with its folder, if any) in that language; the English one where there is none."""
    own = FOLDER / language / name
    return own if language in languages.codes() and own.exists() else FOLDER / name


@functools.cache
def line(name: str, language: str) -> str:
    """One of LINES: what is too short for a file of its own."""
    return str(front_matter.read(path("short/lines.md", language)).fields[name])
