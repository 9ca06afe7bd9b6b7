"""The content files in the database. Loading twice changes nothing; what is wrong in any file keeps all of them out.

What an owner edited on a page stays as it is there; what its file says is kept beside it (file_copies.py).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Post, Sequence, SequenceState, Step
from funnel.models.editing import Kind
from funnel.models.people import Form
from funnel.programme import (
    content_folder,
    file_copies,
    form_words,
    post_words,
    posts,
    revisions,
    saying,
    translation_files,
    wording,
)
from funnel.programme.content_folder import Course, Fault, Sheet

FOLDER = Path(__file__).parents[1] / "content"

Noun = TypeVar("Noun", Post, Form, Sequence, Step)


class ContentError(Exception):
    """Nothing was loaded. `faults` holds what is wrong in all files; str() is a line for each, `file:line: text`."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
        self.path, self.line, self.text = faults[0].path, faults[0].line, faults[0].text


@dataclass(frozen=True)
class Loaded:
    posts: int
    forms: int
    courses: int
    mails: int
    added: int
    changed: int
    retired: int
    kept: int

    def __str__(self) -> str:
        kept = f" {self.kept} stay as they were edited here." if self.kept else ""
        return (
            f"Posts {self.posts}, forms {self.forms}, courses {self.courses}, mails {self.mails}: "
            f"{self.added} new, {self.changed} changed, {self.retired} retired.{kept}"
        )


def load(session: Session, folder: Path, now: datetime) -> Loaded:
    """Brings the folder's posts, forms and courses into the database. Raises ContentError naming every file and line.

    A mail has another revision when its words change. One whose file is gone is retired; posts, forms and courses
    stay, for people came by them, and so does whatever was made or edited on a page.
    """
    content = content_folder.read(folder)
    if content.faults:
        raise ContentError(content.faults)
    tally: Counter[str] = Counter()
    known = {sheet.slug: _post(session, sheet, now, tally).id for sheet in content.posts}
    courses = {course.sheet.slug: _course(session, course, now, tally).id for course in content.courses}
    for sheet in content.forms:
        _form(session, sheet, known, courses, now, tally)
    return Loaded(
        posts=len(known),
        forms=len(content.forms),
        courses=len(courses),
        mails=sum(len(course.steps) for course in content.courses),
        added=tally["added"],
        changed=tally["changed"],
        retired=tally["retired"],
        kept=tally["kept"],
    )


def _post(session: Session, sheet: Sheet, now: datetime, tally: Counter[str]) -> Post:
    values = {post_words.LANGUAGE: ""} | dict(sheet.values) | {"body": sheet.body}
    values["published_at"] = post_words.noon(values.pop("published"))
    known = posts.by_slug(session, values.pop("slug"))
    post = known or Post(slug=sheet.slug, updated_at=now)
    if known is None:
        _keep(session, post, values, tally)
    before = post_words.typed(post)
    _follow(session, Kind.POST, post, values, before, post_words.of_values(values), known is None, now, tally)
    return post


def _form(
    session: Session, sheet: Sheet, known: dict[str, int], courses: dict[str, int], now: datetime, tally: Counter[str]
) -> None:
    values = dict(form_words.CHOSEN) | dict(sheet.values)
    values["sequence_id"] = courses[values.pop("course")]
    values["post_id"] = known.get(values.pop("post", ""))
    there = session.scalar(select(Form).where(Form.slug == values.pop("slug")))
    form = there or Form(slug=sheet.slug, created_at=now)
    if there is None:
        _keep(session, form, values, tally)
    before, content = form_words.typed(session, form), form_words.of_values(session, values)
    _follow(session, Kind.FORM, form, values, before, content, there is None, now, tally)


def _follow(
    session: Session,
    kind: Kind,
    row: Post | Form,
    values: dict[str, Any],
    before: dict[str, str],
    content: dict[str, str],
    is_new: bool,
    now: datetime,
    tally: Counter[str],
) -> None:
    """Says what the file says now, unless it was edited here."""
    copy = file_copies.heard(session, kind, row.id, content, now, is_new=is_new)
    if is_new:
        saying.begun(session, kind, row, content, owner_id=None, now=now)
    elif not copy.followed:
        tally["kept"] += 1
    elif content != before:
        saying.say(
            session, kind, row, values, before=before, after=content, owner_id=None, why=saying.FROM_FILE, now=now
        )
        tally["changed"] += 1


def _course(session: Session, course: Course, now: datetime, tally: Counter[str]) -> Sequence:
    values = dict(course.sheet.values)
    values["window_start"], values["window_end"] = values.pop("window")
    found = session.scalar(select(Sequence).where(Sequence.slug == course.sheet.slug))
    sequence = found or Sequence(created_at=now)
    if found is None:
        _keep(session, sequence, values, tally)
    content = {name: str(value) for name, value in values.items()}
    copy = file_copies.heard(session, Kind.COURSE, sequence.id, content, now, is_new=found is None)
    if copy.followed:
        _keep(session, sequence, values, tally)
    else:
        tally["kept"] += 1
    known = {step.slug: step for step in session.scalars(select(Step).where(Step.sequence_id == sequence.id))}
    for mail in course.steps:
        fresh = Step(sequence_id=sequence.id, slug=mail.slug, revision=0, updated_at=now)
        step = known.pop(mail.slug, fresh)
        _step(session, step, mail, now, tally)
        translation_files.load(session, step, mail.translations, now, tally)
    _retire(session, known.values(), now, tally)
    session.flush()
    return sequence


def _retire(session: Session, steps: Iterable[Step], now: datetime, tally: Counter[str]) -> None:
    """Those whose file is gone, and nobody edited; the others no longer have a file."""
    followed = file_copies.followers(session, Kind.STEP)
    for step in steps:
        if not followed.get(step.id, False):
            file_copies.forget(session, Kind.STEP, step.id)
        elif step.state != SequenceState.RETIRED:
            step.state, step.updated_at = SequenceState.RETIRED, now
            tally["retired"] += 1


def _step(session: Session, step: Step, sheet: Sheet, now: datetime, tally: Counter[str]) -> None:
    values = dict(sheet.values) | {"body": sheet.body, "state": SequenceState.LIVE}
    content = wording.of_values(values)
    is_new = step.id is None
    said = is_new or content != wording.said(wording.typed(step))
    if is_new:
        _keep(session, step, values, tally)
    on_file = content | {wording.DAY: str(values["day"])}
    copy = file_copies.heard(session, Kind.STEP, step.id, on_file, now, is_new=is_new)
    if not copy.followed:
        tally["kept"] += 1
        return
    if said:
        made = revisions.add(session, Kind.STEP, step.id, content, owner_id=None, why=saying.FROM_FILE, now=now)
        step.revision = made.number
    if _keep(session, step, values, tally):
        step.updated_at = now


def _keep(session: Session, row: Noun, values: dict[str, Any], tally: Counter[str]) -> bool:
    """Gives the row these values and an id; whether anything changed."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if row.id is None:
        session.add(row)
        tally["added"] += 1
    elif changed:
        tally["changed"] += 1
    session.flush()
    return bool(changed)
