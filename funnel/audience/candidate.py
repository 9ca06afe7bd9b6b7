"""One line of a file, read as a person: the address as it is kept, and what else is there; or what is to be mended."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from funnel import tokens
from funnel.audience import address, signup
from funnel.audience.headings import Column
from funnel.audience.intake import SOURCE, Plan
from funnel.audience.preferences import name_problem, tidy_name
from funnel.config import settings
from funnel.models.imports import Verdict

# How other programs say it. What is not here is asked about, so that nobody who left is written to again.
SUBSCRIBED = frozenset({
    "", "subscribed", "active", "confirmed", "enabled", "regular", "premium", "free", "paid", "comp", "gift", "trial",
    "yes", "true", "1", "on", "ok", "opt-in", "opted in", "opted-in", "verified", "valid", "iscritto", "attivo",
    "inscrit", "abonne", "abonné", "angemeldet", "aktiv", "suscrito", "activo", "actif", "deliverable",
})  # fmt: skip
LEFT = frozenset({
    "unsubscribed", "cleaned", "bounced", "complained", "blocklisted", "blacklisted", "disabled", "inactive", "left",
    "cancelled", "canceled", "removed", "deleted", "unactivated", "unconfirmed", "not confirmed", "pending", "no",
    "false", "0", "off", "spam", "spammy", "undeliverable", "invalid", "archived", "non-subscribed", "nonsubscribed",
    "transactional", "churned", "churning", "past_due", "erased", "disiscritto", "desinscrit", "désinscrit",
    "abgemeldet", "dado de baja", "baja", "inactif", "inaktiv", "inattivo", "inactivo", "suppressed", "paused",
})  # fmt: skip
YES = frozenset({"true", "yes", "1", "x"})
LONGEST_SHOWN = 60
DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T](\d{1,2}):(\d{2}))?")
NO_SOURCE = re.compile(r"[^A-Za-z0-9._-]+")
SPLIT = re.compile(r"[,;|]")


class Row(NamedTuple):
    """A line as it goes into the table `import_row`."""

    line: int
    verdict: Verdict
    reason: str
    email: str
    address_hash: bytes | None
    first_name: str = ""
    time_zone: str = ""
    source: str = ""
    agreed_at: datetime | None = None
    tags: list[str] | None = None
    cells: Sequence[str] | None = None


class WrongError(ValueError):
    """A cell cannot be taken. The text says how to mend it."""


class Reader:
    """Reads the lines of one file by its plan."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self.now = now
        self.at = {column: place for place, column in enumerate(plan.columns) if column}
        self.first = self.at[Column.ADDRESS]
        self.others = [place for column, place in self.at.items() if column is not Column.ADDRESS]

    def read(self, line: int, cells: Sequence[str]) -> Row:
        """Never raises: what is wrong is the row's verdict."""
        typed = cells[self.first].strip() if len(cells) > self.first else ""
        email = address.usual(typed)
        try:
            if email is None:
                email = _asked(typed)
            if reason := self._left(cells):
                return Row(line, Verdict.ELSEWHERE, reason, email, tokens.address_hash(email))
            return Row(
                line, Verdict.NEW, "", email, tokens.address_hash(email), self._name(cells),
                signup.time_zone(self._cell(cells, Column.TIME_ZONE)), self._source(cells), self._agreed(cells),
                self._tags(cells),
            )  # fmt: skip
        except WrongError as problem:
            return Row(line, Verdict.WRONG, str(problem), typed, None, cells=cells)

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        place = self.at.get(column)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _left(self, cells: Sequence[str]) -> str:
        standing = self._cell(cells, Column.STANDING)
        word = standing.casefold()
        if word in LEFT:
            return f"“{standing}” in the file"
        if word not in SUBSCRIBED:
            raise WrongError(f"“{standing[:LONGEST_SHOWN]}” does not say whether they are subscribed.")
        if self._cell(cells, Column.DISABLED).casefold() in YES:
            return "takes no mail, as the file says"
        return ""

    def _name(self, cells: Sequence[str]) -> str:
        name = self._cell(cells, Column.FIRST_NAME) or self._cell(cells, Column.FULL_NAME).partition(" ")[0]
        if name.isascii() and name.isalpha() and len(name) <= LONGEST_SHOWN:
            return name
        if problem := name_problem(name):
            raise WrongError(f"{problem} It is “{name[:LONGEST_SHOWN]}”.")
        return tidy_name(name)

    def _source(self, cells: Sequence[str]) -> str:
        named = self._cell(cells, Column.SOURCE)
        return signup.clean_source(NO_SOURCE.sub("-", named).strip("-._")[:80]) or SOURCE

    def _agreed(self, cells: Sequence[str]) -> datetime | None:
        for column in (Column.AGREED, Column.AGREED_DAY_FIRST, Column.AGREED_MONTH_FIRST):
            if typed := self._cell(cells, column):
                at = _moment(typed, column)
                if at > self.now:
                    raise WrongError(f"“{typed[:LONGEST_SHOWN]}” is still to come.")
                return at
        return None

    def _tags(self, cells: Sequence[str]) -> list[str] | None:
        typed = self._cell(cells, Column.TAGS)
        return [tag for part in SPLIT.split(typed.strip("[]")) if (tag := part.strip(" \"'"))] if typed else None


def _asked(typed: str) -> str:
    if not typed:
        raise WrongError("There is no address on this line.")
    if problem := signup.email_problem(typed):
        raise WrongError(problem)
    return signup.normalised(typed)


def _moment(typed: str, column: Column) -> datetime:
    """A time as it is written in files; without a zone it is the practice's."""
    try:
        if column is Column.AGREED:
            return _zoned(datetime.fromisoformat(typed.removesuffix(" UTC")))
        found = DATE.match(typed)
        if found is None:
            return _zoned(datetime.fromisoformat(typed))
        first, second, year, hour, minute = (int(part or 0) for part in found.groups())
        day, month = (first, second) if column is Column.AGREED_DAY_FIRST else (second, first)
        return _zoned(datetime.combine(date(year, month, day), time(hour, minute)))
    except (ValueError, OverflowError):
        raise WrongError(f"“{typed[:LONGEST_SHOWN]}” is no date that we can read. Best is 2026-03-31.") from None


def _zoned(at: datetime) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=settings().zone)).astimezone(UTC)
