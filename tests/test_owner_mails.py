"""The mails, their previews, and tests of them."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import render
from funnel.models.content import SequenceState
from funnel.models.house import AuditEntry
from funnel.models.mail import Link, Message, MessageKind, MessageState, Queue
from tests.balance import assert_balance
from tests.owner_data import EMAIL, Practice, press, signed_in

MOST = 20  # tests an hour


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def planned(session):
    session.expire_all()
    return session.scalars(select(Message).where(Message.kind == MessageKind.TEST)).all()


def test_the_mails_stand_in_order_with_how_often_each_was_sent(desk, practice):
    ada = practice.newcomer("Ada")
    practice.mail(ada, practice.now, step_id=practice.steps[0].id)
    practice.mail(None, practice.now, step_id=practice.steps[0].id, kind=MessageKind.TEST)
    practice.mail(ada, practice.now, step_id=practice.steps[0].id, state=MessageState.FAILED, reason="refused")
    practice.session.commit()
    page = desk.get("/owner/mails").text

    found = [page.index(f'href="/owner/mails/{step.id}">{step.subject}') for step in practice.steps]
    assert found == sorted(found)
    assert page.count('data-label="sent">1<') == 1
    assert page.count('data-label="sent">0<') == 7
    assert "between 07:00 and 10:00 by the reader’s own clock, never on a weekend" in page


def test_the_notices_stand_there_too(desk, practice):
    page = desk.get("/owner/mails").text

    for name in render.NOTICES:
        assert f'href="/owner/mails/{name}"' in page


def test_a_retired_mail_is_marked(desk, practice):
    practice.steps[2].state = SequenceState.RETIRED
    practice.course.state = SequenceState.DRAFT
    practice.session.commit()
    page = desk.get("/owner/mails").text

    assert '<span class="chip">retired</span>' in page
    assert '<span class="chip warn">not live</span>' in page


def test_without_a_course_the_list_says_how_to_load_one(desk):
    assert "content load" in desk.get("/owner/mails").text


def test_a_rehearsal_is_told_where_the_hours_stand(desk, practice, setting):
    setting(DAY_SECONDS="1")
    assert "as soon as they are due: this is a rehearsal" in " ".join(desk.get("/owner/mails").text.split())


@pytest.mark.parametrize("place", range(8))
def test_a_mail_is_shown_with_all_about_it(desk, practice, place):
    step = practice.steps[place]
    page = desk.get(f"/owner/mails/{step.id}").text

    assert step.preheader in page
    assert re.search(r"\d+ kB <span class=\"soft\">of at most 60 kB", page)
    assert "Hello there" in page
    assert "{{" not in page
    for source in step.sources:
        assert source["name"] in page
    assert f'src="/owner/mails/{step.id}/html?scheme=dark" sandbox title' in page


@pytest.mark.parametrize("name", render.NOTICES)
def test_a_notice_is_shown_but_not_sent_as_a_test(desk, practice, name):
    page = desk.get(f"/owner/mails/{name}").text

    assert f'src="/owner/mails/{name}/html?scheme=light"' in page
    assert "Send me a test" not in page
    assert press(desk, f"/owner/mails/{name}/test", on="/owner/").status_code == 404


def test_only_the_preview_s_page_may_hold_a_frame(desk, practice):
    assert "frame-src 'self'" in desk.get("/owner/mails/1").headers["Content-Security-Policy"]
    assert "frame-src" not in desk.get("/owner/mails").headers["Content-Security-Policy"]


def test_the_mail_in_the_frame_can_do_nothing(desk, practice):
    answer = desk.get("/owner/mails/1/html?scheme=dark")
    policy = answer.headers["Content-Security-Policy"]

    assert {"default-src 'none'", "frame-ancestors 'self'", "sandbox"} <= {part.strip() for part in policy.split(";")}
    assert "script-src" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert '<base target="_blank">' in answer.text


def test_the_frames_show_both_schemes(desk, practice):
    dark, light = (desk.get(f"/owner/mails/1/html?scheme={scheme}").text for scheme in ("dark", "light"))

    assert "@media all" in dark
    assert "@media not all" in light
    assert "prefers-color-scheme" not in dark + light
    assert desk.get("/owner/mails/1/html").text == light
    assert desk.get("/owner/mails/1/html?scheme=sepia").status_code == 404


def test_looking_at_a_mail_changes_nothing(desk, practice):
    before = practice.session.scalars(select(Link.id)).all()
    desk.get("/owner/mails/7")
    desk.get("/owner/mails/7/html?scheme=light")

    assert practice.session.scalars(select(Link.id)).all() == before


def test_a_mail_that_cannot_be_written_says_why(desk, practice):
    practice.steps[0].body = "word " * 30_000
    practice.session.commit()
    page = desk.get("/owner/mails/1")

    assert page.status_code == 200
    assert "Gmail would cut it off" in page.text
    assert desk.get("/owner/mails/1/html").status_code == 404


def test_a_test_is_planned_for_the_owner_alone(desk, practice):
    answer = press(desk, "/owner/mails/3/test", on="/owner/mails/3")

    message = planned(practice.session)[0]
    assert (answer.status_code, answer.location) == (303, "/owner/mails/3")
    assert (message.to_address, message.step_id, message.subscriber_id) == (EMAIL, 3, None)
    assert (message.template, message.queue, message.state) == ("step", Queue.URGENT, MessageState.QUEUED)
    assert message.expires_at - message.due_at == timedelta(hours=1)
    assert practice.session.scalars(select(AuditEntry.action)).all() == ["sent a test"]
    assert_balance(practice.session, waiting=1)
    page = desk.get(answer.location).text
    assert f'On its way to the local <a href="/outbox">outbox</a>, addressed to {EMAIL}.' in page


def test_the_test_can_be_written(desk, practice):
    press(desk, "/owner/mails/7/test", on="/owner/mails/7")

    sent = render.rendered(practice.session, planned(practice.session)[0], utc_now())
    assert sent.recipient == EMAIL
    assert message_from_bytes(sent.data, policy=policy.default)["Subject"].startswith("[TEST] ")


def test_with_a_relay_the_owner_is_told_the_address(desk, practice, setting):
    setting(SMTP_URL="smtp://mail.example.org")
    page = desk.get(press(desk, "/owner/mails/1/test", on="/owner/mails/1").location).text

    assert f"On its way to {EMAIL}." in page
    assert "/outbox" not in page


def test_the_twenty_first_test_in_an_hour_waits(desk, practice):
    for _ in range(MOST):
        press(desk, "/owner/mails/1/test", on="/owner/mails/1")
    answer = press(desk, "/owner/mails/1/test", on="/owner/mails/1")

    assert len(planned(practice.session)) == MOST
    assert "You sent 20 tests within an hour. Please wait 60 minutes." in desk.get(answer.location).text


def test_a_test_leaves_when_redis_is_away(desk, practice, frozen_redis):
    assert press(desk, "/owner/mails/1/test", on="/owner/mails/1").status_code == 303
    assert len(planned(practice.session)) == 1


def test_a_mail_that_is_not_there_has_no_test(desk, practice):
    assert press(desk, "/owner/mails/99/test", on="/owner/").status_code == 404
    assert planned(practice.session) == []


def test_an_invitation_says_its_day(desk, practice):
    practice.newcomer("Ada")
    practice.somebody(1, practice.now - timedelta(days=1))
    practice.session.commit()

    assert "day 18 after confirming" in desk.get("/owner/mails/7").text
    assert "at once on confirming" in desk.get("/owner/mails/1").text
