"""Many people changed at once, by thumb: with the little script that ticks a whole page."""

import pytest

from tests.browser import PHONE
from tests.test_owner_accessibility import desk, full, practice  # noqa: F401

pytestmark = pytest.mark.browser


def test_all_of_a_page_are_tagged_and_that_undone_on_a_phone(live, desk, full):
    window = desk(width=PHONE)
    window.goto(f"{live}/owner/people?q=ada")
    window.get_by_label("All on this page").check()
    count = window.locator("input[name=id]").count()
    window.get_by_role("button", name=f"Next, with {count}").click()
    window.get_by_label("Tag", exact=True).fill("Walkers")
    window.get_by_role("button", name=f"Tag {count} people").click()
    assert window.get_by_role("heading", name=f"{count} people tagged").is_visible()
    window.get_by_role("button", name="Take the tag off again").click()
    assert window.get_by_role("heading", name=f"{count} people as before").is_visible()
