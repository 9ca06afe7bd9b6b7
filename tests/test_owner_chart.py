"""The geometry of the chart."""

from datetime import date, timedelta

import pytest

from funnel.web.owner import chart

FIRST = date(2026, 3, 2)  # a Monday


def days(number):
    return [FIRST + timedelta(days=place) for place in range(number)]


def test_a_bar_is_as_high_as_its_count_and_stacked_by_source():
    drawn = chart.drawn(days(2), {"post": [3, 0], "instagram": [1, 4]})

    assert (drawn.unit, drawn.top, drawn.total, drawn.width) == ("day", 4, 8, 20)
    assert drawn.names == ("instagram", "post")  # the larger one stands at the foot
    first, second = drawn.bars
    assert [(piece.y, piece.height, piece.colour) for piece in first.pieces] == [
        (75, 25, "c1"),
        (0, 75 - chart.GAP, "c2"),
    ]
    assert [(piece.x, piece.height) for piece in second.pieces] == [(11.2, 100)]
    assert drawn.best is first


def test_nobody_at_all_makes_bars_without_pieces():
    drawn = chart.drawn(days(7), {})

    assert (drawn.total, drawn.top, len(drawn.bars)) == (0, 2, 7)
    assert not any(bar.pieces for bar in drawn.bars)


@pytest.mark.parametrize(
    ("length", "unit", "bars"),
    [
        (chart.MOST_DAYS, "day", 92),
        (chart.MOST_DAYS + 1, "week", 14),
        (chart.MOST_WEEKS * 7, "week", 104),
        (chart.MOST_WEEKS * 7 + 1, "month", 24),
    ],
)
def test_many_days_are_gathered_into_weeks_and_months(length, unit, bars):
    drawn = chart.drawn(days(length), {"post": [1] * length})

    assert (drawn.unit, len(drawn.bars), drawn.total) == (unit, bars, length)


def test_a_week_begins_on_monday_and_a_month_on_its_first():
    sunday = [FIRST - timedelta(days=1) + timedelta(days=place) for place in range(100)]
    assert [bar.start for bar in chart.drawn(sunday, {}).bars][:2] == [FIRST - timedelta(days=7), FIRST]
    assert chart.drawn(days(800), {}).bars[0].start == date(2026, 3, 1)


def test_sources_beyond_the_colours_go_into_one():
    drawn = chart.drawn(days(1), {f"source-{number}": [number] for number in range(1, 9)})

    assert drawn.names == ("source-8", "source-7", "source-6", "source-5", "source-4", chart.OTHERS)
    assert drawn.bars[0].counts == (8, 7, 6, 5, 4, 1 + 2 + 3)
    assert drawn.colours[-1] == "c-others"


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (7, 10), (41, 60), (61, 100), (199, 200), (601, 1000)]
)
def test_the_scale_ends_on_a_number_whose_half_is_whole(most, top):
    assert chart.drawn(days(1), {"post": [most]}).top == top
