"""The editor in a browser: kept while typing, through an outage, a sign-out and a second editor."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Step
from funnel.models.editing import Draft
from funnel.web.owner import accounts
from tests.owner_data import EMAIL, PASSWORD, Practice

pytestmark = pytest.mark.browser
OTHER = "ben@example.org"


@pytest.fixture
def practice(session, live):
    made = Practice(session, utc_now())
    made.set_up()
    for address in (EMAIL, OTHER):
        accounts.create(session, address, PASSWORD, utc_now())
    session.commit()
    return made


@pytest.fixture
def editor(live, practice, page):
    def opened(address=EMAIL):
        window = page(width=360)
        sign_in(window, live, address)
        window.goto(f"{live}/owner/mails/2/edit")
        return window

    return opened


def sign_in(window, live, address=EMAIL):
    window.goto(f"{live}/owner/sign-in")
    window.get_by_label("Address").fill(address)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").click()
    window.wait_for_url("**/owner/")


def state(window, words):
    window.locator("[data-state]", has_text=words).wait_for()


def drafts(session):
    session.expire_all()
    return [draft.content["subject"] for draft in session.scalars(select(Draft).order_by(Draft.id))]


def test_what_is_typed_is_kept_through_an_outage_and_a_sign_out(live, practice, editor):
    window = editor()
    window.get_by_label("Subject", exact=True).fill("One")
    state(window, "Saved as a draft just now")
    assert drafts(practice.session) == ["One"]

    window.context.set_offline(True)
    window.get_by_label("Subject", exact=True).fill("Two")
    state(window, "We cannot be reached. What you type is kept in this browser")
    assert drafts(practice.session) == ["One"]
    window.context.set_offline(False)
    state(window, "Saved as a draft")
    assert drafts(practice.session) == ["Two"]

    cookies = window.context.cookies()
    window.context.clear_cookies()
    window.get_by_label("Subject", exact=True).fill("Three")
    state(window, "You have been signed out")
    window.reload()
    assert "/owner/sign-in" in window.url
    assert cookies
    sign_in(window, live)
    window.goto(f"{live}/owner/mails/2/edit")
    assert window.get_by_label("Subject", exact=True).input_value() == "Two"
    window.get_by_role("button", name="Put them in").click()
    assert window.get_by_label("Subject", exact=True).input_value() == "Three"
    state(window, "Saved as a draft")
    assert drafts(practice.session) == ["Three"]
    window.reload()
    assert window.get_by_role("button", name="Put them in").count() == 0


def test_a_new_sign_in_elsewhere_lets_the_open_editor_go_on(live, practice, editor):
    window = editor()
    beside = window.context.new_page()
    sign_in(beside, live)
    beside.close()
    window.get_by_text("What can be filled in").click()
    window.get_by_label("Subject", exact=True).fill("For ")
    window.get_by_role("button", name='{{ first_name | default("there") }}').click()
    assert window.get_by_label("Subject", exact=True).input_value() == 'For {{ first_name | default("there") }}'
    state(window, "Saved as a draft")

    window.get_by_role("button", name="Save and say it from now on").click()

    window.get_by_role("status").filter(has_text="Saved.").wait_for()
    practice.session.expire_all()
    assert practice.session.get(Step, 2).subject == 'For {{ first_name | default("there") }}'


def test_two_editors_do_not_overwrite_each_other(live, practice, editor):
    mine, theirs = editor(), editor(OTHER)
    theirs.get_by_label("Subject", exact=True).fill("Theirs")
    theirs.get_by_role("button", name="Save and say it from now on").click()
    theirs.get_by_role("status").filter(has_text="Saved.").wait_for()
    mine.get_by_label("Preheader").fill("A preheader of mine that is long enough to be kept.")
    state(mine, "Somebody has saved other words since you began")

    mine.get_by_role("button", name="Save and say it from now on").click()
    assert mine.get_by_role("heading", name="Somebody saved before you").is_visible()
    assert mine.get_by_role("textbox").count() == 0  # what was typed is carried along unseen
    mine.get_by_role("button", name="Go on with both in one").click()
    assert mine.get_by_text("nothing clashed").is_visible()
    mine.get_by_role("button", name="Save and say it from now on").click()

    mine.get_by_role("status").filter(has_text="Saved.").wait_for()
    practice.session.expire_all()
    step = practice.session.get(Step, 2)
    assert (step.subject, step.preheader[:19], step.revision) == ("Theirs", "A preheader of mine", 3)
