"""Sending."""

import pytest

from funnel.db import utc_now
from funnel.models.mail import MessageKind
from tests.owner_data import Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def test_with_no_mail_it_leads_to_a_test(desk, practice):
    page = desk.get("/owner/messages").text

    assert "No mail yet" in page
    assert 'href="/owner/mails"' in page


def test_each_mail_stands_there_with_its_state_reason_and_reply(desk, practice):
    practice.trouble()
    page = desk.get("/owner/messages").text

    assert "6 mails, the newest first" in page
    assert "The relay asked to try later." in page
    assert "451 4.7.1 Greylisted, try again in 5 minutes (2 tries)" in page
    assert "There is no such address." in page
    assert "550 5.1.1 User unknown" in page
    assert "Left before it was due." in page


@pytest.mark.parametrize("state", ["queued", "deferred", "failed", "unknown", "skipped"])
def test_one_state_is_shown_alone_with_what_it_means(desk, practice, state):
    practice.trouble()
    page = desk.get(f"/owner/messages?state={state}").text

    assert f"{2 if state == 'deferred' else 1} mail" in page
    assert f'href="/owner/messages?state={state}" aria-current="true"' in page
    assert ("There is no such address." in page) == (state == "failed")


def test_a_state_without_mails_says_so(desk, practice):
    practice.trouble()

    assert "None expired" in desk.get("/owner/messages?state=expired").text
    assert "6 mails" in desk.get("/owner/messages?state=lost").text


def test_a_mail_to_nobody_we_keep_is_named_as_what_it_is(desk, practice):
    practice.mail(None, practice.now, kind=MessageKind.TEST, step_id=practice.steps[0].id)
    practice.session.commit()
    page = desk.get("/owner/messages").text

    assert '<span class="chip">test</span>' in page
    assert "address deleted" in page


def test_the_list_is_turned_page_by_page_within_its_state(desk, practice):
    ada = practice.newcomer("Ada")
    for _ in range(51):
        practice.mail(ada, practice.now, step_id=practice.steps[0].id)
    practice.session.commit()

    assert 'href="/owner/messages?state=sent&amp;page=2"' in desk.get("/owner/messages?state=sent").text
    assert "There is no page 3. This is the last, page 2." in desk.get("/owner/messages?page=3").text
    assert "Page 2 of 2" in desk.get("/owner/messages?state=sent&page=2").text


def test_the_mails_of_a_state_are_a_csv_for_owners(app, desk, practice, monkeypatch):
    from funnel.models.house import Role
    from funnel.web.owner import messages

    practice.trouble()
    practice.session.commit()
    monkeypatch.setattr(messages, "AT_ONCE", 2)
    lines = desk.get("/owner/messages.csv").text.splitlines()
    assert len(lines) == 7
    assert lines[0].endswith("Mail,Kind,Address,State,Why,Reply,Tries,Planned,Due,Sent,Ended")
    failed = desk.get("/owner/messages.csv?state=failed").text.splitlines()
    assert [line.split(",")[3] for line in failed[1:]] == ["failed"]
    assert "550 5.1.1 User unknown" in failed[1]
    assert signed_in(app, Role.EDITOR, "kim@example.org").get("/owner/messages.csv").status_code == 403
