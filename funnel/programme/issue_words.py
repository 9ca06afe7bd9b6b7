"""An issue's words as its editor types them, and as its mails take them: the same checks as a course's."""

from collections.abc import Mapping
from typing import Any

from funnel.models.content import Newsletter
from funnel.programme import wording
from funnel.programme.content_fields import STEP
from funnel.programme.wording import BODY, Fault

FIELDS = ("subject", "preheader", "body", "sources")


def typed(issue: Newsletter) -> dict[str, str]:
    """The words in force, as the editor shows them."""
    return wording.of_row(issue, FIELDS)


def of_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The words of an issue's columns, as they would be typed."""
    return wording.of_values(values, FIELDS)


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """What a browser sent, as `wording.cleaned` does it."""
    return wording.cleaned(fields, FIELDS)


def read(content: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed, as far as they are good, and all that is wrong, in the order of the fields."""
    return wording.read(content, {name: STEP[name] for name in FIELDS if name != BODY}, FIELDS)
