"""A post written in a real browser: seen as it will be, and kept while one types."""

import pytest
from playwright.sync_api import expect

from tests.browser import PHONE
from tests.test_owner_accessibility import complaints, desk, practice  # noqa: F401

pytestmark = pytest.mark.browser
TYPED = "Typed+just+now"
# Asked from outside: nothing runs in that frame, not even what waits for it.
TITLE_SHOWN = "document.querySelector('.stage iframe').contentDocument.querySelector('h1').textContent"


def test_a_post_is_seen_and_kept_while_it_is_typed(live, practice, desk):
    practice.set_up()
    window = desk(width=PHONE)
    said = complaints(window)
    asked = []
    window.route("**/preview", lambda route: asked.append(route))  # each waits until it is let through
    window.goto(f"{live}/owner/posts/1/edit")
    with window.expect_request(lambda sent: sent.url.endswith("/preview") and TYPED in (sent.post_data or "")):
        window.get_by_label("Title").fill("Typed just now")
    with window.expect_response("**/preview"):
        asked[0].continue_()  # the older one comes while the newer is on its way, and must not end it
    window.locator(".stage iframe:not(.coming)[name=preview]").wait_for(state="attached")
    for later in asked[1:]:
        later.continue_()
    window.unroute("**/preview")
    expect(window.locator(".stage .coming")).to_have_count(0)
    assert window.evaluate(TITLE_SHOWN) == "Typed just now"
    window.locator("[data-state=kept]").wait_for()

    window.reload()
    assert window.get_by_label("Title").input_value() == "Typed just now"
    window.get_by_text("What can be filled in").click()
    window.get_by_role("button", name="{{ form }}").click()
    window.locator("[data-part=ready]").get_by_text("this has 2").wait_for()
    assert said == []
