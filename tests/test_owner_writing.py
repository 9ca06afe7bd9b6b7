"""Writing in a real browser: what is typed appears, and whoever types is not disturbed."""

import pytest

from tests.axe import faults
from tests.browser import PHONE
from tests.test_owner_accessibility import complaints, desk, practice  # noqa: F401

pytestmark = pytest.mark.browser


def test_what_is_typed_appears_in_the_preview_without_disturbing_the_writer(live, desk, practice):
    practice.set_up()
    window = desk(width=PHONE, scheme="dark")
    said = complaints(window)
    window.goto(f"{live}/owner/mails/5/edit")
    shown = window.frame_locator("iframe[name=preview]")
    shown.get_by_role("heading", level=1).wait_for()
    window.evaluate("document.querySelector('iframe[name=preview]').contentWindow.scrollTo(0, 300)")
    past = window.evaluate("history.length")
    window.locator("#body").press("Control+End")
    window.keyboard.type(" {{")
    shown.get_by_text("This is not a mail yet").wait_for()
    window.locator("#body").press("Backspace")
    window.locator("#body").press("Backspace")
    window.keyboard.type(" Wombat.")
    shown.get_by_text("Wombat").wait_for()

    assert window.evaluate("document.activeElement.id") == "body"
    assert window.evaluate("document.querySelector('iframe[name=preview]').contentWindow.scrollY") == 300
    assert window.evaluate("history.length") == past
    window.locator("#subject").fill("ALL IN CAPITALS")
    window.get_by_text("It is all in capitals").wait_for()
    with window.expect_response(lambda answer: "scheme=dark" in (answer.request.post_data or "")):
        window.get_by_role("radio", name="Dark").check()
    window.get_by_role("button", name="Send a test").click()
    window.get_by_text("Its subject begins with [TEST], which").wait_for()
    assert faults(window) == []
    assert said == []


def test_without_script_the_same_is_there_by_its_buttons(live, desk, practice):
    practice.set_up()
    window = desk(script=False)
    window.goto(f"{live}/owner/mails/5/edit")
    window.locator("#subject").fill("Another subject")
    window.get_by_role("button", name="Show what I typed").click()
    window.frame_locator("iframe[name=preview]").get_by_role("heading", name="Another subject").wait_for()
    width = window.locator("iframe[name=preview]").evaluate("frame => frame.getBoundingClientRect().width")
    window.get_by_role("radio", name="Desktop").check()

    assert window.locator("iframe[name=preview]").evaluate("frame => frame.getBoundingClientRect().width") > width
    with window.context.expect_page() as opened:
        window.get_by_role("button", name="Check what I typed").click()
    opened.value.get_by_role("heading", name="Ready to send?").wait_for()
    assert window.locator("#subject").input_value() == "Another subject"
