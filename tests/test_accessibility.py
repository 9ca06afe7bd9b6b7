"""Every page and state a reader can meet: axe in light and dark, a narrow phone, and a keyboard."""

import re
from datetime import timedelta

import pytest

from funnel import tokens
from funnel.audience import confirmation, own_data, resending, topics
from funnel.config import settings
from funnel.db import utc_now
from funnel.local import outbox
from funnel.models.mail import LinkKind
from funnel.models.people import Form, Pace, SignUpState, SubscriberState
from funnel.programme import content_files
from funnel.tokens import Purpose
from funnel.web.pages.trap import SOONEST_S
from tests.axe import assert_clean
from tests.browser import PHONE
from tests.factories import a_link, a_message, a_sign_up, a_subscriber, an_issue
from tests.test_web_outbox import MAIL

pytestmark = pytest.mark.browser
ISSUE = "Words.\n\n## Chairs\n\n> Sit *less*.\n\n[Book]({{ booking_link }})\n\n[I have booked]({{ booked_link }})\n"
OWN_COLOUR = "#8a1c5b"
NARROWEST = 320  # 1280 at 400 %, WCAG 1.4.10
TARGET = 44
NOTHING = re.compile("status of 4(04|10)")


@pytest.fixture
def paths(session, live, setting, tmp_path):
    """The address of every page, by a name that says its state."""
    setting(DATA_DIR=str(tmp_path))
    now = utc_now()
    settings().outbox_dir.mkdir(parents=True)
    outbox.store(settings().outbox_dir, 1, "b@example.org", ["ada@example.org"], MAIL)
    content_files.load(session, content_files.FOLDER, now)
    form = session.query(Form).one()
    form.accent = OWN_COLOUR
    ada = a_subscriber(session, form_id=form.id)
    message = a_message(session, ada)
    booked = a_link(session, url="booked", kind=LinkKind.BOOKED)
    others = {
        "left": a_subscriber(session, form_id=form.id, state=SubscriberState.UNSUBSCRIBED),
        "paused": a_subscriber(session, paused_until=now + timedelta(days=9)),
        "monthly": a_subscriber(session, pace=Pace.MONTHLY),
    }
    topics.make(session, "Sitting", "All day at a desk", now)
    pending = a_subscriber(session, state=SubscriberState.PENDING, confirmed_at=None)
    settled = {"subscriber_id": pending.id, "email": pending.email, "state": SignUpState.SETTLED}
    waiting, late = (
        a_sign_up(session, form, created_at=now - ago, **settled) for ago in (timedelta(hours=1), timedelta(days=8))
    )
    session.commit()
    fresh = own_data.fresh_token(ada, now)
    return {
        "post": "/posts/quadratus-lumborum",
        "form": "/f/back-care",
        "sent": f"/f/back-care/sent?t={resending.ticket(form.id, waiting.id, now)}",
        "sent again": f"/f/back-care/sent?again=1&t={resending.ticket(form.id, waiting.id, now)}",
        "confirm": f"/confirm/{confirmation.token(waiting)}",
        "confirm, too late": f"/confirm/{confirmation.token(late)}",
        "leave": f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, ada.id, message.id)}",
        "preferences": f"/preferences/{tokens.sign(Purpose.PREFERENCES, ada.id, message.id)}",
        "my data": f"/my-data/{fresh}",
        **{f"my data, {state}": f"/my-data/{own_data.fresh_token(one, now)}" for state, one in others.items()},
        "my data, delete": f"/my-data/{fresh}/delete",
        "my data, ended": "/my-data/x",
        "booked": f"/booked/{tokens.sign(Purpose.GO, booked.id, message.id)}",
        "book": "/book",
        "book, thanks": "/book/thanks",
        "privacy": "/privacy",
        "outbox": "/outbox",
        "outbox, a mail": "/outbox/1",
        "missing": "/nowhere",
        **archive(session),
    }


def archive(session):
    _, issue, _, hidden = (an_issue(session, body=ISSUE, in_archive=number < 3) for number in range(4))
    session.commit()
    return {
        "archive": "/archive",
        "archive, an issue": f"/archive/{issue.id}",
        "archive, taken out": f"/archive/{hidden.id}",
        "archive, nothing": "/archive/999",
    }


def press(opened, words):
    opened.get_by_role("button", name=words).first.click()


