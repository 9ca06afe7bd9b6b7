"""What was measured: a row each, kept as JSON, told as a table."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HEAD = ("what", "Funnel", "compared with", "that", "ratio", "at least", "aim")


@dataclass
class Row:
    """One line of the table. `ours` and `theirs` hold a value a round, a round's two measured one after the other."""

    name: str  # the same in every run: a later one replaces it
    what: str
    unit: str
    ours: list[float]
    against: str = ""
    theirs: list[float] = field(default_factory=list)
    limit: str = ""
    aim: str = ""
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # what else was read, for the page
    people: int = 0
    small: bool = False  # with fewer people or rounds than it is meant to have: to try it out
    at: str = ""
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)] if self.theirs else []

    def cells(self) -> tuple[str, ...]:
        ratio = f"{number(statistics.median(self.ratios))} × ({_spread(self.ratios)})" if self.ratios else ""
        theirs = f"{number(statistics.median(self.theirs))} {self.unit}" if self.theirs else ""
        ours = f"{number(statistics.median(self.ours))} {self.unit}"
        what = f"{self.what} (tried out, with {self.people:,})" if self.small else self.what
        return (what, ours, self.against, theirs, ratio, self.limit, self.aim)


class Results:
    """All rows measured so far, in a file that each new row is added to at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        if path.exists():
            self.rows = {found["name"]: Row(**found) for found in json.loads(path.read_text())}

    def add(self, row: Row, machine: dict[str, str]) -> None:
        row.at, row.machine = datetime.now(UTC).isoformat(timespec="minutes"), machine
        self.rows[row.name] = row
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f"{self.path.name}.new")
        unfinished.write_text(
            json.dumps([asdict(row) for row in self.rows.values()], indent=1, ensure_ascii=False) + "\n"
        )
        unfinished.rename(self.path)


def text(rows: list[Row]) -> str:
    """The table for a terminal, its notes below."""
    lines = [HEAD, *(row.cells() for row in rows)]
    used = [at for at in range(len(HEAD)) if any(line[at] for line in lines[1:])]
    widths = {at: max(len(line[at]) for line in lines) for at in used}
    body = ["  ".join(line[at].ljust(widths[at]) for at in used).rstrip() for line in lines]
    body.insert(1, "  ".join("-" * widths[at] for at in used))
    return "\n".join([*body, "", *(f"{row.what}: {note}" for row in rows for note in row.notes)])


def markdown(rows: list[Row]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"- {row.what}: {note}\n" for row in rows for note in row.notes)
    return f"{table}\n" + f"\n{notes}" * bool(notes)


def number(value: float) -> str:
    """Three signs that mean something: 36,700 · 120 · 4.25 · 0.031."""
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _spread(values: list[float]) -> str:
    return f"{number(min(values))}–{number(max(values))}"
