"""The period the overview looks at."""

from datetime import UTC, date, datetime

import pytest

from funnel.web.owner import period
from tests.conftest import NOW


def chosen(**args):
    return period.chosen({name.rstrip("_"): value for name, value in args.items()}, NOW)


@pytest.mark.parametrize(
    ("name", "first", "before"),
    [
        ("7", date(2026, 2, 25), (date(2026, 2, 18), date(2026, 2, 24))),
        ("30", date(2026, 2, 2), (date(2026, 1, 3), date(2026, 2, 1))),
        ("year", date(2026, 1, 1), (date(2025, 1, 1), date(2025, 3, 3))),
    ],
)
def test_a_period_ends_today_and_is_compared_with_one_as_long(schema, name, first, before):
    found = chosen(days=name).period
    assert (found.name, found.first_day, found.last_day) == (name, first, NOW.date())
    assert (found.before.first_day, found.before.last_day) == before


def test_all_has_no_beginning_and_nothing_before_it(schema):
    found = chosen(days="all").period
    assert (found.since, found.before, found.length) == (None, None, 0)


def test_the_period_before_ends_at_the_same_time_of_day_even_when_the_clocks_change_between(schema):
    found = period.named("7", datetime(2026, 3, 30, 8, 0, tzinfo=UTC)).before  # 09:00 in London's summer
    assert found.until.astimezone(UTC) == datetime(2026, 3, 23, 9, 0, tzinfo=UTC)


def test_the_29th_of_february_is_compared_with_the_day_before_it(schema):
    found = period.named("year", datetime(2028, 2, 29, 12, tzinfo=UTC)).before
    assert found.last_day == date(2027, 2, 28)


def test_days_of_ones_own_are_whole_and_both_among_them(schema):
    found = chosen(from_="2026-02-01", to=" 2026-02-10 ").period
    assert (found.name, found.length, found.address) == ("own", 10, {"from": "2026-02-01", "to": "2026-02-10"})
    assert found.since == datetime(2026, 2, 1, tzinfo=UTC)
    assert found.until == datetime(2026, 2, 10, 23, 59, 59, 999999, tzinfo=UTC)
    assert found.words == "From Sun 1 Feb to Tue 10 Feb".replace(
        "Sun 1 Feb", period.words.day(date(2026, 2, 1))
    ).replace("Tue 10 Feb", period.words.day(date(2026, 2, 10)))
    assert chosen(from_="2026-03-01", to="2026-12-31").period.until == NOW  # what has not come is not waited for


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-02-30", "2026-03-01", "The first day, “2026-02-30”, is no date. Write it like 2026-03-31."),
        ("2026-02-01", "", "The last day is missing."),
        ("", "2026-02-01", "The first day is missing."),
        ("2026-02-03", "2026-02-01", "The first day comes after the last one. Did you mean them the other way round?"),
        ("2027-01-01", "2027-02-01", "The first day has not come yet."),
        ("0026-01-01", "2026-02-01", "The first day lies in the year 26. Is that a slip?"),
    ],
)
def test_days_that_make_no_sense_are_said_and_kept_as_they_were_typed(schema, first, last, said):
    found = chosen(from_=first, to=last)
    assert (found.error, found.typed, found.period.name) == (said, (first, last), period.DEFAULT)
