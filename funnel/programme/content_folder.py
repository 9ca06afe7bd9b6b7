"""A folder of content files, read and checked whole: posts/*.md, forms/*.md, courses/<course>/course.md and its mails.

A mail's file is named by its place and its slug, as in 03-stretches.md. The slug is what it is known by: another number
moves it, another slug makes it another mail. What it says in another language lies beside it, as 03-stretches.it.md.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from funnel import languages
from funnel.languages import ENGLISH
from funnel.models.content import StepKind
from funnel.programme import content_fields, front_matter, post_words, prose
from funnel.programme.content_fields import Reader
from funnel.programme.front_matter import Document
from funnel.programme.merge import Problem

COURSE_FILE = "course.md"
Found = TypeVar("Found")
_STEP_FILE = re.compile(r"(\d+)-([a-z0-9]+(?:-[a-z0-9]+)*)(?:\.([a-z]{2,3}))?\.md")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong. Line 0: with the file as a whole."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


@dataclass(frozen=True)
class Sheet:
    """One file that may be loaded: its fields as ours, and its Markdown."""

    slug: str
    values: Mapping[str, Any]
    body: str
    document: Document
    translations: tuple["Sheet", ...] = ()  # of a mail


@dataclass(frozen=True)
class Course:
    sheet: Sheet
    steps: list[Sheet]


@dataclass
class Content:
    posts: list[Sheet] = field(default_factory=list)
    forms: list[Sheet] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(folder: Path) -> Content:
    """All that the folder holds. While anything stands in `faults`, in whatever file, nothing of it may be loaded."""
    return _Folder(folder).content()


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.slugs: dict[tuple[str, str], Path] = {}  # of what kind, and which; known even where the file is faulty

    def content(self) -> Content:
        posts = [self.post(path) for path in sorted(self.folder.glob("posts/*.md"))]
        courses = [self.course(path) for path in sorted(self.folder.glob("courses/*")) if path.is_dir()]
        forms = [self.form(path) for path in sorted(self.folder.glob("forms/*.md"))]
        if not (posts or courses or forms):
            self.fault(self.folder, 0, "There is nothing in it: no posts, no forms and no courses.")
        return Content(_whole(posts), _whole(forms), _whole(courses), sorted(self.faults))

    def fault(self, path: Path, line: int, text: str) -> None:
        self.faults.append(Fault(path, line, text))

    def post(self, path: Path) -> Sheet | None:
        document = self.document(path)
        if not document:
            return None
        self.says_something(document, document.body.replace(prose.FORM_PLACE, ""))
        language = post_words.spoken(document.fields)
        self.problems(path, prose.check_post(document.body, document.body_line, language))
        return self.sheet(document, content_fields.POST, "post", language)

    def form(self, path: Path) -> Sheet | None:
        document = self.document(path)
        if not document:
            return None
        self.no_body(document)
        for kind, name in (("post", "post"), ("course", "course")):
            slug = document.fields.get(name)
            if isinstance(slug, str) and (kind, slug) not in self.slugs:
                self.fault(path, document.lines[name], f"There is no {kind} “{slug}” in this folder.")
        language = languages.named(str(document.fields.get("language", ""))).code
        return self.sheet(document, content_fields.FORM, "form", language)

    def course(self, folder: Path) -> Course | None:
        path = folder / COURSE_FILE
        if not path.exists():
            self.fault(path, 0, "It is missing: it tells the course's slug, title, state, window and weekends.")
        document = self.document(path) if path.exists() else None
        if document:
            self.no_body(document)
        sheet = self.sheet(document, content_fields.COURSE, "course") if document else None
        steps = self.steps(folder)
        return Course(sheet, steps) if sheet else None

    def steps(self, folder: Path) -> list[Sheet]:
        numbered: list[tuple[int, str, Path]] = []
        translated: list[tuple[str, str, Path]] = []
        for path in sorted(folder.glob("*.md")):
            match = _STEP_FILE.fullmatch(path.name)
            if match and match[3]:
                translated.append((match[2], match[3], path))
            elif match:
                numbered.append((int(match[1]), match[2], path))
            elif path.name != COURSE_FILE:
                self.fault(path, 0, "Name it by its place and slug in small letters, as in 03-stretches.md.")
        if not numbered:
            self.fault(folder, 0, "This course has no mails.")
        sheets = [self.step(path, slug) for _, slug, path in sorted(numbered)]
        self.in_order(sheets)
        others = [(slug, self.translation(path, slug, code, numbered)) for slug, code, path in translated]
        return [
            replace(sheet, translations=tuple(_whole(it for of, it in others if of == sheet.slug)))
            for sheet in _whole(sheets)
        ]

    def translation(self, path: Path, slug: str, code: str, numbered: list[tuple[int, str, Path]]) -> Sheet | None:
        document = self.document(path)
        if not document:
            return None
        if slug not in {name for _, name, _ in numbered}:
            self.fault(path, 0, f"There is no mail “{slug}” here of which it could be the translation.")
        if code == ENGLISH:
            self.fault(path, 0, "The mail without a language in its name is the English one.")
        self.known_once(path, 0, f"mail of {path.parent.name} in “{code}”", slug)
        self.prose(document, document.body, prose.STEP_TAGS, code)
        sheet = self.sheet(document, content_fields.TRANSLATION, language=code)
        if sheet and sheet.values["language"] != code:
            said = sheet.values["language"]
            self.fault(path, document.lines["language"], f"It says “{said}”, and the name of its file “{code}”.")
        return sheet

    def step(self, path: Path, slug: str) -> Sheet | None:
        document = self.document(path)
        if not document:
            return None
        self.prose(document, document.body, prose.STEP_TAGS)
        self.known_once(path, 0, f"mail of {path.parent.name}", slug)
        sheet = self.sheet(document, content_fields.STEP)
        return sheet and replace(sheet, slug=slug)

    def in_order(self, sheets: list[Sheet | None]) -> None:
        before = -1
        for place, sheet in enumerate(sheets):
            if not sheet:
                continue
            day, path, lines = sheet.values["day"], sheet.document.path, sheet.document.lines
            if place == 0 and day != 0:
                self.fault(path, lines["day"], f"The first mail leaves on day 0, not on day {day}.")
            if day <= before:
                self.fault(path, lines["day"], f"Day {day} is not after day {before}, that of the mail before it.")
            if (place == 0) != (sheet.values["kind"] == StepKind.WELCOME):
                self.fault(path, lines["kind"], "The first mail of a course is its welcome, and no other is.")
            before = max(before, day)

    def document(self, path: Path) -> Document | None:
        try:
            return front_matter.read(path)
        except front_matter.Unreadable as error:
            self.problems(path, [error.problem])
        except OSError as error:
            self.fault(path, 0, f"It cannot be read: {error.strerror}.")
        return None

    def sheet(
        self, document: Document, readers: Mapping[str, Reader], kind: str = "", language: str = ENGLISH
    ) -> Sheet | None:
        """The fields as ours, or None where any of them is refused."""
        values, problems = content_fields.values(document, readers, language)
        self.problems(document.path, problems)
        slug = values.get("slug", "")
        if kind and slug:
            self.known_once(document.path, document.lines["slug"], kind, slug)
        return None if problems else Sheet(slug, values, document.body, document)

    def known_once(self, path: Path, line: int, kind: str, slug: str) -> None:
        first = self.slugs.setdefault((kind, slug), path)
        if first != path:
            self.fault(path, line, f"There is another {kind} called “{slug}”: {first}.")

    def prose(self, document: Document, body: str, tags: Collection[str], language: str = ENGLISH) -> None:
        self.says_something(document, body)
        self.problems(document.path, prose.check(body, tags, document.body_line, language))

    def says_something(self, document: Document, body: str) -> None:
        if not body.strip():
            self.fault(document.path, document.body_line, "It says nothing below its fields.")

    def no_body(self, document: Document) -> None:
        if document.body.strip():
            self.fault(document.path, document.body_line, "Nothing is read from here on: this file has only fields.")

    def problems(self, path: Path, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.fault(path, problem.line, problem.text)


def _whole(found: Iterable[Found | None]) -> list[Found]:
    return [one for one in found if one]
