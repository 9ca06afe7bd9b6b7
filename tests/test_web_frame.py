"""The form in a frame on another site, in a real browser: it fits in every state, and works under each restriction."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.people import Form, FormState
from funnel.programme import content_files
from funnel.web.pages import trap
from tests.factories import a_form
from tests.test_accessibility import faults

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
    fill(window, "ada@example.org", "Ada")
    window.wait_for_url("**/sent?*")
    fits("sent")
    window.get_by_role("button", name="Send the mail again").click()
    window.wait_for_url("**again=1*")
    fits("sent again")
    form.state = FormState.RETIRED
    session.commit()
    window.goto(live + EMBED)
    fits("closed")
    assert said == []
