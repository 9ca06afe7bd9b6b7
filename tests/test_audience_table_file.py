"""Files as people's programs write them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.audience.formulas import armed
from funnel.audience.table_file import Ear, FileError, Spelling, records

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1)
TEXT = "Email;Vorname\nada@example.org;Zoë\n"


def told(raw, size=7):
    ear = Ear()
    for start in range(0, len(raw), size):
        ear.hear(raw[start : start + size])
    return ear.spelling()


def read(raw, size=7):
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    return list(records(pieces, told(raw)))


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("utf-16-be", b""), ("cp1252", b"")],
)
def test_every_usual_encoding_is_told_from_the_others(codec, mark):
    assert read(mark + TEXT.encode(codec)) == [(1, ["Email", "Vorname"]), (2, ["ada@example.org", "Zoë"])]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_what_most_lines_agree_on(separator):
    raw = separator.join(["Email", "Note"]) + "\n" + separator.join(["a@example.org", '"one, two; three"']) + "\n"
    assert told(raw.encode()).separator == separator


def test_a_list_of_bare_addresses_is_a_table_too():
    assert read(b"ada@example.org\nben@example.org\n") == [(1, ["ada@example.org"]), (2, ["ben@example.org"])]


def test_the_word_that_excel_says_to_itself_is_no_line_of_the_table():
    assert read(b"sep=;\nEmail;Name\na@example.org;Ada\n") == [(2, ["Email", "Name"]), (3, ["a@example.org", "Ada"])]


def test_what_no_database_takes_is_a_sign_for_it_afterwards():
    assert read(b"Email,Note\na@example.org,x\0y\n")[1] == (2, ["a@example.org", "x\ufffdy"])


def test_lines_are_counted_as_an_editor_counts_them():
    raw = b'Email,Note\r\n\r\na@example.org,"two\r\nlines"\r\nb@example.org,\r\n'
    assert [line for line, _ in read(raw)] == [1, 3, 5]


@given(
    st.lists(
        st.lists(CELL, min_size=2, max_size=2),
        min_size=1, max_size=8,
    ),
    st.integers(1, 9),
)  # fmt: skip
def test_any_table_is_read_as_it_was_written_wherever_it_is_cut(rows, size):
    held = io.StringIO(newline="")
    csv.writer(held, quoting=csv.QUOTE_ALL).writerows(rows)
    raw = held.getvalue().encode()
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    plain = [cells for _, cells in records(pieces, Spelling("utf-8", ","))]
    assert plain == [[armed(cell) for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"", "empty"), (b"PK\x03\x04..", "zip"), (b"\xd0\xcf\x11\xe0", "old Excel"), (b"\x1f\x8b", "compr")],
)
def test_what_is_no_table_is_named(raw, said):
    with pytest.raises(FileError, match=said):
        told(raw)
