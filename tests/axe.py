"""Axe on a page of a real browser, in light and dark."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

HEIGHT = 800
# What may differ between light and dark, or a phone and a desk, where the page is the same.
DIFFERENT = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
# Only the faults come back: all that is right is a megabyte of JSON a page.
_RUN = """options => axe.run(document, {resultTypes: ['violations'], ...options}).then(found =>
    found.violations.map(fault => [fault.id, fault.nodes.map(node => node.html)]))"""

Fault = list[Any]  # the rule's name, and the elements that break it


def faults(window: Page, **options: Any) -> list[Fault]:
    """What axe finds on the page. Its script is brought once a document."""
    if not window.evaluate("'axe' in window"):
        window.evaluate(AXE_SCRIPT)
    found: list[Fault] = window.evaluate(_RUN, options)
    return found


def assert_clean(window: Page, name: str = "", width: int | None = None) -> None:
    """Axe finds nothing, in light or dark: then only colours differ, and at another width what room there is."""
    assert (name, faults(window)) == (name, [])
    window.emulate_media(color_scheme="dark")
    if width:
        window.set_viewport_size({"width": width, "height": HEIGHT})
    assert (name, "dark", faults(window, runOnly={"type": "rule", "values": DIFFERENT})) == (name, "dark", [])
    window.emulate_media(color_scheme="light")
