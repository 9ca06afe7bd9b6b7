"""docs/performance.md: its words are written by hand, and what was measured is filled in between its marks.

A mark is a line such as `<!-- machine -->`, `<!-- rows: newsletter-* memory -->`, `<!-- explain: tick-1000000 -->`,
`<!-- picture: million -->` or `<!-- projection: 10000000 -->`. What stands between it and the next `<!-- end -->` goes.
"""

import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from bench import projection, table
from bench.program import ROOT
from bench.table import Results, Row

PATH = ROOT / "docs" / "performance.md"
PLANS = PATH.with_name("plans.md")  # filled in too: the statements behind the owner's pages
MARK = re.compile(r"^(<!-- (\w+):? ?([^\n]*?) -->\n).*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
NOT_YET = "Not measured yet.\n"


def fill(path: Path, results: Results) -> None:
    """Fills in every mark of the page at `path`. Raises KeyError for one that means nothing."""

    def filled(found: re.Match[str]) -> str:
        mark, what, words = found.groups()
        return f"{mark}{_FILLED[what](results, words)}<!-- end -->"

    path.write_text(MARK.sub(filled, path.read_text()))


def _rows(results: Results, words: str) -> str:
    found = [row for pattern in words.split() for row in results.rows.values() if fnmatch(row.name, pattern)]
    return table.markdown(found) if found else NOT_YET


def _machine(results: Results, _: str) -> str:
    """The machine of the last row, and which rows were measured at another time or on another one."""
    rows = sorted(results.rows.values(), key=lambda row: row.at)
    if not rows:
        return NOT_YET
    last = "".join(f"- {what}: {how}\n" for what, how in rows[-1].machine.items())
    others = [row for row in rows if row.machine.get("processor") != rows[-1].machine.get("processor")]
    return f"Measured {_days(rows)} on\n\n{last}" + "".join(f"- {row.what}: {row.machine}\n" for row in others)


def _days(rows: list[Row]) -> str:
    first, last = rows[0].at[:10], rows[-1].at[:10]
    return first if first == last else f"from {first} to {last}"


def _picture(results: Results, name: str) -> str:
    row = results.rows.get(name)
    return f"![{row.what}](pictures/{row.facts['picture']})\n" if row else NOT_YET


def _explain(results: Results, name: str) -> str:
    row = results.rows.get(name)
    return f"```\n{row.facts['explain']}\n```\n" if row else NOT_YET


def _plans(results: Results, words: str) -> str:
    """Of each such row that holds a plan: its name, and the plan."""
    told = [row for row in results.rows.values() if fnmatch(row.name, words) and row.facts.get("explain")]
    return "".join(f"### {row.what}\n```\n{row.facts['explain']}\n```\n" for row in told) or NOT_YET


def _projection(results: Results, people: str) -> str:
    row = results.rows.get("newsletter-1")
    return projection.told(row.facts, int(people)) if row else NOT_YET


_FILLED: dict[str, Callable[[Results, str], str]] = {
    "rows": _rows, "machine": _machine, "explain": _explain, "picture": _picture, "projection": _projection,
    "plans": _plans,
}  # fmt: skip