def typed(opened, email):
    opened.get_by_label("Email address").first.fill(email)
    press(opened, "Send me the tips")


# What a press leads to: from which page, what is done there, and what the page then says.
STATES = {
    "form, with errors": ("form", lambda opened: typed(opened, "nowhere"), "Please check"),
    "form, too soon": ("form", lambda opened: typed(opened, "ada@example.org"), "That was quick"),
    "form, a slip": ("form", lambda opened: typed(opened, "ada@gmial.com"), "Did you mean"),
    "book, with errors": ("book", lambda opened: press(opened, "Send the request"), "Please check"),
    "preferences, changed": ("preferences", lambda opened: press(opened, "Pause"), "It is quiet for 30 days"),
    "preferences, nothing ticked": (
        "preferences",
        lambda opened: press(opened, "Leave these out"),
        "Tick at least one topic",
    ),
    "my choices, changed": ("my data", lambda opened: press(opened, "Monthly only"), "The course has ended"),
    "my data, changed": ("my data", lambda opened: press(opened, "Save the name"), "Your name is corrected"),
    "confirmed": ("confirm", lambda opened: press(opened, "Yes, send me the tips"), "You are in"),
    "already booked": ("booked", lambda opened: press(opened, "I have already booked"), "Thank you"),
    "left": ("leave", lambda opened: press(opened, "Yes, stop all mails"), "You have left"),
    "deleted": ("my data, delete", lambda opened: press(opened, "Yes, delete all of it"), "Your data is deleted"),
}


def complaints(opened):
    """What the browser said against the page: a style or script refused by the security policy, above all."""
    said = []
    opened.on("console", lambda line: said.append(line.text) if not NOTHING.search(line.text) else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_axe_finds_nothing_on_any_page(live, page, paths):
    opened = page(width=PHONE)
    said = complaints(opened)
    for name, path in paths.items():
        opened.goto(live + path)
        assert_clean(opened, name)
    assert said == []


def test_axe_finds_nothing_in_what_a_press_leads_to(live, page, paths):
    opened = page(width=PHONE)
    for name, (start, act, words) in STATES.items():
        opened.goto(live + paths[start])
        act(opened)
        opened.get_by_text(words).first.wait_for()
        assert_clean(opened, name)


def test_no_page_is_wider_than_a_small_phone_and_every_button_is_large_enough(live, page, paths):
    opened = page(width=NARROWEST)
    for name, path in paths.items():
        opened.goto(live + path)
        wider = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (name, wider) == (name, 0)
        small = opened.evaluate(
            """least => [...document.querySelectorAll('button, .button, .field input')]
                .filter(one => one.getBoundingClientRect().height < least).map(one => one.outerHTML)""",
            TARGET,
        )
        assert (name, small) == (name, [])


@pytest.mark.parametrize("script", [True, False])
def test_an_error_takes_the_focus_and_leads_to_its_field(live, page, paths, script):
    opened = page(width=PHONE, script=script)
    opened.goto(live + paths["form"])
    typed(opened, "nowhere")
    summary = opened.get_by_role("group", name="Please check this")
    assert summary.evaluate("box => box === document.activeElement") if script else summary.is_visible()
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    opened.wait_for_url("**#email-page")


def test_a_form_is_filled_in_by_keyboard_alone_past_the_honeypot(live, page, paths):
    opened = page()
    opened.goto(live + paths["form"])
    reached = []
    for _ in range(9):
        opened.keyboard.press("Tab")
        reached.append(opened.evaluate("document.activeElement.name || document.activeElement.className"))
    assert reached.index("email") + 1 == reached.index("first_name")
    assert "website" not in reached
    assert reached[0] == "skip"


def test_the_form_works_without_script_and_the_zone_comes_with_it(live, page, paths):
    for script, zone in ((False, ""), (True, "Europe/Rome")):
        opened = page(script=script, timezone_id="Europe/Rome")
        opened.goto(live + paths["form"])
        assert opened.locator('input[name="timezone"]').input_value() == zone
        opened.get_by_label("Email address").fill("ada@example.org")
        opened.wait_for_timeout(SOONEST_S * 1000 + 100)  # a person's pace; the time trap is part of what is tried here
        press(opened, "Send me the tips")
        opened.get_by_role("heading", name="Now look into your mail").wait_for()
