"""A note in a browser: what is typed outlives a page that is closed, and is forgotten once it has reached us."""

import pytest
from playwright.sync_api import expect

from tests.browser import PHONE
from tests.test_owner_accessibility import desk, practice  # noqa: F401

pytestmark = pytest.mark.browser
NOTES = "/owner/newsletters/notes"


def test_a_note_outlives_a_page_that_is_closed_until_it_is_kept(session, live, desk):
    window = desk(width=PHONE)
    window.goto(live + NOTES)
    words = window.get_by_label("A thought for the next newsletter")
    words.fill("Chairs, and\nhow to leave them")
    window.goto(live + NOTES)
    expect(words).to_have_value("")
    window.get_by_role("button", name="Put them in").click()
    expect(words).to_have_value("Chairs, and\nhow to leave them")
    window.get_by_role("button", name="Keep it").click()
    expect(window.locator(".jotted .typed")).to_have_text("Chairs, and\nhow to leave them")
    expect(window.locator(".notice.warn")).to_have_count(0)
    window.get_by_role("link", name="Edit").click()
    expect(window.get_by_role("heading", name="A note", exact=True)).to_be_visible()
    expect(window.locator(".notice.warn")).to_have_count(0)
    window.get_by_label("The note").fill("Stools")
    window.reload()
    expect(window.get_by_text("has kept words that did not reach us, typed just now")).to_be_visible()
