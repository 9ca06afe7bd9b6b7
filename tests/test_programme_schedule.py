"""The schedule by itself: a course walked through without a database, with whatever weather comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.models.content import Sequence, SequenceState, Step, StepKind
from funnel.programme import calendar, schedule
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import Place

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = (0, 2, 4, 7, 10, 14, 18, 24)
READER = Person(LONDON, True, None, None, frozenset(), False)


def a_course(days=DAYS, state=SequenceState.LIVE):
    steps = tuple(
        Step(id=place + 1, day=day, kind=StepKind.TIP, state=SequenceState.LIVE) for place, day in enumerate(days)
    )
    return Course(Sequence(id=1, window_start=420, window_end=600, weekends=False, state=state), steps)


def a_place(course, step=1, start=START, seed=7):
    """On the step of this number, counted from 0, with all before it on time."""
    due_at = start
    for earlier, later in zip(course.steps[:step], course.steps[1 : step + 1], strict=True):
        due_at = calendar.next_due(course.sequence, LONDON, seed, due_at, later.day - earlier.day)
    return Place(seed, 1, 1, 1, course.steps[step].id, due_at, due_at)


def walk(place, person, course, looks):
    """Looks at the place at every time of `looks`, as a tick does when it is due; returns what left, and when."""
    left = []
    for now in looks:
        if place.next_at is None or place.next_at > now:
            continue
        place, step = schedule.advance(place, person, course, now)
        if step:
            left.append((step, now))
            person = replace(person, last_marketing_at=now, had=person.had | {step.id})
    return left, place


def every(minutes, start=START, days=60):
    return [start + timedelta(minutes=minutes * count) for count in range(days * 24 * 60 // minutes)]


def test_a_course_in_fair_weather_keeps_its_days():
    course = a_course()
    left, place = walk(a_place(course), READER, course, every(1, days=40))
    assert [step.id for step, _ in left] == [2, 3, 4, 5, 6, 7, 8]
    assert [(at - START.replace(hour=0)).days for _, at in left] == [2, 6, 9, 13, 17, 21, 27]
    assert place.finished
    assert (place.due_at, place.next_at) == (None, None)


def test_a_late_send_does_not_move_what_follows():
    course = a_course()
    place = a_place(course)
    on_time, _ = schedule.advance(place, READER, course, place.next_at)
    late, step = schedule.advance(place, READER, course, place.next_at + timedelta(minutes=50))
    assert step is course.steps[1]
    assert (late.due_at, late.next_at) == (on_time.due_at, on_time.next_at)


def test_after_long_downtime_the_tips_come_one_a_working_day_until_caught_up():
    course = a_course()
    back = START + timedelta(days=20, hours=9)  # Monday 23 March, 21:00: three weeks of tips are overdue
    left, _ = walk(a_place(course), READER, course, [at for at in every(5) if at >= back])
    days = [at.astimezone(LONDON).strftime("%a %d %b") for _, at in left]
    assert days == [
        *("Tue 24 Mar", "Wed 25 Mar", "Thu 26 Mar", "Fri 27 Mar", "Mon 30 Mar", "Tue 31 Mar", "Wed 01 Apr"),
    ]


WEATHER = st.lists(st.tuples(st.integers(0, 90 * 24), st.integers(1, 15 * 24)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["Europe/London", "America/St_Johns", "Pacific/Chatham", "Australia/Lord_Howe", "Pacific/Niue"]),
    st.integers(1, 10**9),
    WEATHER,
    st.lists(st.integers(0, 60 * 24), max_size=5),
)
def test_whatever_the_weather_each_step_comes_once_inside_the_window_and_20_hours_apart(zone, seed, outages, letters):
    zone, course = ZoneInfo(zone), a_course()
    person = replace(READER, zone=zone)
    due_at = calendar.first_due(course.sequence, zone, seed, START, 2)
    place, left, newsletters = Place(seed, 1, 1, 1, 2, due_at, due_at), [], sorted(letters)
    marketing = []
    for now in every(20, days=160):
        hours = (now - START) / HOUR
        if newsletters and newsletters[0] <= hours:
            newsletters.pop(0)
            person = replace(person, last_marketing_at=now)
            marketing.append(now)
        if any(begins <= hours < begins + length for begins, length in outages):
            continue
        if place.next_at is not None and place.next_at <= now:
            place, step = schedule.advance(place, person, course, now)
            if step:
                assert all(now - earlier >= 20 * HOUR for earlier in marketing)
                asked_for = now.astimezone(zone)
                assert asked_for.weekday() < calendar.SATURDAY
                assert 7 <= asked_for.hour < 11  # the window, and an hour's grace for a tick that is late
                person = replace(person, last_marketing_at=now, had=person.had | {step.id})
                marketing.append(now)
                left.append(step.id)
    assert left == [2, 3, 4, 5, 6, 7, 8]
    assert place.finished


def test_within_20_hours_of_another_mail_the_look_is_put_off_and_the_due_time_stays():
    course = a_course()
    place = a_place(course)
    person = replace(READER, last_marketing_at=place.due_at - 19 * HOUR)
    after, step = schedule.advance(place, person, course, place.due_at)
    assert step is None
    assert after.due_at == place.due_at
    assert after.next_at == calendar.after(course.sequence, LONDON, place.id, place.due_at + HOUR)
    _, step = schedule.advance(place, replace(READER, last_marketing_at=place.due_at - 20 * HOUR), course, place.due_at)
    assert step is course.steps[1]


def test_while_a_mail_of_the_course_waits_no_second_is_planned():
    course = a_course()
    place = a_place(course, step=2)
    after, step = schedule.advance(place, replace(READER, waiting=True), course, place.due_at)
    assert step is None
    assert after.due_at == place.due_at
    assert after.next_at >= place.due_at + 20 * HOUR


def test_a_pause_holds_the_step_and_those_after_it_until_its_end():
    course = a_course()
    place = a_place(course)
    ends = place.due_at + timedelta(days=9, hours=3)
    after, step = schedule.advance(place, replace(READER, paused_until=ends), course, place.due_at)
    assert step is None
    assert after.step_id == place.step_id
    assert after.due_at == after.next_at == calendar.after(course.sequence, LONDON, place.id, ends)
    _, step = schedule.advance(place, replace(READER, paused_until=place.due_at), course, place.due_at)
    assert step is course.steps[1]


@pytest.mark.parametrize(
    ("person", "state"),
    [
        (replace(READER, mailable=False), SequenceState.LIVE),
        (replace(READER, mailable=False, paused_until=START), SequenceState.LIVE),
        (READER, SequenceState.DRAFT),
        (READER, SequenceState.RETIRED),
    ],
)
def test_who_may_not_be_mailed_and_a_course_that_is_not_live_are_looked_at_again_a_day_later(person, state):
    course = a_course(state=state)
    place = a_place(course)
    after, step = schedule.advance(place, person, course, place.due_at)
    assert step is None
    assert after.due_at == after.next_at
    assert after.next_at.astimezone(LONDON).date() == (place.due_at + DAY).astimezone(LONDON).date()


def test_a_retired_step_is_passed_over_and_the_next_keeps_its_day():
    course = a_course()
    course.steps[2].state = SequenceState.RETIRED
    left, _ = walk(a_place(course), READER, course, every(1, days=40))
    assert [step.id for step, _ in left] == [2, 4, 5, 6, 7, 8]
    assert [(at - START.replace(hour=0)).days for _, at in left][:2] == [2, 7]  # two and five days


def test_a_step_retired_while_people_wait_for_it_is_passed_over_too():
    course = a_course()
    place = a_place(course, step=3)
    course.steps[3].state = SequenceState.RETIRED
    after, step = schedule.advance(place, READER, course, place.due_at)
    assert (step, after.step_id) == (None, course.steps[4].id)
    assert after.due_at == after.next_at == calendar.next_due(course.sequence, LONDON, place.id, place.due_at, 3)


def test_a_step_the_person_has_had_is_passed_over_and_the_last_one_ends_the_course():
    course = a_course()
    place = a_place(course, step=7)
    after, step = schedule.advance(place, replace(READER, had=frozenset({8})), course, place.due_at)
    assert (step, after.finished) == (None, True)


def test_a_changed_day_counts_for_what_follows_and_not_for_those_who_wait():
    course = a_course(days=(0, 2, 4))
    place = a_place(course)
    course.steps[1].day, course.steps[2].day = 3, 10
    after, step = schedule.advance(place, READER, course, place.due_at)
    assert step is course.steps[1]
    assert after.due_at == calendar.next_due(course.sequence, LONDON, place.id, place.due_at, 7)


def test_a_window_that_was_moved_counts_at_once():
    course = a_course()
    place = a_place(course)
    course.sequence.window_start, course.sequence.window_end = 18 * 60, 20 * 60
    after, step = schedule.advance(place, READER, course, place.due_at)
    assert step is None
    assert 18 <= after.next_at.astimezone(LONDON).hour < 20


def test_a_tick_up_to_an_hour_late_for_the_end_of_the_window_still_sends():
    course = a_course()
    seed = next(seed for seed in range(1, 9999) if calendar.minute(course.sequence, seed) == 599)
    place = a_place(course, seed=seed)
    assert schedule.advance(place, READER, course, place.due_at + schedule.LATENESS)[1]
    after, step = schedule.advance(place, READER, course, place.due_at + schedule.LATENESS + timedelta(minutes=1))
    assert step is None
    assert after.next_at == place.due_at + DAY


def test_a_place_without_a_step_is_finished():
    course = a_course()
    after, step = schedule.advance(Place(7, 1, 1, 1, None, None, START), READER, course, START)
    assert (step, after.finished, after.next_at) == (None, True, None)


def test_a_rehearsal_keeps_the_order_and_the_scaled_20_hours(setting):
    setting(DAY_SECONDS="1", SMTP_URL="")
    course = a_course()
    place = Place(7, 1, 1, 1, 2, START, START)
    looks = [START + timedelta(milliseconds=100 * count) for count in range(300)]
    left, _ = walk(place, READER, course, looks)
    assert [(at - START).total_seconds() for _, at in left] == [0, 2, 5, 8, 12, 16, 22]
