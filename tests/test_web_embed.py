"""embed.js: how it is served, and its looks on somebody's blog, in a real browser."""

import pytest
from playwright.sync_api import expect

from funnel.web import edge
from funnel.web.pages.colours import FOR_GOOD
from tests.blog_site import PARAGRAPH
from tests.factories import a_form

TITLE = "Back-care tips"
CSP = "default-src 'none'; script-src {home}; frame-src {home}; style-src 'none'; connect-src 'none'"
COOKIES = '<div id="cookies" style="position: fixed; inset: auto 0 0 0; height: 50vh">May we?</div>'
# What a page of a site that loads no others does when one goes on: it takes the old words out.
GO_ON = "document.querySelector('article').replaceWith(document.createElement('article'))"


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care", title=TITLE)
    session.commit()
    return form


def code(live, **data):
    values = {"form": "back-care", "title": TITLE} | data
    marks = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in values.items())
    return f'<script async src="{live}/embed.js" {marks}></script>'


def frame(window, name=TITLE):
    return window.locator(f'iframe[title="{name}"]')


def test_it_may_be_loaded_by_any_site_and_is_asked_for_anew_within_the_hour(client):
    answer = client.get("/embed.js")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=3600" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    again = client.get("/embed.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    of_now = client.get(f"/embed.js?v={edge.version('embed.js')}")
    assert of_now.headers["Cache-Control"] == FOR_GOOD
    assert "max-age=3600" in client.get("/embed.js?v=old").headers["Cache-Control"]
    assert len(answer.data) <= 12_288


@pytest.mark.browser
def test_in_place_it_passes_on_where_the_reader_came_from_twice_under_a_strict_policy(live, page, blog, form):
    here = blog.post("/post", code(live, src="my-post") + code(live, title="Again"))
    blog.pages["/post"].headers["Content-Security-Policy"] = CSP.format(home=live)
    window = page()
    said = []
    window.on("console", lambda line: said.append(line.text))
    window.goto(f"{here}?utm_source=letter&other=1")

    window.frame_locator(f'iframe[title="{TITLE}"]').get_by_label("Email address").wait_for()
    assert frame(window).get_attribute("src") == f"{live}/f/back-care/embed?src=my-post&utm_source=letter"
    frame(window, "Again").wait_for()
    expect(frame(window)).not_to_have_css("height", "420px")
    assert window.context.cookies() == []
    assert window.evaluate("Object.keys(window).filter((name) => /funnel/i.test(name))") == ["funnelForms"]
    window.get_by_role("button", name="Close").first.click()
    assert window.locator("iframe").count() == 1
    window.evaluate(GO_ON)
    expect(window.locator("iframe")).to_have_count(0)
    assert said == []


@pytest.mark.browser
def test_in_the_dark_the_form_is_as_light_or_dark_as_the_page_around(live, page, blog, form):
    window = page(scheme="dark")
    dark = '<meta name="color-scheme" content="light dark">'
    for number, (head, colour) in enumerate((("", "rgb(255, 255, 255)"), (dark, "rgb(29, 36, 36)"))):
        window.goto(blog.put(f"/{number}", code(live), head=head))
        expect(window.frame_locator("iframe").locator(".card")).to_have_css("background-color", colour)


@pytest.mark.browser
def test_a_browser_of_before_2023_gets_the_form_where_its_code_stands_and_nothing_over_the_page(live, page, blog, form):
    window = page()
    window.add_init_script("delete Document.prototype.adoptedStyleSheets")
    window.goto(blog.post("/post", code(live) + code(live, look="button") + code(live, look="slide-in")))
    window.frame_locator("article > iframe").get_by_label("Email address").wait_for()
    assert window.locator("iframe").count() == 1
    expect(frame(window)).not_to_have_css("height", "420px")
    window.evaluate(GO_ON)
    expect(window.locator("iframe")).to_have_count(0)


@pytest.mark.browser
def test_the_slide_in_comes_after_half_was_read_and_stays_away_once_closed(live, page, blog, form):
    article = f"<article>{PARAGRAPH * 40}</article>"
    here = blog.put("/post", f"<a href='#'>A link</a>{article}{code(live, look='slide-in')}{COOKIES}")
    window = page()
    window.goto(here)
    window.get_by_role("link", name="A link").focus()
    panel = window.get_by_role("region", name=TITLE)
    window.mouse.wheel(0, 200)
    window.wait_for_function("scrollY >= 200")
    assert not panel.is_visible()
    assert window.get_by_role("status").text_content() == ""
    window.mouse.wheel(0, 100_000)
    window.wait_for_function("scrollY > 1000")
    window.keyboard.press("Shift")
    assert not panel.is_visible()  # the page asks about its cookies there
    window.locator("#cookies").evaluate("one => { one.style.height = '30px' }")
    window.keyboard.press("Shift")
    panel.wait_for()
    assert TITLE in window.get_by_role("status").text_content()
    box, bar = panel.bounding_box(), window.locator("#cookies").bounding_box()
    assert 0 <= box["y"] < box["y"] + box["height"] <= bar["y"]
    assert window.evaluate("document.activeElement.textContent") == "A link"
    assert min(panel.get_by_role("button", name="Close").bounding_box()[side] for side in ("width", "height")) >= 44
    window.keyboard.press("Escape")
    panel.wait_for(state="detached")
    window.reload()
    window.mouse.wheel(0, 100_000)
    window.wait_for_function("scrollY > 1000")
    assert window.locator("iframe").count() == 0


@pytest.mark.browser
def test_the_button_opens_it_escape_folds_it_and_its_cross_takes_it_away_without_storage_too(live, page, blog, form):
    here = blog.post("/post", code(live, look="button", words="Tips, please", colour="#ffd400"))
    window = page(width=360)
    window.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })")
    window.goto(here)
    opener, panel = window.get_by_role("button", name="Tips, please"), window.get_by_role("dialog", name=TITLE)
    assert opener.evaluate("one => one.style.color") == "rgb(0, 0, 0)"
    opener.click()
    field = window.frame_locator("iframe").get_by_label("Email address")
    field.fill("ada@example.org")
    while panel.is_visible():  # the script of the frame may come after its fields
        field.press("Escape")
    opener.click()
    assert field.input_value() == "ada@example.org"
    panel.get_by_role("button", name="Close").click()
    panel.wait_for(state="detached")
    assert opener.count() == 0
    window.evaluate("document.querySelector('article').append(document.createElement('p'))")
    window.evaluate("document.querySelector('script').after(document.querySelector('script').cloneNode())")
    window.wait_for_function(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )
    assert opener.count() == 0
