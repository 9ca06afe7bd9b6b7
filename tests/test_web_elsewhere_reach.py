"""The form on other people's sites by keyboard, at 400 %, with large letters, in forced colours and without motion."""

import pytest

from funnel.web.pages import trap
from tests.axe import assert_clean, faults
from tests.blog_site import PARAGRAPH
from tests.factories import a_form
from tests.foreign import BUTTON, CODES, SLUG, TITLE

pytestmark = pytest.mark.browser
ZOOMED = {"width": 320, "height": 256}  # 1280 by 1024 at 400 %
WIDER = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
# Where the focus is, through shadow roots, and whether one sees it.
FOCUS = """() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return [one.name || one.textContent.trim() || one.tagName, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
}"""
EDGE = "one => [getComputedStyle(one).borderStyle, parseFloat(getComputedStyle(one).borderWidth) >= 1]"


@pytest.fixture
def form(session, monkeypatch):
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    form = a_form(session, slug=SLUG, title=TITLE, button=BUTTON)
    session.commit()
    return form


def code(live, look):
    return CODES["script"].format(live=live).replace("async", f'async data-look="{look}"')


def focus(window):
    """Where the focus is, in the frame when it is there."""
    name, seen = window.evaluate(FOCUS)
    if name != "IFRAME":
        return name, seen
    return tuple(window.frames[-1].evaluate(FOCUS))


def frame_of(window):
    """The form's document, once it is there."""
    window.frame_locator("iframe").get_by_role("button", name=BUTTON).wait_for()
    return window.frames[-1]


def test_by_keyboard_each_part_has_its_turn_and_is_seen_and_an_error_takes_the_focus(live, page, blog, form):
    window = page(width=700)
    window.goto(blog.put("/post", f'<a href="#">Before</a>{code(live, "inline")}<a href="#">After</a>'))
    inside = frame_of(window)
    turns = []
    while not turns or turns[-1][0] != "After":
        window.keyboard.press("Tab")
        turns.append(tuple(focus(window)))
        assert len(turns) < 12
    assert [name for name, _ in turns] == [
        "Before", "×", "email", "first_name", BUTTON, "What we keep, and how long", "After",
    ]  # fmt: skip
    assert [name for name, seen in turns[1:-1] if not seen] == []
    inside.get_by_label("Email address").focus()
    window.keyboard.type("nobody")
    window.keyboard.press("Enter")
    inside.locator(".alarm:focus").wait_for()
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    inside.locator('[name="email"]:focus').wait_for()
    window.keyboard.press("ControlOrMeta+a")
    window.keyboard.type("ada@example.org")
    window.keyboard.press("Enter")
    inside.get_by_role("heading", name="Now look into your mail").wait_for()


def test_the_slide_in_is_reached_and_closed_by_keyboard_and_the_focus_comes_back(live, page, blog, form):
    window = page(width=700)
    article = f"<main><h1>A post</h1>{PARAGRAPH * 30}<a href='#'>The end</a></main>"
    window.goto(blog.put("/post", article + code(live, "slide-in")))
    window.keyboard.press("End")
    panel = window.get_by_role("region", name=TITLE)
    panel.wait_for()
    assert "end of this page. Escape closes it" in window.get_by_role("status").text_content()
    assert_clean(window, "slide-in", width=360)
    inside = frame_of(window)
    assert faults(inside) == []
    window.get_by_role("link", name="The end").focus()
    for expected in ("×", "email"):
        window.keyboard.press("Tab")
        assert focus(window) == (expected, True)
    # Back to the cross: a key that takes the frame away in which it is pressed is never answered by Chromium.
    window.keyboard.press("Shift+Tab")
    window.keyboard.press("Escape")
    panel.wait_for(state="detached")
    window.wait_for_function("document.activeElement.textContent === 'The end'")


def test_at_400_percent_and_with_letters_twice_as_large_one_scrolls_one_way_only(live, page, blog, form):
    window = page(width=320)
    here = blog.put("/post", code(live, "inline") + f"<main>{PARAGRAPH * 30}</main>" + code(live, "slide-in"))
    for letters, size in (("100%", ZOOMED), ("200%", {"width": 640, "height": 512})):
        window.set_viewport_size(size)
        window.goto(f"{live}/f/{SLUG}")
        window.evaluate(f"document.documentElement.style.fontSize = '{letters}'")
        assert len(set(window.evaluate(WIDER))) == 1
        window.goto(here)
        window.keyboard.press("End")
        panel = window.get_by_role("region", name=TITLE)
        panel.wait_for()
        frame = panel.frame_locator("iframe")
        frame.get_by_role("button", name=BUTTON).wait_for()
        for inside in window.frames[1:]:
            inside.evaluate(f"document.documentElement.style.fontSize = '{letters}'")
        for one in window.frames:
            assert (letters, one.url, len(set(one.evaluate(WIDER)))) == (letters, one.url, 1)
        frame.get_by_role("link", name="What we keep").scroll_into_view_if_needed()
        box = panel.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size["height"]
        close = panel.get_by_role("button", name="Close")
        assert close.bounding_box()["y"] >= box["y"]
        close.click()
        panel.wait_for(state="detached")
        window.evaluate("localStorage.clear()")


def test_in_forced_colours_each_part_has_an_edge_and_nothing_moves_where_motion_is_unwanted(live, page, blog, form):
    window = page(width=700, forced_colors="active")
    window.goto(blog.put("/post", f"<main>{PARAGRAPH * 30}</main>{code(live, 'slide-in')}{code(live, 'button')}"))
    window.keyboard.press("End")
    panel, opener = window.get_by_role("region", name=TITLE), window.locator("button.open")
    panel.wait_for()
    assert panel.evaluate("one => getComputedStyle(one).animationName") == "none"
    for one in (panel, opener):
        assert one.evaluate(EDGE) == ["solid", True]
    frame = frame_of(window)
    assert frame.get_by_role("button", name=BUTTON).evaluate(EDGE) == ["solid", True]
