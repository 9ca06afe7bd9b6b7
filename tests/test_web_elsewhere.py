"""The form on other people's sites, in Chromium: two origins and a third, from seeing it to the mail that asks."""

import pytest

from funnel.models.people import FormState
from funnel.web.pages import trap
from tests import foreign
from tests.axe import faults
from tests.factories import a_form
from tests.foreign import BUTTON, SLUG, TITLE
from tests.test_accessibility import complaints

pytestmark = pytest.mark.browser
COOKIE = "kept=1; SameSite=None; Secure"
KEEPS = f"<p id=kept></p><script>document.cookie = '{COOKIE}'; kept.textContent = document.cookie</script>"
WITHOUT_SCRIPT = ("frame", "sandbox without script", "plain", "plain in a sandbox")
# What a host that does not resize gives the frame: on the smallest phone, on a usual one, and on a desk.
SIZES = ((304, 520), (344, 520), (700, 420))
LONGEST = ("fr", "de", "it")  # of the languages


@pytest.fixture
def form(session, monkeypatch):
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    form = a_form(session, slug=SLUG, title=TITLE, button=BUTTON)
    session.commit()
    return form


@pytest.fixture
def ways(live, blog, form, setting):
    setting(SITES=f"{blog.origin} {blog.other}")
    return foreign.put_up(blog, live)


def inside(window, way):
    """Where the form stands."""
    place = window.main_frame if way.startswith("plain") else window.frame_locator("iframe")
    return place.frame_locator("iframe") if way == "nested" else place


def sign_up(window, way, address):
    where = inside(window, way)
    where.get_by_label("Email address").fill(address)
    where.get_by_role("button", name=BUTTON).click()
    if way.startswith("plain"):
        where.get_by_text("One more tap").wait_for()
        where.get_by_role("button", name=BUTTON).click()
    where.get_by_role("heading", name="Now look into your mail").wait_for()


def test_every_way_leads_to_the_mail_while_cookies_of_others_are_blocked(page, session, sink, blog, ways):
    window = page(width=400)
    blog.put("/keeps", KEEPS)
    window.goto(f"{blog.other}/keeps")
    assert window.locator("#kept").text_content() == "kept=1"
    window.goto(blog.put("/around-keeps", f'<iframe src="{blog.other}/keeps"></iframe>'))
    assert window.frame_locator("iframe").locator("#kept").text_content() == ""
    window.context.clear_cookies()
    said = complaints(window)
    for number, (way, here) in enumerate(ways.items()):
        window.goto(here)
        sign_up(window, way, f"ada{number}@example.org")
        assert (way, "/confirm/" in foreign.mail_to(session, sink, f"ada{number}@example.org")) == (way, True)
    assert window.context.cookies() == []
    assert [line for line in said if "422" not in line and "sandboxed" not in line] == []


def test_so_does_each_that_needs_no_script_where_there_is_none(page, session, sink, ways):
    window = page(width=400, script=False)
    for number, way in enumerate(WITHOUT_SCRIPT):
        window.goto(ways[way])
        sign_up(window, way, f"eve{number}@example.org")
        assert (way, "/confirm/" in foreign.mail_to(session, sink, f"eve{number}@example.org")) == (way, True)


def test_a_page_of_a_third_site_around_a_site_of_ours_shows_nothing_until_it_is_a_site_too(page, blog, setting, ways):
    setting(SITES=blog.origin)
    window = page(width=400)
    window.goto(ways["nested"])
    outer = window.frame_locator("iframe")
    outer.locator("iframe").wait_for()
    assert outer.frame_locator("iframe").get_by_label("Email address").count() == 0


@pytest.mark.slow  # test_web_frame.py looks at the narrowest and the widest
def test_every_state_fits_a_frame_that_nobody_resizes_in_languages_of_long_words(
    live, page, blog, session, form, monkeypatch
):
    form.thanks_url = blog.put("/thanks", "<h1>Thank you</h1>")
    here = blog.put("/post", f'<iframe title="Tips" src="{live}/f/{SLUG}/embed" frameborder="0"></iframe>')
    window = page(width=740)
    where = window.frame_locator("iframe")
    email, button = where.locator('[name="email"]'), where.locator(".sign-up button")
    wrong = []

    def fits(state):
        for width, height in SIZES:
            window.locator("iframe").evaluate(f"one => {{ one.width = {width}; one.height = {height} }}")
            over = where.locator("html").evaluate(
                "one => [Math.max(0, one.scrollWidth - innerWidth), Math.max(0, one.scrollHeight - innerHeight)]"
            )
            wrong.extend([(form.language, state, width, over)] if any(over) else [])
        if form.language == "de":
            found = faults(window.frames[1])
            wrong.extend([(state, found)] if found else [])

    def send(address):
        email.fill(address)
        button.click()

    for form.language in LONGEST:
        session.commit()
        window.goto(here)
        email.wait_for()
        fits("empty")
        send("nobody")
        where.locator(".alarm").wait_for()
        fits("errors")
        send("alessandro.michelangelo@gmial.com")
        where.locator('[value="change"]').wait_for()
        fits("doubt")
        where.locator('[value="change"]').click()
        with monkeypatch.context() as risky:
            foreign.look_risky(risky)
            send("ada@example.org")
            where.locator("altcha-widget").wait_for()
            fits("one step more")
        button.click()
        where.locator(".onward").wait_for()
        fits("sent")
        where.locator(".sent form button").click()
        where.locator(".notice").wait_for()
        fits("sent again")
    form.state = FormState.RETIRED
    session.commit()
    window.goto(here)
    where.get_by_role("heading").first.wait_for()
    fits("closed")
    assert wrong == []
