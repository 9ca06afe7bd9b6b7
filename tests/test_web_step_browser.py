"""One step more in a real browser: the puzzle is solved under our policy, and without a script a tap is enough."""

import pytest
from sqlalchemy import select

from funnel.audience import allowance
from funnel.models.door import Proof
from funnel.models.people import SignUp
from funnel.web.pages import trap
from tests.browser import PHONE
from tests.factories import a_form
from tests.test_owner_accessibility import assert_clean, complaints

pytestmark = pytest.mark.browser


@pytest.fixture
def form(live, session, setting, monkeypatch):
    """A strict one, whose readers are believed to come from elsewhere, and may be quick."""
    setting(STRICTNESS="strict")
    monkeypatch.setattr(allowance, "is_limited", lambda network: True)
    monkeypatch.setattr(trap, "SOONEST_S", 0)
    form = a_form(session, slug="back-care")
    session.commit()
    return form


def fill_in(window, live, form):
    window.goto(f"{live}/f/{form.slug}")
    window.get_by_label("Email address").fill("ada@mailinator.com")
    window.get_by_role("button", name=form.button).click()
    window.get_by_text("One more tap").wait_for()


def proofs(session):
    session.expire_all()
    return session.scalars(select(SignUp.proof)).all()


def test_a_browser_solves_the_puzzle_while_its_reader_looks(session, live, form, page):
    window = page(width=PHONE)
    said = complaints(window)
    fill_in(window, live, form)
    window.get_by_text("Done: tap the button.").wait_for()
    assert_clean(window, "one step more")
    window.get_by_role("button", name=form.button).dblclick()  # the second tap is no second sign-up, and no question
    window.wait_for_url("**/sent?*")
    assert proofs(session) == [Proof.PUZZLE]
    assert [line for line in said if "422" not in line] == []


def test_without_a_script_a_second_tap_is_enough(session, live, form, page):
    window = page(width=PHONE, script=False)
    fill_in(window, live, form)
    assert window.locator("altcha-widget").count() == 0
    window.get_by_role("button", name=form.button).click()
    window.wait_for_url("**/sent?*")
    assert proofs(session) == [Proof.TAP]
