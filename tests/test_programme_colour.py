"""A form's colour: what is one, and that words in it can be read on every ground."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.programme import colour

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("", ""), (" #1D5C54 ", "#1d5c54"), ("1d5c54", "#1d5c54"), ("#036", "#003366"), ("green", None), ("#12345", None)],
)
def test_what_is_a_colour(typed, read):
    assert colour.written(typed) == read


def test_the_contrast_is_that_of_the_standard():
    assert round(colour.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colour.contrast("#777777", "#ffffff"), 2) == 4.48
    assert colour.contrast("#123456", "#123456") == 1


@settings(max_examples=30)
@given(COLOURS)
def test_the_nearest_that_is_offered_can_be_read_in_light_and_dark(found):
    day, night = colour.by_day(found), colour.by_night(found)

    assert colour.least(day, colour.LIGHT) >= colour.LEAST
    assert colour.least(night, colour.DARK) >= colour.LEAST
    assert colour.accent(day) == day == colour.by_day(day)
    for one, paper, words in ((day, colour.PAPER, "#565f5d"), (night, colour.DARK_PAPER, "#a9b2ad")):
        wash = colour.wash(one, paper)
        assert min(colour.contrast(one, wash), colour.contrast(words, wash)) >= colour.LEAST


def test_one_that_is_too_light_is_refused_with_the_nearest_that_is_not():
    with pytest.raises(ValueError, match=r"contrast of 1\.\d to 1.*nearest that can be read is #"):
        colour.accent("#ffd400")
    with pytest.raises(ValueError, match="must be a colour"):
        colour.accent("green")


def test_the_house_s_own_colour_passes():
    assert colour.accent("#1d5c54") == "#1d5c54"
