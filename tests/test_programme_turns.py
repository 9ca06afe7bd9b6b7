"""On which days a regular newsletter has its turn, and when."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.models.rhythms import Every
from funnel.programme import turns
from tests.rhythm_cast import bare

FIRST_TUESDAY = bare(Every.WEEKDAY)
LONDON = ZoneInfo("Europe/London")


def following(rhythm, day, count):
    found = []
    for _ in range(count):
        day = turns.after(rhythm, day)
        found.append(day.isoformat())
    return found


def test_the_first_tuesday_of_every_month():
    assert following(FIRST_TUESDAY, date(2026, 10, 6), 4) == ["2026-11-03", "2026-12-01", "2027-01-05", "2027-02-02"]


def test_the_last_friday_is_the_fourth_or_the_fifth():
    last = bare(Every.WEEKDAY, nth=turns.LAST, weekday=4)
    assert following(last, date(2026, 1, 1), 3) == ["2026-01-30", "2026-02-27", "2026-03-27"]


def test_the_31st_is_the_last_day_where_there_is_none():
    last = bare(Every.DAY, day=31)
    assert following(last, date(2026, 12, 31), 4) == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]


def test_the_29th_of_february_is_kept_in_a_leap_year():
    leap = bare(Every.DAY, day=29)
    assert following(leap, date(2027, 2, 1), 1) == ["2027-02-28"]
    assert following(leap, date(2028, 2, 1), 2) == ["2028-02-29", "2028-03-29"]


def test_every_two_weeks_counts_from_its_first_day():
    weekly = bare(Every.WEEKS, first_on=date(2026, 12, 22))
    assert following(weekly, date(2026, 1, 1), 3) == ["2026-12-22", "2027-01-05", "2027-01-19"]


@pytest.mark.parametrize(
    ("day", "minute", "utc"),
    [
        (date(2026, 3, 28), 540, "09:00"),  # winter
        (date(2026, 3, 29), 540, "08:00"),  # the clocks went forward in the night
        (date(2026, 3, 29), 90, "01:30"),  # half past one is not there: it is half past two
        (date(2026, 10, 25), 90, "00:30"),  # half past one is there twice: the first
        (date(2026, 10, 25), 540, "09:00"),  # back in winter
    ],
)
def test_the_hour_is_the_practices_over_both_changes_of_the_clocks(day, minute, utc):
    assert turns.moment(bare(Every.DAY, minute=minute), day).strftime("%H:%M") == utc


def test_the_draft_is_made_at_the_same_hour_though_the_clocks_change_between():
    rhythm = bare(Every.DAY, lead_days=3)
    for day, hours in ((date(2026, 3, 30), 71), (date(2026, 10, 26), 73)):
        assert turns.moment(rhythm, day) - turns.draft_at(rhythm, day) == timedelta(hours=hours)


def test_the_hour_follows_the_practices_zone(setting):
    setting(TIMEZONE="Asia/Tokyo")
    assert turns.moment(FIRST_TUESDAY, date(2026, 12, 1)) == datetime(2026, 12, 1, tzinfo=UTC)


def test_todays_turn_is_to_come_until_its_minute():
    at = turns.moment(FIRST_TUESDAY, date(2026, 12, 1))
    assert turns.coming(FIRST_TUESDAY, at - timedelta(seconds=1)) == date(2026, 12, 1)
    assert turns.coming(FIRST_TUESDAY, at) == date(2027, 1, 5)


RHYTHMS = st.one_of(
    st.builds(lambda nth, on: bare(Every.WEEKDAY, nth=nth, weekday=on), st.integers(1, 5), st.integers(0, 6)),
    st.builds(lambda day: bare(Every.DAY, day=day), st.integers(1, 31)),
    st.builds(lambda weeks: bare(Every.WEEKS, weeks=weeks), st.integers(1, 8)),
)
DAYS = st.dates(date(2026, 3, 3), date(2040, 1, 1))


@given(RHYTHMS, DAYS)
def test_no_turn_is_left_out_and_each_is_as_was_asked_for(rhythm, day):
    found = turns.after(rhythm, day)
    assert found > day
    assert all(turns.after(rhythm, day + timedelta(days=ahead)) == found for ahead in range((found - day).days))
    if rhythm.every is Every.WEEKDAY:
        assert found.weekday() == rhythm.weekday
        if rhythm.nth < turns.LAST:
            assert (found.day - 1) // 7 == rhythm.nth - 1
        else:
            assert (found + timedelta(days=7)).month != found.month
    elif rhythm.every is Every.DAY:
        assert found.day == rhythm.day or (found + timedelta(days=1)).day == 1
    else:
        assert (found - rhythm.first_on).days % (7 * rhythm.weeks) == 0
