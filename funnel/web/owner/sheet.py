"""A table as a CSV file that Excel, Numbers and LibreOffice open as it is meant, however long it is (RFC 4180).

    return sheet.answer("bookings", ("Name", "Booked"), ((row.name, row.created_at) for row in rows))

A cell may be a text, a number, a truth, a time or None. The answer is sent while `rows` is read, after the view has
returned: give a list, or a generator that opens a session of its own, since the view's is closed by then.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from flask import Response

from funnel.audience.formulas import defused
from funnel.config import settings

FOR_EXCEL = "utf-8-sig"  # with the mark without which Excel takes UTF-8 for Windows-1252
PLAIN = "utf-8"
PIECE = 64 * 1024  # signs sent at once

Row = Sequence[object]


def answer(name: str, header: Sequence[str], rows: Iterable[Row], encoding: str = FOR_EXCEL) -> Response:
    """The download of `<name>.csv`: `header`, then `rows` as they come, in constant memory.

    `name` is plain ASCII. Texts that a spreadsheet would run as a formula are defused (`audience.formulas`).
    """
    response = Response(pieces(header, rows, encoding), content_type="text/csv; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def pieces(header: Sequence[str], rows: Iterable[Row], encoding: str = PLAIN) -> Iterator[bytes]:
    """The same file in pieces of about 64 kB, for whoever writes it elsewhere."""
    held = io.StringIO(newline="")
    sheet = csv.writer(held)
    if encoding == FOR_EXCEL:
        held.write("\ufeff")
    sheet.writerow(header)
    for row in rows:
        sheet.writerow([_cell(value) for value in row])
        if held.tell() >= PIECE:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):  # by the practice's clock, as on the pages, in the one spelling all programs read
        return f"{value.astimezone(settings().zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value
