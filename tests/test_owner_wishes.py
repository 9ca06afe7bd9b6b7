"""Mails that wait or failed: tried now or cancelled by the owner, who is told what either means."""

import re

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.insight.cancellations import TRIED
from funnel.mail import wishes
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import QueueEntry
from tests.balance import assert_balance
from tests.owner_data import Practice, press, signed_in

HERE = "/owner/messages"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    made.trouble()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def the(practice, state):
    practice.session.expire_all()
    return practice.session.scalars(select(Message).where(Message.state == state).order_by(Message.id)).all()


def wish(desk, which, how):
    """Presses the button of that page, with what stands beside it."""
    newest = re.search(r'name="newest" value="(\d+)"', desk.get(f"{HERE}/{which}").text)[1]
    return press(desk, f"{HERE}/{which}/{how}", on=f"{HERE}/{which}", newest=newest)


@pytest.mark.parametrize(("state", "words"), [("queued", "Cancel"), ("deferred", "Try now"), ("failed", "Send again")])
def test_the_list_of_mails_leads_there(desk, practice, state, words):
    (mail, *_) = the(practice, state)
    page = desk.get(f"{HERE}?state={state}").text
    assert re.search(rf'href="{HERE}/mail-{mail.id}">{words}', page)
    assert (f'href="{HERE}/all">' in page) == (state != "failed")


def test_before_a_wish_it_says_what_is_known_and_what_either_means(desk, practice):
    page = desk.get(f"{HERE}/all").text
    for said in (
        "What becomes of these 3 mails?",
        "The relay asked to try later.",
        "Try 2 mails now",
        "Cancel 3 mails",
        "You can take this back.",
    ):
        assert said in page


def test_with_nothing_outstanding_it_says_so(desk, practice):
    page = desk.get(f"{HERE}/mail-{the(practice, 'skipped')[0].id}").text
    assert "Nothing waits here" in page
    assert 'href="/owner/unknown"' in page


def test_what_was_put_off_is_tried_now(desk, practice):
    answer = wish(desk, "all", "now")
    assert "2 mails to be tried now." in desk.get(answer.location).text
    late = the(practice, MessageState.DEFERRED)
    assert {mail.reason for mail in late} == {wishes.AGAIN}
    entry = practice.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.detail) == (TRIED, {"which": "all", "ids": [mail.id for mail in late]})


def test_one_that_failed_is_sent_again(desk, practice):
    (mail,) = the(practice, MessageState.FAILED)
    assert "Send it again" in desk.get(f"{HERE}/mail-{mail.id}").text
    assert "1 mail to be tried now." in desk.get(wish(desk, f"mail-{mail.id}", "now").location).text
    assert the(practice, MessageState.FAILED) == []
    assert mail.state == MessageState.QUEUED


def test_one_that_failed_for_somebody_who_left_says_why_it_cannot(desk, practice):
    (mail,) = the(practice, MessageState.FAILED)
    practice.session.get_one(Subscriber, mail.subscriber_id).state = SubscriberState.UNSUBSCRIBED
    practice.session.commit()
    page = desk.get(f"{HERE}/mail-{mail.id}").text
    assert f"It cannot be sent again: {wishes.TURNED_AWAY}." in page
    assert f"{HERE}/mail-{mail.id}/now" not in page


def test_one_is_cancelled_and_that_taken_back(desk, practice):
    (mail,) = the(practice, MessageState.QUEUED)
    receipt = wish(desk, f"mail-{mail.id}", "cancel").location
    assert "1 mail cancelled" in desk.get(receipt).text
    assert [one.id for one in the(practice, MessageState.SKIPPED) if one.reason == wishes.CANCELLED] == [mail.id]
    assert press(desk, f"{receipt}/undo", on=receipt).location == receipt
    page = desk.get(receipt).text
    assert "Taken back: 1 mail will be sent." in page
    assert "Nothing of it is left to take back" in page
    assert f'href="{receipt}"' in desk.get(HERE).text
    assert [one.id for one in the(practice, MessageState.QUEUED)] == [mail.id]
    assert_balance(practice.session, waiting=3)


def test_a_cancellation_that_was_taken_back_has_no_say_about_the_next_one(desk, practice):
    (mail,) = the(practice, MessageState.QUEUED)
    first = wish(desk, f"mail-{mail.id}", "cancel").location
    press(desk, f"{first}/undo", on=first)
    second = wish(desk, f"mail-{mail.id}", "cancel").location
    assert "/undo" not in desk.get(first).text
    press(desk, f"{first}/undo", on="/owner/")
    practice.session.expire_all()
    assert mail.state == MessageState.SKIPPED
    assert "/undo" in desk.get(second).text


def test_all_of_a_step_are_cancelled(desk, practice):
    receipt = wish(desk, f"step-{practice.steps[1].id}", "cancel").location
    assert "3 mails cancelled" in desk.get(receipt).text
    assert practice.session.scalars(select(QueueEntry)).all() == []


def test_what_was_planned_since_the_page_was_shown_is_left(desk, practice):
    newest = re.search(r'name="newest" value="(\d+)"', desk.get(f"{HERE}/all").text)[1]
    waits = {"state": MessageState.QUEUED, "sent_at": None, "ended_at": None, "attempts": 0}
    fresh = practice.mail(practice.newcomer("Kit"), utc_now(), step_id=practice.steps[2].id, **waits)
    practice.session.commit()
    press(desk, f"{HERE}/all/cancel", on=f"{HERE}/all", newest=newest)
    assert [mail.id for mail in the(practice, MessageState.QUEUED)] == [fresh.id]


def test_a_second_press_does_nothing_and_says_so(desk, practice):
    (mail,) = the(practice, MessageState.QUEUED)
    wish(desk, f"mail-{mail.id}", "cancel")
    again = press(desk, f"{HERE}/mail-{mail.id}/cancel", on="/owner/", newest=str(mail.id))
    assert "Nothing was done" in desk.get(again.location).text


@pytest.mark.parametrize("path", ["/step-x", "/nobody", "/cancelled/7", f"/mail-{10**20}", "/go-on"])
def test_what_is_not_there_is_not_found(desk, practice, path):
    assert desk.get(HERE + path).status_code in {404, 405}


@pytest.mark.parametrize("newest", [{}, {"newest": "all"}, {"newest": str(1 << 63)}])
def test_a_press_that_does_not_say_what_was_shown_does_nothing(desk, practice, newest):
    assert press(desk, f"{HERE}/all/cancel", on=f"{HERE}/all", **newest).status_code == 400
    assert len(practice.session.scalars(select(QueueEntry)).all()) == 3


def test_a_receipt_of_something_else_is_not_found(desk, practice):
    entry = practice.decision()
    practice.session.commit()
    assert desk.get(f"{HERE}/cancelled/{entry.id}").status_code == 404
