"""One line of a file, read as a person: the address as it is kept, and what else is there; or what is to be mended."""

import functools
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from funnel import languages, tokens
from funnel.audience import address, signup, tags
from funnel.audience.headings import DATES, Column
from funnel.audience.intake import SOURCE, Plan
from funnel.audience.preferences import name_problem, tidy_name
from funnel.config import settings
from funnel.models.imports import Verdict

# How other programs say it. What is not here is asked about, so that nobody who left is written to again.
SUBSCRIBED = frozenset({
    "subscribed", "active", "confirmed", "enabled", "regular", "premium", "free", "paid", "comp", "gift", "trial",
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
MOST_HOURS = 100_000  # whose distance from UTC is remembered
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
    language: str = ""  # '' where the file names none that we write in
    agreed_at: datetime | None = None
    tags: list[str] | None = None
    cells: Sequence[str] | None = None


class WrongError(ValueError):
    """A cell cannot be taken. The text says how to mend it."""


class Reader:
    """Reads the lines of one file by its plan. Only the columns that are named cost anything."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self.now, self.tags = now, list(plan.tags)
        self.at = {column: place for place, column in enumerate(plan.columns) if column}
        self.address = self.at[Column.ADDRESS]
        self.dated = next((column for column in DATES if column in self.at), None)
        self.zone = _Zone()

    def read(self, line: int, cells: Sequence[str]) -> Row:
        """Never raises: what is wrong is the row's verdict."""
        typed = cells[self.address].strip() if len(cells) > self.address else ""
        try:
            email = address.usual(typed) or _asked(typed)
            if reason := self._left(cells):
                return Row(line, Verdict.ELSEWHERE, reason, email, tokens.address_hash(email))
            language, unknown = self._language(cells)
            return Row(
                line, Verdict.NEW, unknown, email, tokens.address_hash(email), self._name(cells),
                signup.time_zone(self._cell(cells, Column.TIME_ZONE)), self._source(cells), language,
                self._agreed(cells), self._tags(cells),
            )  # fmt: skip
        except WrongError as problem:
            return Row(line, Verdict.WRONG, str(problem), typed, None, cells=cells)

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        place = self.at.get(column)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _left(self, cells: Sequence[str]) -> str:
        if standing := self._cell(cells, Column.STANDING):
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
        return _named(name)

    def _source(self, cells: Sequence[str]) -> str:
        named = self._cell(cells, Column.SOURCE)
        return (named and signup.clean_source(NO_SOURCE.sub("-", named).strip("-._")[:80])) or SOURCE

    def _language(self, cells: Sequence[str]) -> tuple[str, str]:
        """Its code, and what is wrong with what stands there: nobody stays out for that."""
        typed = self._cell(cells, Column.LANGUAGE)
        code = languages.read(typed) if typed else ""
        wrong = f"no mails are written in “{typed[:LONGEST_SHOWN]}”" if typed and not code else ""
        return code, wrong

    def _agreed(self, cells: Sequence[str]) -> datetime | None:
        typed = self._cell(cells, self.dated) if self.dated else ""
        if not typed or self.dated is None:
            return None
        try:
            at = self.zone.utc(_moment(typed, self.dated))
        except OverflowError:  # the first day of the year 1, and the last of 9999
            raise WrongError(_no_date(typed)) from None
        if at > self.now:
            raise WrongError(f"“{typed[:LONGEST_SHOWN]}” is still to come.")
        return at

    def _tags(self, cells: Sequence[str]) -> list[str] | None:
        typed = self._cell(cells, Column.TAGS)
        if not typed:
            return self.tags or None
        try:
            named = [tags.normalised(tag) for part in SPLIT.split(typed.strip("[]")) if (tag := part.strip(" \"'"))]
        except ValueError as problem:
            raise WrongError(f"{problem} It is in “{typed[:LONGEST_SHOWN]}”.") from None
        return list(dict.fromkeys([*self.tags, *named]))


class _Zone:
    """The practice's zone, which tells the time of what is written without one; asked once for each hour of a day."""

    def __init__(self) -> None:
        self.zone, self.known = settings().zone, dict[tuple[date, int], timedelta]()

    def utc(self, at: datetime) -> datetime:
        if at.tzinfo:
            return at.astimezone(UTC)
        hour = (at.date(), at.hour)
        if (offset := self.known.get(hour)) is None:
            if len(self.known) > MOST_HOURS:
                self.known.clear()
            offset = self.known[hour] = at.replace(tzinfo=self.zone).utcoffset() or timedelta()
        return (at - offset).replace(tzinfo=UTC)


@functools.lru_cache(maxsize=20_000)
def _named(name: str) -> str:
    if problem := name_problem(name):
        raise WrongError(f"{problem} It is “{name[:LONGEST_SHOWN]}”.")
    return tidy_name(name)


def _asked(typed: str) -> str:
    if not typed:
        raise WrongError("There is no address on this line.")
    if problem := signup.email_problem(typed):
        raise WrongError(problem)
    return signup.normalised(typed)


def _moment(typed: str, column: Column) -> datetime:
    """A time as it is written in files."""
    try:
        found = None if column is Column.AGREED else DATE.match(typed)
        if found is None:
            return datetime.fromisoformat(typed.removesuffix(" UTC") + "Z" * typed.endswith(" UTC"))
        first, second, year, hour, minute = (int(part or 0) for part in found.groups())
        day, month = (first, second) if column is Column.AGREED_DAY_FIRST else (second, first)
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 (its zone is told by whoever asks)
    except ValueError:
        raise WrongError(_no_date(typed)) from None


def _no_date(typed: str) -> str:
    return f"“{typed[:LONGEST_SHOWN]}” is no date that we can read. Best is 2026-03-31."
