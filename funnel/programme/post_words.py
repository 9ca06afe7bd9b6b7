"""A post's words as its editor types them, and as its page takes them: the same checks as a file's."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from funnel import languages
from funnel.config import settings
from funnel.models.content import Post
from funnel.programme import prose, wording
from funnel.programme.content_fields import POST
from funnel.programme.wording import BODY, PUBLISHED, Fault

LANGUAGE = "language"  # '': its form's, or the practice's
FIELDS = ("title", "summary", "body", "sources", LANGUAGE, PUBLISHED)
STARTER = f"""Begin with the person who looks for this: what do they feel, and when?

{prose.FORM_PLACE}

## What helps

One thing that many people find useful, in short sentences. Say where it comes from.

[Book a session]({{{{ booking_link }}}})
"""


def typed(post: Post) -> dict[str, str]:
    """The words in force, as the editor shows them."""
    return of_values({name: getattr(post, name) for name in (*FIELDS[:-1], "published_at")})


def of_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The words of a post's columns, as they would be typed."""
    return wording.of_values(values, FIELDS[:-1]) | {PUBLISHED: day_of(values["published_at"]).isoformat()}


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """What a browser sent, as `wording.cleaned` does it."""
    return wording.cleaned(fields, FIELDS)


def read(content: Mapping[str, str], now: datetime) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of what was typed, as far as they are good, and all that is wrong, in the order of the fields."""
    language = spoken(content)
    values, faults = wording.columns(content, {name: POST[name] for name in FIELDS if name != BODY}, language)
    if PUBLISHED in values:
        day = values.pop(PUBLISHED)
        values["published_at"] = noon(day)
        if day > day_of(now):
            faults.append(
                Fault(PUBLISHED, 0, f"{day:%-d %B %Y} has not come yet. A post is shown once you publish it.")
            )
    body = content.get(BODY, "")
    values[BODY] = body.strip("\n") + "\n"
    if not body.replace(prose.FORM_PLACE, "").strip():
        faults.append(Fault(BODY, 0, "The post says nothing yet."))
    faults += [Fault(BODY, found.line, found.text) for found in prose.check_post(body, 1, language)]
    return values, sorted(faults, key=lambda fault: (FIELDS.index(fault.field), fault.line))


def spoken(fields: Mapping[str, Any]) -> str:
    """The code of the language by whose words it is checked: its own, or the practice's."""
    return languages.named(str(fields.get(LANGUAGE) or languages.of_country(settings().practice_country))).code


def noon(day: date) -> datetime:
    """Noon of a day where the practice is: in UTC, nearly everywhere, the same day."""
    return datetime.combine(day, time(12), settings().zone)


def day_of(at: datetime) -> date:
    return at.astimezone(settings().zone).date()
