"""What a section of the settings is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from funnel.config import Settings


@dataclass(frozen=True)
class Field:
    """One setting: the variable that may hold it, and how it is asked for. `said`: what is in force, as it is typed."""

    name: str
    label: str
    said: Callable[[Settings], str]
    hint: str = ""
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    autocomplete: str = ""


@dataclass(frozen=True)
class Section:
    slug: str
    title: str
    lead: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]


def switch(on: bool) -> str:
    return "on" if on else "off"
