"""The frame that embed.js makes: as high as each of its pages, on every width, and led to the beginning of the next."""

import pytest

from funnel.models.people import FormState
from funnel.web.pages import trap
from tests import foreign
from tests.factories import a_form
from tests.foreign import BUTTON, CODES, SLUG, TITLE

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # every state at every width takes long
WIDTHS = (280, 320, 360, 600)
WHOLE = "innerHeight >= document.documentElement.scrollHeight && innerWidth >= document.documentElement.scrollWidth"
PICTURE = "new Promise((done) => requestAnimationFrame(done))"
MOST = 600  # pictures of the page that a change may take
TOP = "document.querySelector('article div').shadowRoot.querySelector('iframe').getBoundingClientRect().top"
LOWEST = 700  # of the form itself, on the smallest


@pytest.fixture
def form(session, monkeypatch):
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    form = a_form(session, slug=SLUG, title=TITLE, button=BUTTON)
    session.commit()
    return form


def test_no_page_of_it_scrolls_by_itself_and_the_page_around_goes_to_where_it_begins(
    live, page, blog, session, form, monkeypatch
):
    window = page(width=320)
    window.goto(blog.post("/post", CODES["script"].format(live=live)))
    where = window.frame_locator("iframe")
    button = where.get_by_role("button", name=BUTTON)

    def soon(what, inside=True):
        """Whether it comes true. Our policy has no `eval`, by which Playwright would wait for it in the frame."""
        for _ in range(MOST):
            if window.frames[int(inside)].evaluate(what):
                return True
            window.evaluate(PICTURE)
        return False

    def fits():
        for width in WIDTHS:
            window.set_viewport_size({"width": width, "height": 640})
            window.locator("iframe").evaluate("one => one.scrollIntoView()")  # out of sight it draws nothing
            assert (width, soon(WHOLE)) == (width, True)

    def send(address):
        where.get_by_label("Email address").fill(address)
        button.click()

    button.wait_for()
    fits()
    window.frames[1].evaluate("window.open = () => null")  # else it opens beside the form
    where.get_by_role("link", name="What we keep").click()
    where.get_by_role("heading", name="Privacy").wait_for()
    fits()
    window.set_viewport_size({"width": 360, "height": 640})
    assert soon("innerHeight > 2000")
    where.get_by_role("link", name="Back to the form").last.scroll_into_view_if_needed()
    assert window.evaluate(TOP) < -1000
    where.get_by_role("link", name="Back to the form").last.click()
    button.wait_for()
    assert soon(f"innerHeight < {LOWEST}")
    assert soon(f"{TOP} >= 0", inside=False)
    send("nobody")
    where.locator(".alarm").wait_for()
    fits()
    send("ada@gmial.com")
    where.get_by_role("button", name="Neither").wait_for()
    fits()
    where.get_by_role("button", name="Neither").click()
    with monkeypatch.context() as quick:
        quick.setattr(trap, "SOONEST_S", 1000)
        send("ada@example.org")
        where.get_by_text("That was quick").wait_for()
        fits()
    with monkeypatch.context() as risky:
        foreign.look_risky(risky)
        send("ada@example.org")
        where.locator("altcha-widget").wait_for()
        fits()
    button.click()
    where.get_by_role("heading", name="Now look into your mail").wait_for()
    fits()
    where.get_by_role("button", name="Send the mail again").click()
    where.get_by_text("Done. If the address").wait_for()
    fits()
    form.state = FormState.RETIRED
    session.commit()
    window.reload()
    where.get_by_role("heading", name="This sign-up has ended").wait_for()
    fits()
