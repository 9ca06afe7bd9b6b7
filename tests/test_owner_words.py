"""How times and counts are said."""

from datetime import UTC, date, datetime, timedelta

import pytest

from funnel.db import utc_now
from funnel.web.owner import words
from tests.conftest import NOW


def test_a_moment_is_told_by_the_practices_clock(clean):
    july = datetime(2019, 7, 1, 23, 30, tzinfo=UTC)

    assert words.moment(july) == "2 Jul 2019, 00:30"
    assert words.moment(None) == "–"


def test_a_day_of_this_year_names_its_weekday(clean):
    this_year = date(utc_now().year, 6, 5)

    assert words.day(this_year) == f"{this_year:%a} 5 Jun"
    assert words.day(date(2019, 6, 5)) == "5 Jun 2019"


def test_a_week_and_a_month_are_told_by_their_beginning(clean):
    monday = date(2019, 6, 3)

    assert words.span(monday, "day") == "3 Jun 2019"
    assert words.span(monday, "week") == "week of 3 Jun 2019"
    assert words.span(monday, "month") == "Jun 2019"


def test_a_reason_becomes_a_sentence():
    assert words.sentence("the relay asked to wait") == "The relay asked to wait."
    assert words.sentence("Left.") == "Left."
    assert words.sentence("") == ""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=2, minutes=59), "2 hours ago"),
        (timedelta(days=3), "3 days ago"),
        (-timedelta(hours=5), "in 5 hours"),
    ],
)
def test_a_distance_is_told_in_its_largest_unit(before, said):
    assert words.ago(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, "–"), (0, "0 %"), (0.004, "0.4 %"), (0.0994, "9.9 %"), (0.0996, "10 %"), (0.5, "50 %"), (1.2, "120 %")],
)
def test_a_small_rate_has_a_decimal(share, said):
    assert words.percent(share) == said


def test_counts_have_their_noun():
    assert (words.counted(1, "person", "people"), words.counted(1234, "mail")) == ("1 person", "1,234 mails")


def test_a_strangers_address_orders_nothing_of_the_mail_program():
    assert words.mailto("ada@example.org") == "mailto:ada@example.org"
    assert words.mailto("ada%40x.example?bcc=eve&x=@example.org") == (
        "mailto:ada%2540x.example%3Fbcc%3Deve%26x%3D@example.org"
    )
