"""From what a mail costs here to what a newsletter to many more people would need."""

from typing import Any

from bench.table import number

GB, HOUR_S = 1e9, 3600.0
WITHIN_S = HOUR_S  # a newsletter that takes longer is yesterday's


def told(facts: dict[str, Any], people: int) -> str:
    """A table in Markdown; `facts` are those of the newsletter row."""
    sizes, cpu, wal = facts["sizes"], facts["cpu"], facts["wal"]
    lines = [("what", "a person or mail", f"{people:,}"), ("---",) * 3]
    for name, nouns in (
        ("who they are", ("subscriber", "marketing_stamp")),
        ("the account of one newsletter", ("message",)),
    ):
        rows, indexes = (sum(sizes[noun][part] for noun in nouns) for part in ("rows", "indexes"))
        lines.append((f"{name}: rows", f"{number(rows)} B", f"{number(rows * people / GB)} GB"))
        lines.append((f"{name}: indexes", f"{number(indexes)} B", f"{number(indexes * people / GB)} GB"))
    lines.append(("written ahead (WAL) for it", f"{number(wal)} B", f"{number(wal * people / GB)} GB"))
    for who in ("workers", "PostgreSQL"):
        seconds = cpu[who]
        cores = seconds * people / WITHIN_S
        lines.append((f"{who}: processor time", f"{number(seconds * 1e6)} µs", f"{number(cores)} cores for an hour"))
    lines.append(("mails a second, to be done in an hour", "", f"{number(people / WITHIN_S)}"))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
