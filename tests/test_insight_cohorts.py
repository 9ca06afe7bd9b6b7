"""Cohorts by the week of the sign-up, and the time from there to the booking. NOW is Tuesday 3 March 2026."""

from datetime import UTC, date, datetime, timedelta

import pytest

from funnel.insight import cohorts, tallies, waits, who
from funnel.insight.cohorts import Cohort
from funnel.insight.whose import Whose
from funnel.models.responses import BookingState
from tests.conftest import NOW
from tests.factories import a_booking, a_subscriber

DAY = timedelta(days=1)
MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)  # four weeks before this one
EVERYBODY = Whose(None, NOW.date())


def somebody(session, at, booked_after=None, state=BookingState.REQUESTED, **person):
    made = a_subscriber(session, created_at=at, confirmed_at=at, **person)
    if booked_after is not None:
        a_booking(session, made, created_at=at + booked_after, state=state)


@pytest.fixture
def counted(session):
    def count(what, *args):
        tallies.freshen(session, NOW)
        return what(session, *args)

    return count


def test_a_week_counts_who_had_booked_by_its_end_and_leaves_out_weeks_that_are_not_over(session, counted):
    for days, after in ((0, 1), (0, 6), (6, 1), (3, 20), (1, None)):
        somebody(session, MONDAY + days * DAY, None if after is None else after * DAY)
    somebody(session, MONDAY, DAY, state=BookingState.CANCELLED)
    found = counted(cohorts.cohorts, EVERYBODY, NOW)
    assert found[-1] == Cohort(date(2026, 2, 2), 6, (2, 3, 3, 4))  # Sunday's guest booked on Monday, the week after
    assert [one.monday for one in found] == [date(2026, 3, 2) - 7 * number * DAY for number in range(5)]
    assert (found[-1].share(0), found[-1].share(4), found[0].share(0)) == (2 / 6, None, None)
    assert found[-1].few


def test_weeks_go_by_the_practices_clock(session, counted, setting):
    setting(TIMEZONE="America/New_York")
    somebody(session, datetime(2026, 2, 9, 4, tzinfo=UTC), 2 * timedelta(hours=1))  # Sunday evening; booked on Monday
    found = counted(cohorts.cohorts, EVERYBODY, NOW)
    assert (found[-1].monday, found[-1].booked) == (date(2026, 2, 2), (0, 1, 1, 1))


def test_who_booked_before_signing_up_counts_at_once(session, counted):
    somebody(session, MONDAY, -9 * DAY)
    assert counted(cohorts.cohorts, EVERYBODY, NOW)[-1].booked == (1, 1, 1, 1)
    assert counted(waits.waits, EVERYBODY).bars[0].people == 1


def test_only_those_of_the_source_and_form_are_asked_and_only_the_newest_weeks(session, counted):
    for days, source in ((0, "ql"), (0, "instagram"), (-100, "ql")):
        somebody(session, MONDAY + days * DAY, DAY, source=source)
    found = counted(cohorts.cohorts, Whose(None, NOW.date(), "ql"), NOW)
    assert [one.people for one in found] == [0, 0, 0, 0, 1]
    assert counted(cohorts.cohorts, Whose(None, NOW.date(), None, form_id=7), NOW) == []


def test_each_cell_opens_as_many_people_as_it_counts(session, counted):
    for days, after in ((0, 1), (0, 6), (6, 1), (3, 20), (9, 3), (10, None)):
        somebody(session, MONDAY + days * DAY, None if after is None else after * DAY)
    found = counted(cohorts.cohorts, EVERYBODY, NOW)
    assert sum(map(sum, (one.booked for one in found))) > 0
    for one in found:
        for week, booked in enumerate(one.booked):
            assert who.cohort(EVERYBODY, one.monday, week).page(session, 1).total == booked


def test_half_and_the_quarters_booked_within(session, counted):
    for days in (1, 2, 10, 12, 30, 60, 90):
        somebody(session, NOW - 100 * DAY, days * DAY)
    somebody(session, NOW - 100 * DAY)
    found = counted(waits.waits, EVERYBODY)
    assert (found.people, found.quarters) == (7, (6 * DAY, 12 * DAY, 45 * DAY))
    assert [(bar.least, bar.people) for bar in found.bars] == [
        (0, 0), (1, 2), (3, 0), (7, 2), (14, 0), (21, 0), (28, 1), (42, 2),
    ]  # fmt: skip
    assert found.most == 2
    for bar in found.bars:
        assert who.waited(EVERYBODY, bar.least, bar.under).page(session, 1).total == bar.people


def test_of_few_or_nobody_no_quarters_are_told(session, counted):
    assert counted(waits.waits, EVERYBODY).quarters is None
    somebody(session, NOW - 9 * DAY, timedelta(hours=23))
    found = counted(waits.waits, EVERYBODY)
    assert (found.people, found.quarters, found.bars[0].people) == (1, None, 1)


@pytest.mark.parametrize(
    ("least", "under", "said"),
    [(0, 1, "less than a day"), (1, 3, "1 to 2 days"), (5, 6, "5 days"), (42, None, "42 days or more")],
)
def test_a_bar_is_called_by_its_days(least, under, said):
    assert waits.words(least, under) == said
