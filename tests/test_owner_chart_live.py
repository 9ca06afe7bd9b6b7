"""The sign-ups as the browser draws them: read, walked through and picked from."""

import re

import pytest

from tests.test_owner_accessibility import complaints, desk, full, practice  # noqa: F401

pytestmark = pytest.mark.browser


def test_the_chart_is_read_by_pointer_and_keyboard_and_leads_to_chosen_days(live, desk, full):
    window = desk()
    said = complaints(window)
    window.goto(live + "/owner/?days=30")
    chart = window.get_by_role("slider", name="Sign-ups a day")
    line = window.locator(".said")
    assert line.inner_text().startswith("Point at a bar")
    assert not window.locator(".plot").is_visible()
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    window.mouse.move(box["x"] + box["width"] - 4, box["y"] + 20)
    last = window.locator("#sign-ups-table tbody tr").first
    total = last.locator("td").last.get_attribute("data-count")
    day = last.locator("th").text_content()
    assert re.match(rf"{day}: {total} sign-ups? ", line.inner_text())
    window.mouse.move(0, 0)
    chart.focus()
    window.keyboard.press("ArrowLeft")
    window.keyboard.press("Shift+ArrowLeft")
    assert chart.get_attribute("aria-valuenow") == "28"
    window.keyboard.press("Enter")
    window.wait_for_url("**from=*")
    assert re.search(r"from=(\d{4}-\d\d-\d\d)&to=(\d{4}-\d\d-\d\d)", window.url)
    assert window.locator("#from").input_value() in window.url
    assert said == []


def test_days_are_picked_by_dragging(live, desk, full):
    window = desk()
    chart = window.get_by_role("slider")
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    bar = box["width"] / 30
    window.mouse.move(box["x"] + 10.5 * bar, box["y"] + 50)
    window.mouse.down()
    window.mouse.move(box["x"] + 14.5 * bar, box["y"] + 50, steps=3)
    window.mouse.up()
    window.wait_for_url("**from=*")
    assert window.locator("#sign-ups-table tbody tr").count() in (4, 5, 6)
