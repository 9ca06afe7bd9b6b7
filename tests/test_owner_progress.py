"""A newsletter under way, on its page: how far it is, paused, going on, cancelled, tried again; its two subjects."""

import json
import re

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import wishes
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.house import AuditEntry
from funnel.models.mail import MessageState
from funnel.models.people import Subscriber
from funnel.programme import issue_words, issues, subject_trial
from tests.factories import a_message
from tests.issue_cast import click, mails, whose, work
from tests.mail_cast import send
from tests.newsletter_desk import LIST, ONE, another, under_way
from tests.owner_data import press, signed_in

SUM = "3 planned = 2 sent + 0 skipped + 1 failed + 0 unknown + 0 expired"


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def issue(session):
    """Three mails of it are planned."""
    made = under_way(session, utc_now())
    work(session, utc_now())
    return made


def told(desk):
    return json.loads(desk.get(f"{ONE}/progress").text)


def audited(session):
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


def test_how_far_it_is_adds_up_in_a_line(desk, session, issue, sink):
    page = desk.get(ONE).text
    assert "0 of 3 mails settled" in page
    assert "0 expired + 0 being sent + 3 waiting" in page
    sink.at("RCPT", "550 5.1.1 No such person", times=1)
    send(session, utc_now())
    found = told(desk)
    assert found["sum"] == f"{SUM} + 0 being sent + 0 waiting"
    assert (found["ended"], found["planned"], found["settled"]) == (3, 3, False)
    assert re.fullmatch(r"[\d,]+ a (second|minute)\..*|.* left\.", found["rate"])
    work(session, utc_now())
    assert told(desk)["settled"]
    page = desk.get(ONE).text
    assert SUM in page
    assert "All of it has been sent" in page
    assert "data-progress" not in page


def test_a_count_leads_to_its_mails(desk, session, issue, sink):
    sink.at("RCPT", "550 5.1.1 No such person", times=1)
    send(session, utc_now())
    page = desk.get(f"{ONE}/mails?state=failed").text
    assert page.count("550 5.1.1 No such person") == 1
    assert "Send again" in page
    assert desk.get(f"{ONE}/mails?state=sent").text.count("/owner/people/") >= 2
    assert "None" in desk.get(f"{ONE}/mails?state=expired").text


def test_the_mails_of_one_that_has_ended_are_all_there(desk, session, issue, sink):
    send(session, utc_now())
    work(session, utc_now())
    assert desk.get(f"{ONE}/mails").text.count("/owner/people/") == 3


def test_a_long_list_of_mails_has_pages(desk, session):
    under_way(session, utc_now(), people=60)
    work(session, utc_now())
    page = desk.get(f"{ONE}/mails").text
    newest = mails(session)[-1]
    assert f"before={newest.id - 49}" in page
    assert "Older ones" not in desk.get(f"{ONE}/mails?before={newest.id - 49}").text


def test_it_is_paused_and_goes_on(desk, session, issue, sink):
    press(desk, f"{ONE}/pause", on=ONE)
    work(session, utc_now())
    send(session, utc_now())
    assert sink.caught == []
    assert "3 mails held" in desk.get(ONE).text
    press(desk, f"{ONE}/resume", on=ONE)
    work(session, utc_now())
    send(session, utc_now())
    assert len(sink.caught) == 3
    assert audited(session) == ["paused a newsletter", "resumed a newsletter"]


def test_a_mended_word_reaches_whoever_has_it_not_yet(desk, session, issue, sink):
    press(desk, f"{ONE}/pause", on=ONE)
    typed = issue_words.typed(issue) | {"body": "Stand more.\n"}
    press(desk, f"{ONE}/edit", on=f"{ONE}/edit", based_on="0", **typed)
    assert "It is what those get who do not have it yet" in desk.get(ONE).text
    press(desk, f"{ONE}/resume", on=ONE)
    work(session, utc_now())
    send(session, utc_now())
    assert all(b"Stand more." in caught.data for caught in sink.caught)


def test_cancelling_asks_first_with_what_was_accepted_and_what_is_held(desk, session, issue, sink):
    sink.at("RCPT", "452 4.2.2 Mailbox full", times=2)
    send(session, utc_now())
    page = " ".join(desk.get(f"{ONE}/cancel").text.split())
    assert "<strong>1 mail</strong> has been accepted" in page
    assert "<strong>2 mails</strong> wait, and will not be sent" in page
    press(desk, f"{ONE}/cancel", on=f"{ONE}/cancel")
    work(session, utc_now())
    session.expire_all()
    assert session.get_one(Newsletter, 1).state is NewsletterState.CANCELLED
    page = desk.get(ONE).text
    assert "3 planned = 1 sent + 2 skipped + 0 failed + 0 unknown + 0 expired</p>" in page
    assert "It was cancelled" in page
    assert "There is nothing to cancel" in desk.get(f"{ONE}/cancel").text


