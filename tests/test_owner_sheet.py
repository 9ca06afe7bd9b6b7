"""Tables as CSV files."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.audience.formulas import armed, defused
from funnel.web.owner import sheet

ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
CELLS = ANY | st.text("'=+-@\t\rx", max_size=4)


def read(pieces):
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=9))
def test_what_is_written_is_read_back(rows):
    found = read(sheet.pieces(("a", "b"), rows))
    assert [tuple(map(armed, row)) for row in found] == [("a", "b"), *rows]


@given(CELLS)
def test_no_cell_begins_as_a_formula_does(cell):
    assert defused(cell)[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('=HYPERLINK("https://example.org")', '\'=HYPERLINK("https://example.org")'),
        ("+44 20 7946 0000", "'+44 20 7946 0000"),
        (-7, "-7"),
        (0.25, "0.25"),
        (None, ""),
        (True, "yes"),
        (datetime(2026, 7, 3, 12, 0, tzinfo=UTC), "2026-07-03 13:00"),
        (date(2026, 7, 3), "2026-07-03"),
        ('Ada, "the" first\r\nof all', 'Ada, "the" first\r\nof all'),
    ],
)
def test_a_cell_is_written_as_spreadsheets_read_it(value, written, schema):
    assert read(sheet.pieces(["a"], [[value]])) == [["a"], [written]]


def test_the_answer_is_a_file_that_excel_knows_for_unicode(schema):
    found = sheet.answer("people", ("Näme",), [("Zoë",)])
    assert found.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert found.mimetype == "text/csv"
    assert found.get_data() == "\ufeffNäme\r\nZoë\r\n".encode()


def test_a_long_table_is_sent_while_it_is_read():
    reached = []
    rows = (reached.append(number) or ["x" * 1000] for number in range(1000))
    first = next(sheet.pieces(["a"], rows))
    assert len(first) >= sheet.PIECE
    assert len(reached) < 100
