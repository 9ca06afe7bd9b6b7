"""Cells that a spreadsheet would run as a formula, made harmless in what we give away and as they were in what we read.

A reader may have called themself `=HYPERLINK(…)`: opened in Excel, that is a command (OWASP, CSV Injection).
"""

import re

DEFUSED = "'"  # what spreadsheets themselves put before a text that looks like a formula
# Also behind apostrophes of its own, or `armed` could not tell ours from the ones that were typed; and in full width.
RUNS = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def defused(cell: str) -> str:
    """`cell` as it may stand in a CSV: with an apostrophe before it where a spreadsheet would run it."""
    return DEFUSED + cell if RUNS.match(cell) else cell


def armed(cell: str) -> str:
    """The `cell` that `defused` was given."""
    return cell[1:] if cell.startswith(DEFUSED) and RUNS.match(cell) else cell
