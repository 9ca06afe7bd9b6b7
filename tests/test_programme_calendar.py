from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from funnel.config import settings as house
from funnel.models.content import Sequence
from funnel.programme import calendar
from tests import factories

COURSE = Sequence(window_start=7 * 60, window_end=10 * 60, weekends=False)
DAILY = Sequence(window_start=7 * 60, window_end=10 * 60, weekends=True)
NIGHTLY = Sequence(window_start=0, window_end=4 * 60, weekends=True)  # where the clocks change
LONDON, ROME = ZoneInfo("Europe/London"), ZoneInfo("Europe/Rome")

LEFT_A_DAY_OUT = {  # since 1990, by moving across the date line
    *("Pacific/Apia", "Pacific/Fakaofo", "Pacific/Enderbury", "Pacific/Kanton", "Pacific/Kiritimati"),
    *("Pacific/Kwajalein", "Kwajalein"),
}
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
SEEDS = st.integers(1, 2**62)
NEAR_CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 29, tzinfo=UTC),  # Europe goes forward,
        datetime(2026, 10, 25, tzinfo=UTC),  # and back
        datetime(2026, 3, 8, tzinfo=UTC),  # North America
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 4, 4, tzinfo=UTC),  # Lord Howe, by half an hour
        datetime(2026, 10, 3, tzinfo=UTC),
        datetime(2011, 12, 30, tzinfo=UTC),  # Samoa leaves a Friday out
        datetime(1993, 8, 21, tzinfo=UTC),  # Kwajalein a Saturday
        datetime(2018, 5, 4, tzinfo=UTC),  # North Korea, by half an hour, at 23:30
    ]
)
MOMENTS = st.one_of(
    st.builds(lambda hours: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hours), st.floats(0, 600_000)),
    st.builds(lambda day, hours: day + timedelta(hours=hours), NEAR_CHANGES, st.floats(-72, 72)),
)
DAYS = st.lists(st.integers(1, 10), min_size=1, max_size=12)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone)


def chain(sequence: Sequence, zone: ZoneInfo, seed: int, start: datetime, days: list[int]) -> list[datetime]:
    found = [calendar.first_due(sequence, zone, seed, start, days[0])]
    for count in days[1:]:
        found.append(calendar.next_due(sequence, zone, seed, found[-1], count))
    return found


@settings(max_examples=400)
@given(ZONES, SEEDS, MOMENTS, DAYS)
def test_a_mail_is_due_inside_the_window_and_never_at_a_weekend(zone, seed, start, days):
    for due in chain(COURSE, zone, seed, start, days):
        assert 7 <= local(due, zone).hour < 10
        assert local(due, zone).weekday() < calendar.SATURDAY


@settings(max_examples=400)
@given(ZONES, SEEDS, MOMENTS, DAYS)
def test_mails_are_due_one_after_the_other_at_the_same_minute_of_the_day(zone, seed, start, days):
    due = chain(COURSE, zone, seed, start, days)
    assert all(earlier < later for earlier, later in zip([start, *due], due, strict=False))
    minutes = {local(found, zone).hour * 60 + local(found, zone).minute for found in due}
    assert minutes == {calendar.minute(COURSE, seed)}
    assert all(found.second == found.microsecond == 0 for found in due)


@settings(max_examples=400)
@given(ZONES, SEEDS, MOMENTS, DAYS)
def test_days_are_local_calendar_days_and_never_fewer_than_asked_for(zone, seed, start, days):
    before = start
    for count, due in zip(days, chain(DAILY, zone, seed, start, days), strict=True):
        passed = local(due, zone).date() - local(before, zone).date()
        assert passed >= timedelta(days=count)
        assert passed == timedelta(days=count) or zone.key in LEFT_A_DAY_OUT
        before = due


@settings(max_examples=400)
@given(ZONES, SEEDS, MOMENTS, DAYS)
def test_at_night_too_a_window_holds_where_the_clocks_change(zone, seed, start, days):
    due = chain(NIGHTLY, zone, seed, start, days)
    assert all(earlier < later for earlier, later in zip([start, *due], due, strict=False))
    assert all(local(found, zone).hour < 4 for found in due)


@settings(max_examples=400)
@given(st.sampled_from([COURSE, DAILY, NIGHTLY]), ZONES, SEEDS, MOMENTS)
def test_the_first_permitted_moment_is_permitted_and_not_before_what_was_asked(sequence, zone, seed, instant):
    found = calendar.after(sequence, zone, seed, instant)
    assert found >= instant
    assert calendar.is_open(sequence, zone, found)
    assert calendar.after(sequence, zone, seed, found) == found
    assert found - instant < timedelta(days=5)


