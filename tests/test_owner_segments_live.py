"""A segment in a browser: the count and the people follow while it is made."""

import pytest

from tests import factories
from tests.browser import PHONE
from tests.test_owner_accessibility import complaints, desk, practice  # noqa: F401

pytestmark = pytest.mark.browser


def test_the_count_follows_the_rule_and_only_what_a_choice_needs_is_asked_for(live, desk, practice):
    practice.set_up()
    ada, _ = practice.newcomer("Ada"), practice.newcomer("Ben")
    factories.a_booking(practice.session, ada)
    practice.session.commit()
    window = desk(width=PHONE)
    said = complaints(window)
    window.goto(f"{live}/owner/segments/new")
    window.get_by_text("2 people who may be written to").wait_for()
    days = window.get_by_label("days", exact=True)
    assert (days.is_visible(), window.get_by_role("button", name="Count them").is_visible()) == (False, False)

    window.get_by_label("What: line 1 of group 1").select_option("booked")
    window.get_by_text("1 person who may be written to").wait_for()
    assert window.locator("[data-sample] li").all_inner_texts() == [f"{ada.email} Ada"]
    window.get_by_label("What: line 1 of group 1").select_option("quiet")
    assert days.is_visible()
    window.get_by_label("Name", exact=True).fill("Half a name")
    window.get_by_role("button", name="Add a line").click()
    window.get_by_label("What: line 2 of group 1").wait_for()
    assert window.get_by_label("Name", exact=True).input_value() == "Half a name"
    assert window.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert said == []
