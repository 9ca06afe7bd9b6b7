"""The page on which a newsletter is sent, in a browser: what is filled in is meant, and who gets it follows."""

import re

import pytest
from playwright.sync_api import expect

from funnel.audience import topics
from funnel.db import utc_now
from tests.browser import PHONE
from tests.factories import a_booking, a_subscriber
from tests.newsletter_desk import ONE, ready
from tests.test_owner_accessibility import desk, practice  # noqa: F401

pytestmark = pytest.mark.browser


def test_the_count_follows_what_it_is_about(session, live, desk):
    ready(session)
    sitting = topics.make(session, "Sitting", "", utc_now())
    topics.choose(session, a_subscriber(session), set(), utc_now())
    session.commit()
    window = desk(width=PHONE)
    window.goto(live + f"{ONE}/send")
    outlook = window.locator(".outlook")
    expect(outlook).to_contain_text("4 people get it")
    window.get_by_label("It is about").select_option(str(sitting.id))
    expect(outlook).to_contain_text("1 person gets none: they do not want newsletters about its topic")
    expect(outlook).to_contain_text("3 people get it")


def test_a_choice_is_made_by_filling_in_what_belongs_to_it_and_the_count_follows(session, live, desk):
    ready(session)
    a_booking(session, a_subscriber(session))
    session.commit()
    window = desk(width=PHONE)
    window.goto(live + f"{ONE}/send")
    outlook = window.locator(".outlook")
    expect(outlook).to_contain_text("4 people get it")
    expect(window.get_by_role("button", name="Count again")).to_be_hidden()

    window.get_by_text("Choose people here").click()
    window.locator("select.rule-what").select_option("booked")
    expect(outlook).to_contain_text(re.compile("1 person gets it"))
    window.locator("#day").fill("2030-03-05")
    window.locator("#time").fill("09:00")
    for value in ("rule", "at"):
        expect(window.locator(f"input[value='{value}']").first).to_be_checked()
    window.get_by_role("button", name="Go on to the sum").click()
    expect(window.get_by_role("button", name="Send to 1 person")).to_be_visible()
    expect(window.get_by_text("5 Mar 2030, 09:00")).to_be_visible()
