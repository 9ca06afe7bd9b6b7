"""What the owner decides about a file of people: how it is read, how they agreed, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from funnel import languages
from funnel.audience.headings import DATES, Column
from funnel.config import settings

SOURCE = "import"  # what they came by, where the file does not say


class Way(StrEnum):
    AGREED = "agreed"  # they agreed before, and the owner says how
    ASK = "ask"  # each is asked by mail, and only who confirms is in


class Known(StrEnum):
    """What becomes of somebody who is here already. Consent and state stay as they are in any case."""

    NOTHING = "nothing"
    NAME = "name"  # a name that is missing is filled in
    TAGS = "tags"  # that, and the tags are put on


@dataclass(frozen=True)
class Plan:
    columns: tuple[Column | None, ...]
    headed: bool  # the first row names the columns
    way: Way = Way.AGREED
    how: str = ""  # how they agreed, in the owner's words; kept with each as evidence
    agreed_on: date | None = None  # the day of it, where the file does not say
    form_id: int | None = None  # whose confirmation they are asked with
    sequence_id: int | None = None  # the course they are put on
    known: Known = Known.NOTHING
    tags: tuple[str, ...] = ()  # put on each of them
    language: str = ""  # of their mails, where the file does not say; '': the practice's

    @property
    def spoken(self) -> str:
        """The code of the language of whoever the file names none for, where no form says it."""
        return self.language or languages.of_country(settings().practice_country)

    def problems(self) -> dict[str, str]:
        """What is wrong or missing, by field, in words that say how to mend it."""
        found = {}
        used = [column for column in self.columns if column]
        twice = next((column for column in used if used.count(column) > 1), None)
        if Column.ADDRESS not in used:
            found["columns"] = "Please say which column holds the mail address."
        elif twice:
            found["columns"] = f"Two columns are said to hold the same: {twice}. Please keep one of them."
        elif sum(column in DATES for column in used) > 1:
            found["columns"] = "Two columns are said to hold the day on which they agreed. Please keep one of them."
        if self.way is Way.AGREED:
            if not self.how:
                found["how"] = "Please say how these people agreed: a few words are enough."
            if self.agreed_on is None and not any(column in DATES for column in used):
                found["agreed_on"] = "Please name the day on which they agreed, or choose a column that holds it."
        elif self.sequence_id is not None:
            found["course"] = (
                "Whoever confirms gets the course of that form by themselves. Please choose no course here."
            )
        elif self.form_id is None:
            found["form"] = "Please choose the form whose confirmation they get."
        return found

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "agreed_on": self.agreed_on and self.agreed_on.isoformat()}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Plan":
        """The plan that `kept` was."""
        return cls(
            columns=tuple(Column(column) if column else None for column in kept["columns"]),
            headed=kept["headed"],
            way=Way(kept["way"]),
            how=kept["how"],
            agreed_on=date.fromisoformat(kept["agreed_on"]) if kept["agreed_on"] else None,
            form_id=kept["form_id"],
            sequence_id=kept["sequence_id"],
            known=Known(kept["known"]),
            tags=tuple(kept["tags"]),
            language=kept.get("language", ""),  # a plan from before it was asked has none
        )
