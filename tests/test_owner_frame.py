"""A mail in a frame."""

from funnel.web.owner.frame import framed

MAIL = """<!doctype html><html><head lang="en">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<style>:root { color-scheme: light dark; } @media (prefers-color-scheme:dark) { body { color: #fff } }
@media (max-width: 600px) { td { width: 100% } }</style></head><body>A light dark cloud</body></html>"""


def test_dark_rules_hold_in_the_dark_frame_whatever_the_viewer_likes():
    html = framed(MAIL, "dark")

    assert "@media all { body" in html
    assert 'name="color-scheme" content="dark"' in html
    assert 'name="supported-color-schemes" content="dark"' in html
    assert "color-scheme: dark;" in html


def test_dark_rules_are_off_in_the_light_frame():
    html = framed(MAIL, "light")

    assert "@media not all { body" in html
    assert "color-scheme: light;" in html
    assert "prefers-color-scheme" not in html


def test_nothing_else_is_changed():
    html = framed(MAIL, "dark")

    assert "@media (max-width: 600px)" in html
    assert "A light dark cloud" in html


def test_links_open_nothing():
    assert '<head lang="en"><base target="_blank">' in framed(MAIL, "light")
