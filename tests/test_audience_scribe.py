"""Lines written the short way are what the long way makes of them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from funnel.audience import copied, staging
from funnel.audience.candidate import Reader
from funnel.audience.headings import Column
from funnel.audience.intake import Plan
from funnel.audience.scribe import PLAIN, Scribe
from funnel.audience.table_file import mended
from tests.test_audience_address import DOMAIN, ENDING, PART, asked

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
NAMES = st.sampled_from(
    [
        "",
        "Ada",
        " Ada L",
        "Zo\u00eb",
        "O'Neill",
        "'=Ada",
        "a\tb",
        "a\\b",
        "=?x",
        "www.example.org",
        "\0",
        "Ada Lovelace",
    ]
)
DAYS = st.sampled_from([
    "", "2024-05-06", "2024-05-06 07:08:09", "2024-05-06T07:08", "2024-05-06 07", "2024-05-06 08:08:09.123Z",
    "2024-05-06T07:08:09Z", "2024-05-06 07:08:09 UTC", "2024-05-06 07:08:09+00:00", "2024-05-06 07:08:09+02:00",
    "2024-02-30", "2026-03-03 13:00:00", "2026-03-03", "1801-05-06 07:08:09", "0001-01-01", "1.2.2024", "20240506",
    "2024-03-31 01:30:00", "2024-10-27 01:30:00", "2024-05-06 7:08:09", " 2024-05-06", "2024-05-06 07:60:00",
    "\u0662024-05-06",
])  # fmt: skip
OTHERS = st.tuples(
    st.sampled_from(["", "subscribed", "ACTIVE", "unsubscribed", "perhaps"]),
    st.sampled_from(["", "Europe/Paris", "Nowhere"]),
    st.sampled_from(["", "a post", "-"]),
    st.sampled_from(["", "VIP, back", "x" * 60]),
    st.sampled_from(["", "Italiano", "de-CH", "tlh"]),
)
ADDRESSES = st.sampled_from([
    "ada@example.org", " ada@example.org", "Ada@Example.ORG", "'=ada@example.org", "'ada@example.org",
    "info@example.org", "INFO@example.org", "nobody", "", "ada@example.test", "zo\u00eb@example.org",
    "a{b}@example.org", "a\\b@example.org",
]) | st.builds("{}@{}.{}".format, PART, DOMAIN, ENDING)  # fmt: skip
COLUMNS = (
    Column.ADDRESS, Column.FIRST_NAME, Column.FULL_NAME, Column.AGREED, Column.STANDING, Column.TIME_ZONE,
    Column.SOURCE, Column.TAGS, Column.LANGUAGE,
)  # fmt: skip
ROWS = st.lists(
    st.builds(
        lambda address, first, full, day, others, width: [address, first, full, day, *others][:width],
        ADDRESSES, NAMES, NAMES, DAYS, OTHERS, st.just(9) | st.integers(1, 9),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def plan(*columns, tags=()):
    return Plan(columns, headed=False, how="on paper", tags=tags)


def fields(written):
    return [
        [datetime.fromisoformat(cell) if at == 10 and cell != copied.NULL else cell for at, cell in enumerate(line)]
        for line in (line.split("\t") for line in written.splitlines())
    ]


@given(PART, DOMAIN, ENDING)
def test_a_plain_address_is_kept_as_it_is_by_the_library_too(local, domain, ending):
    typed = f"{local}@{domain}.{ending}"
    if len(typed) <= 64 and PLAIN.fullmatch(typed):
        assert asked(typed) == typed


@given(ROWS, st.sets(st.sampled_from(COLUMNS[1:])), st.sampled_from([(), ("former clients",)]))
def test_both_ways_write_the_same(schema, rows, left_out, tags):
    told = plan(*(None if column in left_out else column for column in COLUMNS), tags=tags)
    lines = list(enumerate(rows * 2, 1))  # what was met before is written the short way
    long, short = Reader(told, NOW), Scribe(7, told, NOW)
    slowly = "".join(copied.line(7, long.read(line, mended(cells))) for line, cells in lines)
    assert fields(short.write(lines)) == fields(slowly)


@given(st.lists(st.tuples(NAMES, DAYS | st.sampled_from(["31/12/2023", "1.2.2024 9:30"])), min_size=1, max_size=9))
@pytest.mark.parametrize("kind", [Column.AGREED_DAY_FIRST, Column.AGREED_MONTH_FIRST])
def test_days_as_people_write_them_are_the_same_too(schema, kind, cells):
    told = plan(Column.ADDRESS, Column.FIRST_NAME, kind)
    lines = [(line, ["ada@example.org", *rest]) for line, rest in enumerate(cells * 2, 1)]
    long, short = Reader(told, NOW), Scribe(7, told, NOW)
    slowly = "".join(copied.line(7, long.read(line, mended(row))) for line, row in lines)
    assert fields(short.write(lines)) == fields(slowly)


def test_a_usual_line_is_not_read_the_long_way_twice(schema, monkeypatch):
    scribe = Scribe(7, plan(*COLUMNS), NOW)
    row = ["ada@example.org", "Ada", "Ada L", "2024-05-06 07:08:09", "active", "Europe/Paris", "post", "vip", "klingon"]
    first = scribe.write([(1, row)])
    monkeypatch.setattr(scribe.reader, "read", None)
    again = scribe.write([(2, ["ben@example.org", *row[1:3], "2024-05-06 07:59:00.123Z", *row[4:]])])
    assert (first.count("ada@"), again.count("ben@")) == (1, 1)


def test_the_database_reads_the_times_that_were_written(session):
    typed = [
        "2024-05-06", "2024-05-06 07:08:09", "2024-05-06T07:08", "2024-05-06T08:08:09.123Z", "1801-05-06 07:08:09",
        "2024-05-06 07:08:09 UTC", "2024-10-27 01:30:00",
    ]  # fmt: skip
    told = plan(Column.ADDRESS, Column.AGREED)
    lines = list(enumerate([["ada@example.org", day] for day in typed * 2], 1))
    staging.put(session, Scribe(7, told, NOW).write(lines))
    found = session.scalars(text("SELECT agreed_at FROM import_row ORDER BY line")).all()
    assert found == [Reader(told, NOW).read(1, cells).agreed_at for _, cells in lines]


def test_what_is_remembered_has_a_bound(schema, monkeypatch):
    monkeypatch.setattr("funnel.audience.scribe.REMEMBERED", 3)
    scribe = Scribe(7, plan(Column.ADDRESS, Column.FIRST_NAME), NOW)
    scribe.write((line, ["ada@example.org", f"Ada{line}"]) for line in range(20))
    assert len(scribe.names) <= 3
