"""What somebody gets who joins a course then, foretold."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.models.content import Enrolment, SequenceState, StepKind
from funnel.programme import course, enrolment, joining, outlook
from tests import factories

LONDON, AUCKLAND = ZoneInfo("Europe/London"), ZoneInfo("Pacific/Auckland")
TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # by London's clock too


@pytest.fixture
def sequence(session):
    return factories.a_sequence(session, (0, 2, 4))


def foretold(session, sequence, zone=LONDON, at=TUESDAY):
    session.flush()
    return joining.foretold(course.load(session, [sequence.id])[sequence.id], zone, at)


def days(found, zone=LONDON):
    return [(one.first.astimezone(zone).day, one.last.astimezone(zone).day) for one in found]


def test_the_first_comes_at_once_and_the_others_in_the_hours_of_the_course(session, sequence):
    welcome, second, third = foretold(session, sequence)

    assert welcome.first == welcome.last == TUESDAY
    assert (f"{second.first:%d %H:%M}", f"{second.last:%d %H:%M}") == ("05 07:00", "05 09:59")
    assert (f"{third.first:%d %H:%M}", f"{third.last:%d %H:%M}") == ("09 07:00", "09 09:59")
    assert [one.moved for one in (welcome, second)] == ["", ""]


def test_what_a_weekend_moves_says_so(session, sequence):
    third = foretold(session, sequence)[2]
    assert third.moved == "no mails on a Saturday, no mails on a Sunday"


def test_what_a_holiday_moves_says_so_and_takes_the_next_along(session, sequence):
    sequence.blackouts = [{"from": "2026-03-04", "to": "2026-03-05", "name": "A fair"}]
    _, second, third = foretold(session, sequence)

    assert days([second, third]) == [(6, 6), (9, 9)]
    assert second.moved == "no mails: A fair"
    assert third.moved == "no mails on a Sunday"


def test_twenty_hours_between_two_mails_move_the_early_minutes_a_day(session):
    sequence = factories.a_sequence(session, (0, 1))
    noon = TUESDAY.replace(hour=12, minute=30)
    second = foretold(session, sequence, at=noon)[1]

    assert days([second]) == [(4, 5)]
    assert second.moved == "there are 20 hours between two mails"


def test_it_is_by_the_clock_of_whoever_joins(session, sequence):
    second = foretold(session, sequence, AUCKLAND)[1]
    assert (f"{second.first.astimezone(AUCKLAND):%d %H:%M}", second.first.utcoffset()) == ("05 07:00", timedelta(0))


def test_clocks_that_change_move_no_minute(session, sequence):
    second = foretold(session, sequence, at=datetime(2026, 3, 28, 9, tzinfo=UTC))[1]  # they go forward on the 29th
    assert f"{second.first.astimezone(LONDON):%d %H:%M}" == "30 07:00"


def test_long_hours_are_tried_from_the_first_minute_to_the_last(session, sequence):
    sequence.window_start, sequence.window_end = 0, 1440
    second = foretold(session, sequence)[1]
    assert (f"{second.first:%d %H:%M}", f"{second.last:%d %H:%M}") == ("05 00:00", "05 23:59")


def test_a_course_that_does_not_begin_at_once_begins_on_its_day(session):
    sequence = factories.a_sequence(session, (0, 2))
    sequence.steps[0].kind, sequence.steps[0].day = StepKind.TIP, 1
    assert days(foretold(session, sequence)) == [(4, 4), (5, 5)]


def test_nothing_is_foretold_of_a_course_that_is_not_live_or_has_no_mail(session, sequence):
    assert foretold(session, factories.a_sequence(session, ())) == []
    sequence.state = SequenceState.DRAFT
    assert foretold(session, sequence) == []


def test_in_a_rehearsal_there_are_no_hours(session, sequence, setting):
    setting(DAY_SECONDS="10")
    found = foretold(session, sequence)
    assert [one.first for one in found] == [TUESDAY + timedelta(seconds=seconds) for seconds in (0, 20, 40)]
    assert [one.moved for one in found] == ["", "", ""]


@pytest.mark.parametrize("hour", [0, 9, 13, 23])
def test_whoever_does_join_gets_it_within_what_was_foretold(session, sequence, hour):
    at = TUESDAY.replace(hour=hour, minute=17)
    expected = foretold(session, sequence, at=at)[1:]
    for _ in range(5):
        person = factories.a_subscriber(session)
        enrolment.enrol(session, person.id, sequence.id, at)
        factories.a_stamp(session, person, at)
        coming = outlook.outlook(session, person.id, at)
        assert len(coming) == 2
        for one, foreseen in zip(coming, expected, strict=True):
            assert foreseen.first <= one.at <= foreseen.last, session.query(Enrolment).count()
