"""The layout: tags that mjml-python knows, nothing fetched from anywhere, and clean in both schemes and widths."""

import re
from datetime import datetime

import mjml
import pytest

from funnel import languages
from funnel.db import utc_now
from funnel.mail import layout, notices, render
from funnel.models.content import Newsletter, Step
from funnel.programme import content_files
from tests import axe

PHONE, DESK = 375, 600
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

# What the layout may use. mjml-python passes a tag that it does not know through in silence.
TAGS = {
    "mjml", "mj-head", "mj-title", "mj-preview", "mj-raw", "mj-attributes", "mj-all", "mj-section", "mj-text",
    "mj-style", "mj-body", "mj-column", "meta",
}  # fmt: skip

ISSUE = 'Hello {{ first_name | default("there") }},\n\n> a word\n\n[Book]({{ booking_link }})\n\n[a](/x) and *b*\n'


@pytest.fixture
def previews(session):
    """Every mail there is, by name."""
    now = utc_now()
    content_files.load(session, content_files.FOLDER, now)
    steps = {step.slug: render.preview(session, step, None, now) for step in session.query(Step)}
    issue = Newsletter(id=1, subject="News", preheader="What is new this month, and what to do about it", body=ISSUE)
    steps["newsletter"] = render.preview_newsletter(issue, None, now)
    return steps | {name: render.preview_notice(session, name, now) for name in render.NOTICES} | in_each_language(now)


def in_each_language(now: datetime) -> dict[str, render.Preview]:
    """The notices to readers, as `confirmation:it`."""
    others = [language.code for language in languages.known()[1:]]
    return {
        f"{name}:{code}": render.preview_notice(None, name, now, code) for name in notices.TO_READERS for code in others
    }


def test_the_layout_holds_only_tags_that_are_known():
    source = layout.FILE.read_text()
    assert set(re.findall(r"<([a-z-]+)", source)) == TAGS
    assert not re.search(r"<mj-", mjml.mjml2html(source))
    assert {f"[[{place}]]" for place in layout.PLACES} == set(re.findall(r"\[\[\w+\]\]", source))


def test_every_place_is_filled(previews):
    for name, found in previews.items():
        assert "[[" not in found.html, name
        assert "{{" not in found.html + found.text + found.subject + found.preheader, name


def test_a_layout_that_lost_a_place_is_refused(monkeypatch, tmp_path):
    broken = tmp_path / "layout.mjml"
    broken.write_text("<mjml><mj-body>[[title]]</mj-body></mjml>")
    monkeypatch.setattr(layout, "FILE", broken)
    with pytest.raises(ValueError, match="preheader, masthead, body, footer"):
        layout._compiled.__wrapped__()


def test_nothing_is_fetched_from_anywhere(previews):
    for name, found in previews.items():
        assert not re.search(r"<(img|link|script|iframe|object|video)|url\(|@import|@font-face", found.html), name


def test_every_mail_has_one_title_a_language_and_a_direction(previews):
    for name, found in previews.items():
        assert found.html.count("<h1") == 1, name
        tag = languages.named(name.partition(":")[2]).tag
        assert f'<html lang="{tag}" dir="ltr"' in found.html, name
        assert f"<title>{found.subject}</title>" in found.html
        tables = re.findall(r"<table([^>]*)>", found.html)
        assert all('role="presentation"' in table for table in tables), name


def test_every_preheader_is_40_to_90_signs_and_hidden_before_the_body(previews):
    for name, found in previews.items():
        assert 40 <= len(found.preheader) <= 90, name
        hidden = found.html.partition("role=")[0].partition("<body")[2]
        assert found.preheader + layout.PADDING in hidden
        assert "display:none" in hidden


def test_every_mail_is_small(previews):
    for name, found in previews.items():
        assert found.size < 60_000, name


def test_the_dark_card_is_dark_down_to_its_cells():
    assert ".card, .card > table, .card td { background-color: #1d2424 !important; }" in layout._compiled()
    for mark in (
        'name="color-scheme" content="light dark"',
        "[data-ogsc]",
        "[data-ogsb]",
        "prefers-color-scheme: dark",
    ):
        assert mark in layout._compiled()


@pytest.mark.browser
def test_every_mail_is_clean_to_axe_and_fits(previews, page):
    """Light on a phone and dark on a desk, where only what differs is asked for once more."""
    window = page("light", PHONE)
    for name, found in previews.items():
        window.set_viewport_size({"width": PHONE, "height": axe.HEIGHT})
        window.set_content(found.html)
        fits(window, name, PHONE)
        assert (name, axe.faults(window)) == (name, [])
        window.emulate_media(color_scheme="dark")
        window.set_viewport_size({"width": DESK, "height": axe.HEIGHT})
        fits(window, name, DESK)
        assert (name, "dark", axe.faults(window, runOnly=OF_COLOURS)) == (name, "dark", [])
        window.emulate_media(color_scheme="light")


def fits(window, name, width):
    assert window.evaluate("document.documentElement.scrollWidth") == width, name
    sides = window.eval_on_selector_all("td.button a", "all => all.map(a => a.getBoundingClientRect().height)")
    assert all(side >= 44 for side in sides), name
    assert window.eval_on_selector_all("p, li", "all => all.every(p => getComputedStyle(p).lineHeight >= '21px')")