def test_what_was_put_off_or_failed_is_tried_again(desk, session, issue, sink):
    sink.at("RCPT", "550 5.7.1 Not today", times=1)
    send(session, utc_now())
    work(session, utc_now())
    assert "1 mail waits for a time of its own" in desk.get(ONE).text
    press(desk, f"{ONE}/retry", on=ONE)
    assert "To be tried now: 1 mail put off, and 0 mails that had failed." in desk.get(ONE).text
    send(session, utc_now())
    work(session, utc_now())
    assert "3 planned = 3 sent" in desk.get(ONE).text
    press(desk, f"{ONE}/retry", on=f"{LIST}")
    assert "None of its mails was put off" in desk.get(ONE).text


def test_of_very_many_that_failed_a_press_takes_some_and_says_that_there_are_more(desk, session, monkeypatch):
    monkeypatch.setattr(wishes, "MOST", 2)
    issue = under_way(session, utc_now(), planned_at=utc_now(), planned=3)
    failed = {"state": "failed", "troubled_at": utc_now(), "ended_at": utc_now(), "reason": "no"}
    for person in session.scalars(select(Subscriber)).all():
        a_message(session, person, kind="newsletter", template="newsletter", newsletter_id=issue.id, **failed)
    session.commit()
    for said, more in (("2 mails", True), ("1 mail", False)):
        press(desk, f"{ONE}/retry", on=LIST)
        page = desk.get(ONE).text
        assert (f"{said} that had failed." in page, "Press again for the others" in page) == (True, more)


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry"])
def test_a_word_that_comes_too_late_or_too_soon_changes_nothing_and_says_why(desk, session, verb):
    under_way(session, utc_now(), state="draft", started_at=None)
    press(desk, f"{ONE}/{verb}", on=ONE)
    assert "It is a draft: nothing of it is scheduled or sent." in desk.get(ONE).text
    assert audited(session) == []


@pytest.fixture
def tried(session, monkeypatch, sink):
    """A trial on 50 % of forty people that is sent, and waits for clicks."""
    monkeypatch.setattr(subject_trial, "LEAST", 4)
    trial = {"subject_b": "Stools", "trial_percent": 50, "trial_hours": 4}
    made = under_way(session, utc_now(), people=40, **trial)
    work(session, utc_now())
    assert 'data-progress="' in 'data-progress="' or made
    send(session, utc_now())
    return made


def wordings(session):
    parts = session.scalars(select(Newsletter).where(Newsletter.part.is_not(None)).order_by(Newsletter.id))
    return {wording.part: wording for wording in parts}


def test_where_the_trial_stands_is_shown_with_its_uncertainty_and_it_is_chosen_by_hand(desk, session, tried):
    page = desk.get(ONE).text
    assert "Nobody has clicked yet." in page
    second = wordings(session)[Part.B]
    click(session, second, whose(session, second)[:1])
    session.commit()
    page = " ".join(desk.get(ONE).text.split())
    assert "“Stools” is ahead" in page
    assert "which may be luck" in page
    press(desk, f"{ONE}/choose", on=ONE, part="b")
    page = desk.get(ONE).text
    assert "You chose it." in page
    work(session, utc_now())
    assert wordings(session)[Part.REST].subject == "Stools"
    press(desk, f"{ONE}/choose", on=LIST, part="a")
    assert "has been decided" in desk.get(ONE).text
    assert press(desk, f"{ONE}/choose", on=LIST, part="c").status_code == 400


def test_words_mended_during_a_trial_are_those_of_both_subjects(session, tried):
    values, _ = issue_words.read(issue_words.typed(tried) | {"body": "Stand more.\n", "subject": "Seats"})
    held = issues.held(session, tried.id)
    issues.save(session, held, values, based_on=0, owner_id=None, why="saved", now=utc_now())
    session.commit()
    found = wordings(session)
    assert {wording.body for wording in found.values()} == {"Stand more.\n"}
    assert (found[Part.A].subject, found[Part.B].subject) == ("Seats", "Stools")


def test_the_list_counts_the_mails_of_both_subjects(desk, session, tried):
    first = wordings(session)[Part.A]
    click(session, first, whose(session, first)[:2])
    another(session)
    session.commit()
    page = " ".join(desk.get(LIST).text.split())
    sent = sum(mail.state is MessageState.SENT for mail in mails(session))
    assert f'data-label="accepted">{sent}</td>' in page
    assert 'aria-label="2 clicked: what came of' in page
    assert page.count('scope="row"') == 2


def test_a_second_subject_of_which_nothing_else_is_known_breaks_no_page(desk, session):
    for state in ("scheduled", "sending"):
        issue = under_way(session, utc_now(), state=state, subject_b="Stools", id=70 if state == "sending" else 71)
        page = desk.get(f"/owner/newsletters/{issue.id}")
        assert (page.status_code, "Stools" in page.text) == (200, True)