@settings(max_examples=200)
@given(ZONES, SEEDS, MOMENTS, st.integers(-400, 400))
def test_moving_by_whole_days_keeps_whole_days_and_the_minute(zone, seed, start, days):
    at = calendar.after(COURSE, zone, seed, start)
    moved = calendar.moved(COURSE, zone, seed, at, timedelta(days=days))
    assert calendar.is_open(COURSE, zone, moved)
    assert timedelta() <= local(moved, zone).date() - (local(at, zone).date() + timedelta(days=days)) <= timedelta(3)


@st.composite
def some_days_off(draw):
    """A course's weekdays and blackouts that leave it days, as what is saved does."""
    weekdays = draw(st.integers(1, 127))
    blackouts = []
    for _ in range(draw(st.integers(0, 5))):
        first = date(2026, 1, 1) + timedelta(days=draw(st.integers(-200, 900)))
        last = first + timedelta(days=draw(st.integers(0, 100)))
        blackouts.append({"from": first.isoformat(), "to": last.isoformat(), "name": "Away"})
    assume(calendar.rest(weekdays, blackouts) <= calendar.LONGEST_REST)
    return Sequence(window_start=7 * 60, window_end=10 * 60, weekdays=weekdays, blackouts=blackouts)


def off(sequence: Sequence, on: date) -> bool:
    """Told day by day, another way than the calendar does."""
    away = [(date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in sequence.blackouts]
    return not sequence.weekdays & 2 ** on.weekday() or any(first <= on <= last for first, last in away)


@settings(max_examples=400)
@given(some_days_off(), ZONES, SEEDS, st.floats(-400, 1200), DAYS)
def test_a_mail_never_comes_on_a_weekday_or_in_a_time_that_is_left_out(sequence, zone, seed, day, days):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    due = chain(sequence, zone, seed, start, days)
    assert not any(off(sequence, local(found, zone).date()) for found in due)
    assert all(earlier < later for earlier, later in zip([start, *due], due, strict=False))
    found = calendar.after(sequence, zone, seed, start)
    assert timedelta() <= found - start <= timedelta(days=calendar.LONGEST_REST + 3)
    assert calendar.is_open(sequence, zone, found)


@settings(max_examples=200)
@given(some_days_off())
def test_the_longest_rest_is_what_counting_every_day_gives(sequence):
    run = longest = 0
    for number in range(-300, 1400):
        run = run + 1 if off(sequence, date(2026, 1, 1) + timedelta(days=number)) else 0
        longest = max(longest, run)
    assert calendar.rest(sequence.weekdays, sequence.blackouts) == longest


def test_days_off_that_follow_each_other_are_one_rest():
    spans = [("2026-01-01", "2026-04-10"), ("2026-04-13", "2026-07-31"), ("2026-03-01", "2026-03-05")]
    blackouts = [{"from": first, "to": last, "name": "Away"} for first, last in spans]

    assert calendar.rest(0b0011111, blackouts) == 100 + 2 + 110 + 2  # with both weekends at the seam and the end
    assert calendar.rest(0, []) == calendar.LOOKED_AHEAD
    assert calendar.rest(0b1000000, []) == 6
    assert calendar.rest(0b1111111, []) == 0
    assert calendar.rest(0b1111111, [{"from": "2026-01-01", "to": "2099-01-01", "name": "Away"}]) == 366


def test_where_no_day_is_left_that_is_said_and_nothing_hangs():
    never = Sequence(title="Never", window_start=0, window_end=60, weekdays=127, blackouts=[])
    never.blackouts = [{"from": "2026-01-01", "to": "2030-01-01", "name": "Away"}]

    with pytest.raises(calendar.NoDayLeft, match="“Never” has no day left"):
        calendar.after(never, LONDON, 1, datetime(2026, 3, 3, tzinfo=UTC))


def test_the_course_of_eight_mails_keeps_its_days_over_the_change_of_clocks():
    tuesday = datetime(2026, 3, 17, 15, 30, tzinfo=UTC)
    due = chain(COURSE, LONDON, 1, tuesday, [2, 2, 3, 3, 4, 4, 6])
    # Thursday 19; Saturday 21 becomes Monday 23; and those after it count from there.
    assert [local(found, LONDON).date().isoformat() for found in due] == [
        "2026-03-19", "2026-03-23", "2026-03-26", "2026-03-30", "2026-04-03", "2026-04-07", "2026-04-13",
    ]  # fmt: skip
    assert len({local(found, LONDON).time() for found in due}) == 1


def test_a_time_that_does_not_exist_moves_forward():
    seed = next(n for n in range(1, 9999) if calendar.minute(NIGHTLY, n) == 2 * 60 + 30)
    due = calendar.first_due(NIGHTLY, ROME, seed, datetime(2026, 3, 27, 12, tzinfo=UTC), 2)
    assert local(due, ROME).isoformat() == "2026-03-29T03:30:00+02:00"


def test_a_time_that_exists_twice_means_the_first_and_comes_once():
    seed = next(n for n in range(1, 9999) if calendar.minute(NIGHTLY, n) == 2 * 60 + 30)
    due = calendar.first_due(NIGHTLY, ROME, seed, datetime(2026, 10, 23, 12, tzinfo=UTC), 2)
    assert local(due, ROME).isoformat() == "2026-10-25T02:30:00+02:00"
    again = calendar.after(NIGHTLY, ROME, seed, due + timedelta(minutes=1))
    assert local(again, ROME).isoformat() == "2026-10-26T02:30:00+01:00"


def test_a_day_that_was_left_out_of_the_calendar_moves_to_the_next_working_day():
    samoa = ZoneInfo("Pacific/Apia")
    due = calendar.first_due(COURSE, samoa, 5, datetime(2011, 12, 28, 20, tzinfo=UTC), 2)
    assert local(due, samoa).date() == date(2012, 1, 2)  # Friday 30 December never was


def test_a_person_on_the_other_side_of_the_date_line_counts_their_own_days():
    start = datetime(2026, 3, 3, 10, 30, tzinfo=UTC)  # already Wednesday on Kiritimati, still Monday on Midway
    for name, expected in (("Pacific/Kiritimati", date(2026, 3, 6)), ("Pacific/Midway", date(2026, 3, 4))):
        zone = ZoneInfo(name)
        assert local(calendar.first_due(COURSE, zone, 1, start, 2), zone).date() == expected


def test_mails_are_spread_over_the_whole_window():
    minutes = {calendar.minute(COURSE, seed) for seed in range(1, 5000)}
    assert minutes == set(range(7 * 60, 10 * 60))


def test_two_steps_of_one_day_come_on_two_days():
    due = calendar.next_due(COURSE, LONDON, 1, datetime(2026, 3, 3, 8, tzinfo=UTC), 0)
    assert local(due, LONDON).date() == date(2026, 3, 4)


def test_a_rehearsal_adds_days_of_its_own_and_knows_no_window_weekend_or_blackout(setting, monkeypatch):
    setting(DAY_SECONDS="2", SMTP_URL="")
    monkeypatch.setattr(COURSE, "blackouts", [{"from": "2026-01-01", "to": "2026-12-31", "name": "Away"}])
    saturday_night = datetime(2026, 3, 7, 23, tzinfo=UTC)
    assert calendar.first_due(COURSE, LONDON, 1, saturday_night, 3) == saturday_night + timedelta(seconds=6)
    assert calendar.next_due(COURSE, LONDON, 1, saturday_night, 2) == saturday_night + timedelta(seconds=4)
    assert calendar.after(COURSE, LONDON, 1, saturday_night) == saturday_night
    assert calendar.moved(COURSE, LONDON, 1, saturday_night, timedelta(3)) == saturday_night + timedelta(3)
    assert calendar.is_open(COURSE, LONDON, saturday_night)
    assert calendar.days(3) == timedelta(seconds=6)
    assert calendar.quiet() == timedelta(seconds=20 / 12)


def test_a_zone_that_is_not_known_is_the_practices(setting):
    setting(TIMEZONE="Europe/Rome")
    for name in ("", "Mars/Olympus", "../etc/passwd", "America", "\0"):
        assert calendar.zone(name) == house().zone == ROME
    assert calendar.zone("Asia/Kolkata").key == "Asia/Kolkata"


@pytest.mark.parametrize("weekdays", [0, 128])
def test_a_week_without_a_day_is_refused_by_the_database(session, weekdays):
    with pytest.raises(IntegrityError, match="ck_sequence_weekdays"):
        factories.a_sequence(session, weekdays=weekdays)


@pytest.mark.parametrize(("start", "end"), [(600, 600), (600, 420), (-1, 60), (600, 1441)])
def test_a_window_that_never_opens_is_refused_by_the_database(session, start, end):
    with pytest.raises(IntegrityError, match="ck_sequence_window"):
        factories.a_sequence(session, window_start=start, window_end=end)
