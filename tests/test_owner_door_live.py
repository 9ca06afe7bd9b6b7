"""The page of who was kept out, in a browser: what is refused meanwhile comes on top, and what is ticked stays so."""

import pytest

from funnel.audience import settle
from funnel.db import utc_now
from funnel.models.people import SignUpState
from tests.factories import a_form, a_sign_up
from tests.test_owner_accessibility import desk, practice  # noqa: F401

pytestmark = pytest.mark.browser


def refuse(session, form, email):
    a_sign_up(session, form, email=email, state=SignUpState.REFUSED, reason=settle.NETWORK_LIMIT, created_at=utc_now())
    session.commit()


def test_what_is_refused_meanwhile_comes_on_top_and_ticks_stay(session, live, desk):
    form = a_form(session)
    refuse(session, form, "first@example.org")
    window = desk()
    window.clock.install()
    window.goto(f"{live}/owner/door")
    window.get_by_label("Tick first@example.org").check()
    refuse(session, form, "second@example.org")
    window.clock.fast_forward(6000)
    window.get_by_label("Tick second@example.org").wait_for()
    assert window.get_by_label("Tick first@example.org").is_checked()
    assert "One more was refused." in window.get_by_role("status").all_text_contents()
    assert window.locator("#door-rows tr").count() == 2
    refuse(session, form, "first@example.org")
    window.clock.fast_forward(6000)
    window.get_by_text("and 1 time before").wait_for()
    assert window.locator("#door-rows tr").count() == 2
    assert window.get_by_label("Tick first@example.org").is_checked()
