"""Lines of a file as COPY takes them: usual ones by shape and by what earlier lines taught, all else by the Reader.

A line is usual when its address is plain or of the usual kind, its day is written as computers do, and its other cells
were met before. Whatever is not goes the long way, and teaches. A property test holds that both ways write the same.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from operator import itemgetter

from funnel import tokens
from funnel.audience import address, copied
from funnel.audience.candidate import Reader, Row
from funnel.audience.headings import Column
from funnel.audience.intake import Plan
from funnel.audience.table_file import mended
from funnel.models.imports import Verdict

REMEMBERED = 50_000  # names, hours, and what else stands in a line
LONGEST_PLAIN = 64  # signs: then no part of an address is too long either
# Small letters and digits, single signs among them. Nothing is taken back, so no cell costs more than its length.
PLAIN = re.compile(
    r"[a-z0-9]++(?:[._+-][a-z0-9]++)*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,63}"
)
HOUR = len("2024-05-06 07")
SECOND = len("2024-05-06 07:08:09")
DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d)?", re.ASCII)
SURELY_PAST = timedelta(days=2)  # in whatever zone it is
# What may stand behind an hour, and behind a second where a file says that it is UTC.
CLOCK = frozenset({*(f":{at // 60:02}:{at % 60:02}" for at in range(3600)), *(f":{at:02}" for at in range(60))})
IN_UTC = dict.fromkeys(("Z", "+00:00", " UTC"), "+00:00") | {f".{at:03}Z": f".{at:03}+00:00" for at in range(1000)}


class Scribe:
    """Writes the lines of one file, read by its plan."""

    def __init__(self, import_id: int, plan: Plan, now: datetime) -> None:
        self.import_id, self.reader, self.hashing = import_id, Reader(plan, now), tokens.address_hashing()
        at = self.reader.at
        self.address, self.width = at[Column.ADDRESS], max(at.values()) + 1
        self.first, self.full = at.get(Column.FIRST_NAME), at.get(Column.FULL_NAME)
        self.day = at.get(Column.AGREED)
        others = [place for place in at.values() if place not in (self.address, self.first, self.full, self.day)]
        self.other = itemgetter(*others) if others else _nothing
        self.hours = dict[str, str]()
        self.names = dict[Hashable, str]()
        self.others = dict[Hashable, tuple[str, str, str, str]]()

    def write(self, lines: Iterable[tuple[int, list[str]]]) -> str:
        """The lines in the text format of COPY. Never raises: what is wrong is said in the line."""
        return "".join([self._usual(line, cells) or self._unusual(line, cells) for line, cells in lines])

    def _usual(self, line: int, cells: list[str]) -> str:
        """'' when it is to be read the long way."""
        if len(cells) < self.width:
            return ""
        typed = cells[self.address]
        if len(typed) <= LONGEST_PLAIN and PLAIN.fullmatch(typed):
            email = small = typed
        elif typed[:1] != "'" and (found := address.usual(typed.strip())):
            email, small = found, found.lower()
        else:
            return ""
        name, other = self.names.get(self._name(cells)), self.others.get(self.other(cells))
        if name is None or other is None:
            return ""
        reason, where, agreed, tags = other
        if self.day is not None and not (agreed := self._agreed(cells[self.day])):
            return ""
        hashed = self.hashing.copy()
        hashed.update(small.encode())
        return (
            f"{self.import_id}\t{line}\tnew\t{reason}\t{email}\t\\\\x{hashed.hexdigest()}\t{name}\t{where}\t{agreed}\t{tags}"
            f"\t{copied.NULL}\n"
        )

    def _name(self, cells: Sequence[str]) -> Hashable:
        """All of a line on which its name depends."""
        first = cells[self.first] if self.first is not None else ""
        if self.full is None:
            return first
        word = cells[self.full].partition(" ")[0]
        return first, word if word.isalpha() else cells[self.full]

    def _agreed(self, typed: str) -> str:
        """'' for an hour that is not known."""
        behind = self.hours.get(typed[:HOUR])
        if behind is None:
            return ""
        if len(typed) < HOUR or typed[HOUR:] in CLOCK:
            return typed + behind
        utc = IN_UTC.get(typed[SECOND:])
        return typed[:SECOND] + utc if utc and typed[HOUR:SECOND] in CLOCK else ""

    def _unusual(self, line: int, cells: list[str]) -> str:
        row = self.reader.read(line, mended(cells))
        if row.verdict is Verdict.NEW and len(cells) >= self.width:
            self._learn(cells, row)
        return copied.line(self.import_id, row)

    def _learn(self, cells: Sequence[str], row: Row) -> None:
        for known in (self.hours, self.names, self.others):
            if len(known) >= REMEMBERED:
                known.clear()
        self.names[self._name(cells)] = copied.escaped(row.first_name)
        agreed = copied.NULL if row.agreed_at is None else row.agreed_at.isoformat()
        where = f"{row.time_zone}\t{row.source}\t{row.language}"
        self.others[self.other(cells)] = copied.escaped(row.reason), where, agreed, copied.array(row.tags)
        if self.day is not None:
            self._learn_hour(cells[self.day])

    def _learn_hour(self, typed: str) -> None:
        """What makes this hour, as it is written, a time of the practice's zone."""
        hour, is_day = typed[:HOUR], len(typed) < HOUR
        if not typed:
            self.hours[""] = copied.NULL
        elif DAY.fullmatch(hour) and (is_day or typed != hour):
            begins = datetime.fromisoformat(hour if is_day else f"{hour}:00")
            if begins.replace(tzinfo=UTC) < self.reader.now - SURELY_PAST:
                offset = begins.replace(tzinfo=UTC) - self.reader.zone.utc(begins)
                behind = begins.replace(tzinfo=timezone(offset)).isoformat()[SECOND:]
                self.hours[hour] = f" 00:00{behind}" if is_day else behind


def _nothing(cells: Sequence[str]) -> Hashable:
    return ()
