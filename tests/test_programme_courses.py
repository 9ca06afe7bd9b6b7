"""A course made and told when its mails may come."""

import pytest

from funnel.models.content import Sequence, SequenceState
from funnel.programme import content_files, courses, permitted
from funnel.programme.permitted import Typed
from tests.conftest import NOW

CHRISTMAS = ("2026-12-24", "2026-12-26", "Christmas")
WEEK = [0, 1, 2, 3, 4]


def typed(**changes):
    given = {"title": "A course", "start": "07:00", "end": "10:00", "weekdays": WEEK, "blackouts": []}
    return Typed(**(given | changes))


def faults(**changes):
    return [(fault.field, fault.line, fault.text) for fault in permitted.read(typed(**changes))[1]]


def test_what_is_typed_becomes_the_course_s_columns_and_back():
    values, wrong = permitted.read(typed(weekdays=[1, 5], end="24:00", blackouts=[("", "", ""), CHRISTMAS]))

    assert wrong == []
    assert (values["window_start"], values["window_end"], values["weekdays"]) == (420, 1440, 0b0100010)
    assert values["blackouts"] == [{"from": "2026-12-24", "to": "2026-12-26", "name": "Christmas"}]
    assert permitted.typed(Sequence(**values)) == typed(weekdays=[1, 5], end="24:00", blackouts=[CHRISTMAS])


def test_one_day_alone_is_enough_for_a_blackout_and_it_needs_no_name():
    values, _ = permitted.read(typed(blackouts=[("2026-05-04", "", "")]))

    assert values["blackouts"] == [{"from": "2026-05-04", "to": "2026-05-04", "name": "No mails"}]


@pytest.mark.parametrize(
    ("changes", "field", "line", "told"),
    [
        ({"title": " "}, "title", 0, "is empty"),
        ({"start": "10:00"}, "window", 0, "must begin before it ends"),
        ({"start": "soon"}, "window", 0, "must be two times of day"),
        ({"weekdays": []}, "weekdays", 0, "Choose one day at least"),
        ({"weekdays": [9]}, "weekdays", 0, "Choose one day at least"),
        ({"blackouts": [CHRISTMAS, ("x", "", "")]}, "blackouts", 2, "Give its first and its last day"),
        ({"blackouts": [("2026-05-04", "2026-05-01", "")]}, "blackouts", 1, "before its first"),
        ({"blackouts": [("1026-05-04", "", "")]}, "blackouts", 1, "2020 to 2100"),
        ({"blackouts": [("2026-05-04", "", "x" * 81)]}, "blackouts", 1, "longer than 80"),
        ({"blackouts": [CHRISTMAS] * 51}, "blackouts", 0, "room for 50"),
        ({"blackouts": [("2026-01-01", "2026-07-15", "")]}, "blackouts", 0, "for 196 days; 180 days are the most"),
        ({"blackouts": [("2026-01-01", "2028-07-15", "")]}, "blackouts", 0, "for a year or more"),
    ],
)
def test_what_leaves_no_day_or_cannot_be_read_is_refused_with_its_mend(changes, field, line, told):
    [found] = faults(**changes)

    assert found[:2] == (field, line)
    assert told in found[2]


def test_a_new_course_is_nobody_s_and_its_address_its_own(session):
    first, _ = courses.make(session, "Sleep better", NOW)
    second, _ = courses.make(session, "Sleep better", NOW)

    assert (first.slug, first.state, first.title) == ("sleep-better", SequenceState.DRAFT, "Sleep better")
    assert second.slug.startswith("sleep-better-")
    assert courses.make(session, "睡眠", NOW)[0].slug == "course"


def test_a_course_s_title_is_checked_as_a_file_s_is(session):
    course, [fault] = courses.make(session, "Cure your back", NOW)

    assert course is None
    assert "promises too much" in fault.text


def test_settings_changed_here_outlive_the_file(session):
    content_files.load(session, content_files.FOLDER, NOW)
    course = session.query(Sequence).one()

    courses.change(session, course, {"weekdays": 127, "state": SequenceState.DRAFT})
    content_files.load(session, content_files.FOLDER, NOW)

    session.refresh(course)
    assert (course.weekdays, course.weekends_before, course.state) == (127, True, SequenceState.DRAFT)
