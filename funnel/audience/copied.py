"""Rows of `import_row` in the text format of COPY. Most of what stands there needs no escape."""

from collections.abc import Sequence

from funnel.audience.candidate import Row

INTO = f"COPY import_row (import_id, {', '.join(Row._fields)}) FROM STDIN"
NULL = "\\N"


def line(import_id: int, row: Row) -> str:
    number = row.address_hash
    return "\t".join((
        f"{import_id}\t{row.line}\t{row.verdict.value}", escaped(row.reason), escaped(row.email),
        f"\\\\x{number.hex()}" if number else NULL, escaped(row.first_name), row.time_zone, row.source,
        row.language, row.agreed_at.isoformat() if row.agreed_at else NULL, array(row.tags), array(row.cells),
    )) + "\n"  # fmt: skip


def escaped(cell: str) -> str:
    if cell.isalnum():
        return cell
    return cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def array(cells: Sequence[str] | None) -> str:
    if cells is None:
        return NULL
    quoted = ('"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"' for cell in cells)
    return escaped("{" + ",".join(quoted) + "}")
