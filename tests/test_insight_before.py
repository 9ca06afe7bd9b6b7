"""The period before, and what a difference to it says."""

from datetime import timedelta

import pytest

from funnel.insight import before, tallies
from funnel.insight.change import Change
from funnel.insight.whose import Whose
from tests.conftest import NOW
from tests.factories import a_booking, a_subscriber

DAY = timedelta(days=1)
TODAY = NOW.date()
WEEK_BEFORE = Whose(TODAY - 13 * DAY, TODAY - 7 * DAY)


@pytest.fixture
def reached(session):
    def ask(whose=WEEK_BEFORE):
        tallies.freshen(session, NOW)
        return before.reached(session, whose, until=NOW - 7 * DAY, as_of=NOW - 7 * DAY)

    return ask


def test_it_is_how_far_they_had_come_when_their_period_was_as_old(session, reached):
    a_subscriber(session, created_at=NOW - 20 * DAY)
    for days, booked in ((10, 8), (10, 2), (8, None)):
        person = a_subscriber(session, created_at=NOW - days * DAY, confirmed_at=NOW - days * DAY)
        if booked is not None:
            a_booking(session, person, created_at=NOW - booked * DAY)
    a_subscriber(session, created_at=NOW - 9 * DAY, confirmed_at=NOW - DAY)
    a_subscriber(session, created_at=NOW - 7 * DAY + timedelta(hours=1))  # later in the day than it is now
    assert reached() == {"signed-up": 4, "confirmed": 3, "clicked": 0, "booking-clicked": 0, "booked": 1}


def test_there_is_nothing_to_compare_with_before_the_first_reader(session, reached):
    assert reached() is None
    a_subscriber(session, created_at=NOW - 9 * DAY)
    assert reached() is None
    a_subscriber(session, created_at=NOW - 13 * DAY)
    assert reached()["signed-up"] == 2
    assert reached(Whose(None, TODAY)) is None


def test_over_many_days_only_the_sign_ups_are_compared(session, reached):
    for days in (400, 200, 150, 20):
        a_subscriber(session, created_at=NOW - days * DAY)
    assert reached(Whose(TODAY - 300 * DAY, TODAY - 100 * DAY)) == {"signed-up": 2}


@pytest.mark.parametrize(
    ("now", "earlier", "said", "telling"),
    [
        (41, 29, "12 more than before", False),
        (141, 29, "112 more than before", True),
        (29, 1141, "1,112 fewer than before", True),
        (12, 0, "12 more than before", False),  # few are no trend
        (5, 5, "as many as before", False),
        (0, 0, "none before either", False),
    ],
)
def test_a_difference_is_told_in_words_and_only_a_large_one_as_a_change(now, earlier, said, telling):
    assert (Change(now, earlier).words, Change(now, earlier).telling) == (said, telling)
