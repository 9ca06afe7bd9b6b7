"""The form in a frame on another site, in a real browser: it fits in every state, and works under each restriction."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.people import Form, FormState
from funnel.programme import content_files
from funnel.web.pages import trap
from tests import foreign
from tests.axe import faults
from tests.factories import a_form

pytestmark = pytest.mark.browser
EMBED = "/f/back-care/embed"
HEIGHTS = {288: 520, 320: 520, 360: 520, 1200: 420}


@pytest.fixture
def form(session, live):
    content_files.load(session, content_files.FOLDER, utc_now())
    form = session.scalars(select(Form)).one()
    a_form(session, slug="knees", title="Knees")
    session.commit()
    return form


def fill(where, email="ada@example.org", name=""):
    where.get_by_label("Email address").fill(email)
    where.get_by_label("First name").fill(name)
    where.get_by_role("button", name="Send me the tips").click()


def test_every_state_fits_into_the_frame_that_a_host_gives_it_and_is_clean(live, page, session, form, monkeypatch):
    window = page(width=320)
    said = []
    window.on("console", lambda line: said.append(line.text) if "status of 4" not in line.text else None)

    def fits(state):
        for width, most in HEIGHTS.items():
            window.set_viewport_size({"width": width, "height": most})
            height = window.locator("body").bounding_box()["height"]
            assert (state, width, height <= most or height) == (state, width, True)
            assert window.evaluate("document.documentElement.scrollWidth") == width
        assert (state, faults(window)) == (state, [])

    window.goto(live + EMBED)
    fits("empty")
    fill(window, "nobody", "x" * 90)
    fits("errors")
    fill(window, "ada@gmial.com", "Ada")
    fits("doubt")
    window.get_by_role("button", name="Neither").click()
    monkeypatch.setattr(trap, "SOONEST_S", 1000)
    fill(window, "ada@example.org", "Ada")
    fits("one more tap")
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    with monkeypatch.context() as risky:
        foreign.look_risky(risky)
        fill(window, "ada@example.org", "Ada")
        window.locator("altcha-widget").wait_for()
        fits("one step more")
    fill(window, "ada@example.org", "Ada")
    window.wait_for_url("**/sent?*")
    fits("sent")
    window.get_by_role("button", name="Send the mail again").click()
    window.wait_for_url("**again=1*")
    fits("sent again")
    form.language = "de"
    session.commit()
    window.goto(live + EMBED)
    fits("German")
    form.state = FormState.RETIRED
    session.commit()
    window.goto(live + EMBED)
    fits("closed")
    assert said == []


def sandboxed(live, may):
    return f'<iframe title="Tips" src="{live}{EMBED}" sandbox="{may}" width="340" height="520"></iframe>'


def test_one_goes_on_in_the_whole_window_or_where_a_sandbox_forbids_it_within_the_frame(
    live, page, session, blog, form, monkeypatch, setting
):
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    form.thanks_url = blog.put("/thanks", "<h1>Thank you</h1>")
    session.commit()
    for script, may in ((True, "allow-forms allow-scripts"), (False, "allow-forms")):
        window = page(script=script, width=360)
        window.goto(blog.put("/post", sandboxed(live, may)))
        inside = window.frame_locator("iframe")
        fill(inside)
        inside.get_by_role("link", name="Go on").click()
        inside.get_by_role("heading", name="Thank you").wait_for()
        assert window.url.endswith("/post")
    here = blog.put("/post", f'<iframe title="Tips" src="{live}{EMBED}"></iframe>')
    window = page(width=360)
    window.goto(here)
    fill(window.frame_locator("iframe"))
    window.frame_locator("iframe").get_by_role("link", name="Go on").click()
    window.wait_for_url("**/thanks")
    window.goto(f"{live}/f/back-care")
    fill(window)
    window.wait_for_url("**/thanks")
    setting(SITES="https://example.org")
    window.goto(here)
    assert window.frame_locator("iframe").get_by_label("Email address").count() == 0


def test_what_is_kept_opens_beside_the_form_so_that_nothing_typed_is_lost_or_in_it_where_a_sandbox_forbids_that(
    live, page, blog, form
):
    window = page(width=360)
    window.goto(blog.put("/post", f'<iframe title="Tips" src="{live}{EMBED}" width="340" height="520"></iframe>'))
    inside = window.frame_locator("iframe")
    inside.get_by_label("Email address").fill("ada@example.org")
    with window.expect_popup() as opened:
        inside.get_by_role("link", name="What we keep").click()
    opened.value.get_by_role("heading", name="Privacy", exact=True).wait_for()
    assert opened.value.url == f"{live}/privacy"
    assert opened.value.evaluate("window.opener") is None
    assert inside.get_by_label("Email address").input_value() == "ada@example.org"

    window.goto(blog.put("/post", sandboxed(live, "allow-forms allow-scripts")))
    inside.get_by_role("link", name="What we keep").click()
    inside.get_by_role("heading", name="Privacy", exact=True).wait_for()
    assert window.url.endswith("/post")
