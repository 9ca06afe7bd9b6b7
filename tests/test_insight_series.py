from datetime import UTC, date, datetime, timedelta

from funnel.insight import series, tallies
from tests.conftest import NOW
from tests.factories import a_subscriber

TODAY = NOW.date()
DAY = timedelta(days=1)


def sign_ups(session, since, until):
    tallies.freshen(session, until)
    return series.sign_ups(session, since, until)


def test_every_day_of_the_period_is_there_and_the_largest_source_first(session):
    for days, source in ((0, "ql"), (0, "ql"), (2, "ql"), (2, ""), (9, "ql")):
        a_subscriber(session, created_at=NOW - days * DAY, source=source)
    found = sign_ups(session, NOW - 3 * DAY, NOW)
    assert found.days == (TODAY - 3 * DAY, TODAY - 2 * DAY, TODAY - DAY, TODAY)
    assert list(found.counts.items()) == [("ql", (0, 1, 0, 2)), ("", (0, 1, 0, 0))]
    assert found.total == 4


def test_a_day_is_the_practices_own(session, setting):
    setting(TIMEZONE="America/New_York")
    a_subscriber(session, created_at=datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
    a_subscriber(session, created_at=datetime(2026, 3, 3, 5, 0, tzinfo=UTC))
    found = sign_ups(session, datetime(2026, 3, 2, 12, tzinfo=UTC), NOW)
    assert found.days == (date(2026, 3, 2), date(2026, 3, 3))
    assert found.counts == {"": (1, 1)}


def test_the_day_the_clocks_change_is_one_day(session):
    for at in (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 30, tzinfo=UTC)):
        a_subscriber(session, created_at=at)
    a_subscriber(session, created_at=datetime(2026, 3, 29, 23, 30, tzinfo=UTC))
    found = sign_ups(session, datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert found.counts == {"": (2, 1)}


def test_ever_begins_with_the_first_person_and_today_when_there_is_none(session):
    assert sign_ups(session, None, NOW) == series.SignUps((TODAY,), {})
    a_subscriber(session, created_at=NOW - 400 * DAY)
    assert sign_ups(session, None, NOW).days[0] == TODAY - 400 * DAY
