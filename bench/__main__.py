"""`make bench`: how good the sending is, as one table, each row a ratio of two things measured in turns.

The table and its figures are written to var/bench, or with KEEP=1 into docs/, where docs/performance.md is filled in
from all rows kept there; a later run replaces the rows that it measures.
"""

import argparse
import importlib
import sys
from pathlib import Path

from bench import machine, page, reference, table
from bench.program import ROOT
from bench.rig import Rig, rig
from bench.table import Results, Row
from bench.wish import ROUNDS, Wish

# A name, and the module of bench/rows that measures it.
GROUPS = (
    "sink",
    "newsletter",
    "real",
    "planning",
    "drip",
    "far",
    "confirmation",
    "tick",
    "imports",
    "doors",
    "equal",
    "attack",
    "lighthouse",
    "steps",
    "issues",
    "segments",
    "pages",
    "million",
)
LONG = ("attack", "lighthouse", "issues", "segments", "pages", "million")  # only done when named
USUAL = tuple(name for name in GROUPS if name not in LONG)
TRIED = ROOT / "var" / "bench"  # for what was only tried out


def main() -> int:
    wanted = _wanted()
    folder = page.PATH.parent if wanted.keep else wanted.into
    wish = Wish(wanted.rounds, wanted.people, folder / "pictures", wanted.mass, tuple(wanted.pages or ()))
    if not reference.program():
        print(reference.HOW_TO_INSTALL, file=sys.stderr)
    if machine.is_busy():
        print("This machine is busy with something else: the figures will jump.", file=sys.stderr)
    results = Results(folder / "performance.json")
    found: list[Row] = []
    try:
        with rig(wanted.mass) as made:
            here = machine.described(made.folder, made.version())
            for name in wanted.rows:
                found += _measured(made, wish, name, here, results)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    finally:
        if found:  # also before a row that went wrong
            print(table.text(found))
            print("\n" + ", ".join(f"{what}: {how}" for what, how in found[-1].machine.items()))
            print(f"Written to {_written(results, kept=wanted.keep)}")
    return 0


def _written(results: Results, *, kept: bool) -> Path:
    if kept:
        for path in (page.PATH, page.PLANS):
            page.fill(path, results)
        return page.PATH
    path = results.path.with_suffix(".md")
    path.write_text(table.markdown(list(results.rows.values())))
    return path


def _measured(made: Rig, wish: Wish, name: str, here: dict[str, str], results: Results) -> list[Row]:
    rows: list[Row] = importlib.import_module(f"bench.rows.{name}").measure(made, wish)
    for row in rows:
        results.add(row, here)
    return rows


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "rows",
        nargs="*",
        metavar="row",
        help=f"{', '.join(GROUPS)}; default: all but {', '.join(LONG)}",
    )
    parser.add_argument("--people", type=int, help="how many, instead of what the row is meant to have")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--mass", help="for segments and pages: look at a database that bench.masses has filled")
    parser.add_argument("--pages", nargs="+", help="for pages: only those that begin so")
    parser.add_argument("--keep", action="store_true", help="write into docs/, and fill in its page")
    parser.add_argument("--into", type=Path, default=TRIED, help="else into this folder; default var/bench")
    found = parser.parse_args()
    if unknown := set(found.rows) - set(GROUPS):
        parser.error(f"there is no row {min(unknown)}; there are {', '.join(GROUPS)}")
    found.rows = found.rows or list(USUAL)
    if found.mass and not {"segments", "pages"}.issuperset(found.rows):
        parser.error("only the rows segments and pages are looked at in a database that is there already")
    return found


if __name__ == "__main__":
    sys.exit(main())
