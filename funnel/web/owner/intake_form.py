"""The form in which the owner says what a file holds and how its people agreed, as it is shown and as it was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.audience import headings, tags
from funnel.audience.headings import Column
from funnel.audience.intake import Known, Plan, Way
from funnel.config import settings
from funnel.db import utc_now
from funnel.models.content import Sequence as Course
from funnel.models.content import SequenceState
from funnel.models.imports import Import
from funnel.models.people import Form
from funnel.web import spoken

MOST_COLUMNS = 200
MOST_SAMPLES = 3
LONGEST_SAMPLE = 40
LONGEST_HOW = 300
LONGEST_NUMBER = 19
COLUMN_WORDS = {
    Column.ADDRESS: "Mail address",
    Column.FIRST_NAME: "First name",
    Column.FULL_NAME: "Full name (its first word is kept)",
    Column.AGREED: "Day they agreed (2026-03-31)",
    Column.AGREED_DAY_FIRST: "Day they agreed, day first (31/03/2026)",
    Column.AGREED_MONTH_FIRST: "Day they agreed, month first (03/31/2026)",
    Column.STANDING: "Subscribed or not",
    Column.DISABLED: "Takes no mail (yes or no)",
    Column.TIME_ZONE: "Time zone (Europe/Rome)",
    Column.LANGUAGE: "Language of their mails (it, Italian)",
    Column.SOURCE: "What they came by",
    Column.TAGS: "Tags (with commas between them)",
}


@dataclass(frozen=True)
class Named:
    """A column of the file: what it is called there, some of what stands in it, and what it is said to hold."""

    place: int
    name: str
    samples: list[str]
    holds: str


@dataclass(frozen=True)
class IntakeForm:
    fields: dict[str, str]
    columns: list[Named]

    @classmethod
    def of(cls, found: Import, rows: Sequence[Sequence[str]]) -> "IntakeForm":
        """As it is shown first: guessed, or as it was said before."""
        if not found.plan:
            headed = headings.has_headings(rows)
            held = {f"column-{place}": column or "" for place, column in enumerate(headings.guessed(rows))}
            return cls._made(
                {
                    "headed": "1" * headed,
                    "way": Way.AGREED,
                    "known": Known.NOTHING,
                    "language": spoken.practice(),
                    **held,
                },
                rows,
            )
        plan = Plan.read(found.plan)
        held = {f"column-{place}": column or "" for place, column in enumerate(plan.columns)}
        told = {
            "headed": "1" * plan.headed, "way": plan.way, "how": plan.how, "known": plan.known,
            "agreed_on": plan.agreed_on.isoformat() if plan.agreed_on else "", "tags": ", ".join(plan.tags),
            "form": str(plan.form_id or ""), "course": str(plan.sequence_id or ""),
            "language": plan.spoken,
        }  # fmt: skip
        return cls._made({**told, **held}, rows)

    @classmethod
    def typed(cls, fields: Mapping[str, str], rows: Sequence[Sequence[str]]) -> "IntakeForm":
        """As it was sent."""
        return cls._made({name: " ".join(fields[name].split()) for name in fields}, rows)

    @classmethod
    def _made(cls, fields: dict[str, str], rows: Sequence[Sequence[str]]) -> "IntakeForm":
        headed = bool(fields.get("headed"))
        width = min(max((len(row) for row in rows), default=0), MOST_COLUMNS)
        named = []
        for place in range(width):
            name = rows[0][place].strip() if headed and place < len(rows[0]) else ""
            cells = [row[place].strip() for row in rows[headed:] if len(row) > place and row[place].strip()]
            samples = [cell[:LONGEST_SAMPLE] for cell in dict.fromkeys(cells)][:MOST_SAMPLES]
            named.append(Named(place, name or f"Column {place + 1}", samples, fields.get(f"column-{place}", "")))
        return cls(fields, named)

    def plan(self) -> Plan:
        """What it says. A field that was not one of ours says nothing."""
        return Plan(
            columns=tuple(_one_of(Column, column.holds) for column in self.columns),
            headed=bool(self.fields.get("headed")),
            way=_one_of(Way, self.fields.get("way", "")) or Way.AGREED,
            how=self.fields.get("how", "")[:LONGEST_HOW],
            agreed_on=_day(self.fields.get("agreed_on", "")),
            known=_one_of(Known, self.fields.get("known", "")) or Known.NOTHING,
            form_id=_number(self.fields.get("form", "")),
            sequence_id=_number(self.fields.get("course", "")),
            tags=tuple(dict.fromkeys(_tags(self.fields.get("tags", ""))[0])),
            language=languages.read(self.fields.get("language", "")),
        )

    def problems(self) -> dict[str, str]:
        """By field, what is to be mended."""
        found = self.plan().problems()
        if problem := _tags(self.fields.get("tags", ""))[1]:
            found["tags"] = problem
        typed = self.fields.get("agreed_on", "")
        day = _day(typed)
        if typed and day is None:
            found["agreed_on"] = "Please type the day as 2026-03-31."
        elif day and day > utc_now().astimezone(settings().zone).date():
            found["agreed_on"] = "This day is still to come."
        return found

    def choices(self, session: Session) -> dict[str, Any]:
        """What can be chosen from."""
        live = select(Course.id, Course.title).where(Course.state == SequenceState.LIVE).order_by(Course.title)
        return {
            "column_words": COLUMN_WORDS,
            "languages": languages.known(),
            "forms": {row.id: row.title for row in session.execute(select(Form.id, Form.title).order_by(Form.title))},
            "courses": {row.id: row.title for row in session.execute(live)},
        }


def _one_of(kind: Any, word: str) -> Any:
    return kind(word) if word in set(kind) else None


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < LONGEST_NUMBER else None


def _tags(typed: str) -> tuple[list[str], str]:
    """The tags that were typed, and what is wrong with one of them."""
    try:
        return [tags.normalised(tag) for tag in typed.split(",") if tag.strip()], ""
    except ValueError as problem:
        return [], str(problem)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
