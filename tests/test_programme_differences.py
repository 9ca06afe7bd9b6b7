"""What differs between two texts, and two edits of one text made one."""

from hypothesis import given
from hypothesis import strategies as st

from funnel.programme import differences, merge
from funnel.programme.differences import Mark

LINES = st.lists(st.sampled_from(["one", "two", "three words here", "four", ""]), max_size=8).map("\n".join)
IN, OUT, SAME = Mark.IN, Mark.OUT, Mark.SAME


def test_a_changed_word_is_shown_within_its_line():
    [line] = differences.lines("Stand tall and breathe.", "Stand up and breathe.")

    assert line.runs == ((SAME, "Stand "), (OUT, "tall"), (IN, "up"), (SAME, " and breathe."))
    assert line.whole is None


def test_a_new_line_and_one_that_is_gone_are_whole():
    found = differences.lines("a\nThis one goes away\nb", "a\nb\nsomething quite different")

    assert [(line.whole, line.runs[0][1]) for line in found if line.whole is not SAME] == [
        (OUT, "This one goes away"),
        (IN, "something quite different"),
    ]


def test_what_lies_between_two_changes_is_left_out():
    old = "\n".join(f"line number {n}" for n in range(30))
    found = differences.lines(old, old.replace("number 3\n", "number three\n").replace("number 25", "number x"))

    assert [line.number for line in found if not line.is_gap] == [2, 3, 4, 5, 6, 24, 25, 26, 27, 28]
    assert [line.is_gap for line in found].count(True) == 2


@given(LINES, LINES)
def test_every_line_that_differs_is_told_and_the_new_text_can_be_read_off(old, new):
    found = differences.lines(old, new)

    assert bool(found) == (old.splitlines() != new.splitlines())
    shown = {
        line.number: "".join(text for mark, text in line.runs if mark is not OUT)
        for line in found
        if not line.is_gap and line.whole is not OUT
    }
    assert all(new.splitlines()[number - 1] == text for number, text in shown.items())


@given(LINES, LINES)
def test_where_only_one_of_two_edited_theirs_stands_alone(base, mine):
    end = "\n" if mine.splitlines() else ""

    assert differences.merged(base, mine, base) == ("\n".join(mine.splitlines()) + end, 0)
    assert differences.merged(base, base, mine) == ("\n".join(mine.splitlines()) + end, 0)
    assert differences.merged(base, mine, mine) == ("\n".join(mine.splitlines()) + end, 0)


def test_edits_in_different_places_are_put_together():
    base = "Hello\n\none\ntwo\nthree\n\nBye\n"

    assert differences.merged(base, base.replace("one", "ONE"), base.replace("Bye", "Farewell")) == (
        "Hello\n\nONE\ntwo\nthree\n\nFarewell\n",
        0,
    )


def test_where_both_changed_the_same_both_stand_between_marks_that_cannot_be_saved():
    text, clashes = differences.merged("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n")

    assert clashes == 1
    assert text.splitlines() == ["a", differences.MINE, "mine", differences.THEIRS, "theirs", differences.END, "c"]
    assert [problem.line for problem in merge.check(text)] == [2, 4, 6]


def test_of_a_field_of_one_line_mine_stands_where_both_changed_it():
    base = {"subject": "Old", "preheader": "Old", "day": "2"}
    mine = {"subject": "Mine", "preheader": "Old", "day": "2"}
    theirs = {"subject": "Theirs", "preheader": "New", "day": "2"}

    assert differences.joined(base, mine, theirs) == ({"subject": "Mine", "preheader": "New", "day": "2"}, 1)
