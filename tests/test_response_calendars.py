from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.response import calendars

WHO = {"name": "Ada", "email": "ada@example.org", "reference": "abcDEF123456", "campaign": "mail-7"}


def query(page, **changes):
    return {
        key: value[0] for key, value in parse_qs(urlsplit(calendars.address(page, **(WHO | changes))).query).items()
    }


@pytest.mark.parametrize("page", ["https://cal.com/alessandro/60min", "https://app.cal.com/a", "https://CAL.eu/a"])
def test_cal_com_takes_the_reference_as_metadata(page):
    assert query(page) == {"name": "Ada", "email": "ada@example.org", "metadata[ref]": "abcDEF123456"}


def test_calendly_takes_the_reference_as_utm_content():
    assert query("https://calendly.com/alessandro/60min?month=2026-03") == {
        "month": "2026-03",
        "name": "Ada",
        "email": "ada@example.org",
        "utm_source": "funnel",
        "utm_campaign": "mail-7",
        "utm_content": "abcDEF123456",
    }


@pytest.mark.parametrize("page", ["https://app.acuityscheduling.com/schedule.php?owner=1", "https://a.as.me/?owner=1"])
def test_acuity_takes_the_name_as_first_name_and_no_reference(page):
    assert query(page) == {"owner": "1", "firstName": "Ada", "email": "ada@example.org"}


def test_a_host_that_only_ends_alike_is_another():
    assert query("https://notcal.com/a") == {"name": "Ada", "email": "ada@example.org", "ref": "abcDEF123456"}


def test_what_is_empty_is_left_out_and_what_is_there_twice_is_replaced():
    assert query("https://book.example.org?ref=old&x=", name="", email="") == {"ref": "abcDEF123456"}
    assert calendars.address("https://book.example.org?ref=old&x=#times", **(WHO | {"name": "", "email": ""})) == (
        "https://book.example.org/?x=&ref=abcDEF123456#times"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_or_address_can_leave_its_place(name, email):
    target = calendars.address("https://book.example.org/a?b=c", **(WHO | {"name": name, "email": email}))
    assert target.startswith("https://book.example.org/a?b=c&")
    found = parse_qs(urlsplit(target).query, keep_blank_values=True)
    assert found == {"b": ["c"], "ref": ["abcDEF123456"]} | {
        key: [value] for key, value in (("name", name), ("email", email)) if value
    }
