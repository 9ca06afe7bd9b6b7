"""Which newsletters everybody may read: the owner's list and its switches."""

import pytest

from funnel.db import utc_now
from funnel.models.content import NewsletterState
from funnel.models.house import AuditEntry
from funnel.web.owner.in_archive import LISTED
from tests.factories import an_issue
from tests.owner_data import press, signed_in
from tests.readers import fields_of

ON = "/owner/archive"


@pytest.fixture
def desk(app, session):
    return signed_in(app)


def test_without_an_issue_the_page_says_what_will_stand_there(desk):
    page = desk.get(ON)
    assert page.status_code == 200
    assert "No newsletter yet" in page.text


def test_an_issue_is_taken_out_and_put_in_again(session, desk, client):
    issue = an_issue(session, subject='{{ first_name | default("You") }}, chairs')
    session.commit()
    path = f"/archive/{issue.id}-you-chairs"
    for verb, code, said in (
        ("hide", 410, "“You, chairs” is for those only"),
        ("show", 200, "Everybody may read “You, chairs”."),
    ):
        assert press(desk, f"{ON}/{issue.id}/{verb}", on=ON).location == ON
        assert said in desk.get(ON).text
        assert (verb, client.get(path).status_code) == (verb, code)
        press(desk, f"{ON}/{issue.id}/{verb}", on=ON)  # a second press of an old page
    actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id) if "archive" in entry.action]
    assert actions == ["took a newsletter out of the archive", "put a newsletter into the archive"]


def test_one_that_is_not_sent_yet_can_be_decided_about(session, desk, client):
    draft = an_issue(session, subject="Soon", state=NewsletterState.DRAFT, send_at=None, in_archive=False)
    session.commit()
    press(desk, f"{ON}/{draft.id}/show", on=ON)
    page = desk.get(ON).text
    assert "Everybody may read “Soon” once it is sent." in page
    assert f'href="/archive/{draft.id}"' not in page
    assert client.get(f"/archive/{draft.id}").status_code == 404


def test_a_draft_that_was_thrown_away_is_not_asked_about(session, desk):
    issue = an_issue(session, subject="Never mind", state=NewsletterState.CANCELLED)
    session.commit()
    assert "Never mind" not in desk.get(ON).text
    assert press(desk, f"{ON}/{issue.id}/show", on=ON).status_code == 404


def test_one_that_was_cancelled_on_its_way_can_be_taken_out_for_those_too_who_have_it(session, desk, client):
    issue = an_issue(session, subject="Wrong", state=NewsletterState.CANCELLED, started_at=utc_now())
    session.commit()
    assert "only the links in its mails lead to it" in desk.get(f"/owner/newsletters/{issue.id}").text
    for verb, code in (("hide", 410), ("show", 200)):
        press(desk, f"{ON}/{issue.id}/{verb}", on=ON)
        assert client.get(f"/archive/{issue.id}-wrong").status_code == code
    assert "Whoever has its link may read “Wrong”." in desk.get(ON).text


def test_the_page_of_a_newsletter_has_the_switch_and_is_led_back_to(session, desk):
    issue = an_issue(session)
    session.commit()
    own = f"/owner/newsletters/{issue.id}"
    page = desk.get(own)
    assert fields_of(page)["back"] == own
    assert "As it stands now: everybody may read it." in page.text
    for back, leads in ((own, own), ("https://example.org/", "/owner/")):
        assert press(desk, f"{ON}/{issue.id}/hide", on=own, back=back).location == leads
    assert "As it stands now: for those only who get it by mail." in desk.get(own).text


def test_a_long_list_is_turned_page_by_page(session, desk):
    for number in range(LISTED + 1):
        an_issue(session, subject=f"Number {number}.", send_at=utc_now())
    session.commit()
    assert 'href="/owner/archive?page=2"' in desk.get(ON).text
    assert "Number 0." in desk.get(f"{ON}?page=2").text
    assert desk.get(f"{ON}?page=3").location == ON
