"""A newsletter is sent from its page: whom it reaches is told before, and it can be taken back."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from funnel.audience import segments
from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.programme import subject_trial
from tests.factories import a_sequence, a_stamp, a_subscriber, an_enrolment
from tests.issue_cast import work
from tests.newsletter_desk import LIST, ONE, another, order, ready
from tests.owner_data import press, signed_in
from tests.readers import fields_of

TOMORROW = (utc_now() + timedelta(days=1)).date().isoformat()


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def issue(session):
    return ready(session)


def state(session):
    session.expire_all()
    return session.get_one(Newsletter, 1).state


def test_the_sum_stands_before_the_button_and_nothing_is_scheduled_by_it(desk, session, issue):
    page = order(desk).text
    assert "Send to 3 people" in page
    assert "In five minutes" in page
    assert state(session) is NewsletterState.DRAFT


def test_the_sum_says_when_the_last_has_it_where_a_mail_server_takes_few_a_day(desk, session, issue, setting):
    setting(SMTP_URL="smtp://relay.example.org:25?day=2")
    page = " ".join(order(desk).text.split())
    day = (utc_now() + timedelta(minutes=5, days=1)).date()
    assert f"The last has it on {day:%A, %-d %B %Y}" in page
    assert "take 2 on the first day" in page


def test_who_gets_it_later_who_is_held_back_and_who_cannot_be_mailed_is_told(desk, session, issue):
    now = utc_now()
    on_course, lately, _ = (a_subscriber(session), a_subscriber(session), a_subscriber(session, state="bounced"))
    an_enrolment(session, on_course, a_sequence(session))
    a_stamp(session, lately, now - timedelta(hours=2))
    session.commit()
    page = " ".join(desk.get(f"{ONE}/send").text.split())
    assert "<strong>4 people</strong> get it, 1 of them later" in page
    assert "<strong>1 person</strong> is held back" in page
    assert "<strong>1 person</strong> gets none:" in page
    page = " ".join(order(desk, with_course="1").text.split())
    assert "Send to 5 people" in page
    assert "held back" not in page


def test_now_is_in_five_minutes_and_until_then_it_is_taken_back(desk, session, issue):
    assert order(desk, "send").location == ONE
    assert state(session) is NewsletterState.SCHEDULED
    page = desk.get(ONE).text
    assert "You can take it back until" in page
    assert 'role="timer"' in page
    press(desk, f"{ONE}/undo", on=ONE)
    assert state(session) is NewsletterState.DRAFT
    assert "It is a draft again, and nobody got it." in desk.get(ONE).text
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["scheduled a newsletter", "took a newsletter back"]
    assert session.scalars(select(Message)).all() == []


def test_once_it_leaves_it_cannot_be_taken_back_and_that_is_said(desk, session, issue):
    order(desk, "send")
    page = desk.get(ONE).text
    work(session, utc_now() + timedelta(minutes=5))
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    desk.post(f"{ONE}/undo", data={"csrf_token": token})
    assert "It could not be taken back: it is being sent." in desk.get(ONE).text
    assert state(session) is NewsletterState.SENDING


def test_pressed_twice_or_from_a_page_of_before_it_is_scheduled_once_and_that_is_said(desk, session, issue):
    order(desk, "send", when="at", day="2030-03-05", time="09:00")
    session.refresh(issue)
    before = issue.send_at
    assert order(desk, "send").location == ONE
    assert "Nothing was changed" in desk.get(ONE).text
    session.expire_all()
    assert issue.send_at == before
    seen = fields_of(desk.get(f"{ONE}/send"))["seen"]
    assert fields_of(order(desk, seen=seen))["seen"] == seen
    order(desk, "send", seen=seen)
    session.expire_all()
    assert issue.send_at < before


def test_a_time_is_by_the_practices_clock(desk, session, issue, setting):
    setting(TIMEZONE="America/New_York")
    page = order(desk, when="at", day=TOMORROW, time="09:00").text
    assert ", 09:00</time>" in page
    order(desk, "send", when="at", day=TOMORROW, time="09:00")
    session.expire_all()
    at = session.get_one(Newsletter, 1).send_at
    assert f"{at.astimezone(ZoneInfo('America/New_York')):%H:%M}" == "09:00"
    assert "It is scheduled" in desk.get(ONE).text
    again = desk.get(f"{ONE}/send").text
    assert f'value="{TOMORROW}"' in again
    assert 'value="09:00"' in again


def test_by_readers_clocks_the_first_and_the_last_are_named(desk, session, issue):
    a_subscriber(session, time_zone="Asia/Tokyo")
    session.commit()
    page = " ".join(order(desk, when="readers", day=TOMORROW, time="12:00").text.split())
    assert "at 12:00 by each reader’s own clock: the first <time" in page
    order(desk, "send", when="readers", day=TOMORROW, time="12:00")
    session.expire_all()
    assert session.get_one(Newsletter, 1).zone_mode is ZoneMode.READER
    assert "by each reader’s own clock" in desk.get(ONE).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"when": "at"}, "Please choose a day and a time."),
        ({"when": "at", "day": "2020-01-01", "time": "10:00"}, "That time is past."),
        ({"when": "at", "day": "9999-12-31", "time": "23:59"}, ""),
        ({"two": "1", "subject_b": "Stools", "percent": "x", "hours": "4"}, "as whole numbers"),
        ({"two": "1", "subject_b": "Stools", "percent": "20", "hours": "4"}, "A trial needs 1,000 people"),
        ({"two": "1", "subject_b": "Chairs", "percent": "20", "hours": "4"}, "The two subjects are the same."),
        ({"whom": "segment-77"}, "is there no more"),
        ({"whom": "rule", "rule-1-1-what": "booked"}, "Nobody would get it"),
        ({"whom": "rule", "rule-1-1-what": "nonsense"}, "Not sent: one thing to mend"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(desk, session, issue, fields, words):
    answer = order(desk, "send", **fields)
    if words:
        assert answer.status_code == 422
        assert words in answer.text
        for name in ("day", "time", "subject_b"):
            assert not fields.get(name) or f'value="{fields[name]}"' in answer.text
        assert state(session) is NewsletterState.DRAFT
    else:
        assert answer.status_code in (303, 422)


def test_words_that_would_be_refused_are_not_sent(desk, session):
    ready(session, body="This is guaranteed to help.\n")
    answer = order(desk)
    assert answer.status_code == 422
    assert "Newsletter, line 1" in answer.text


def test_the_subject_that_every_newsletter_begins_with_is_not_sent(desk, session):
    ready(session, subject="A new issue")
    assert "Write your own first" in order(desk).text


def test_two_subjects_are_scheduled_where_people_are_enough(desk, session, issue, monkeypatch):
    monkeypatch.setattr(subject_trial, "LEAST", 2)
    trial = {"two": "1", "subject_b": "Stools", "percent": "100", "hours": "4"}
    asked = order(desk, **trial).text
    assert "“Chairs” and “Stools” are tried on 100 % of them" in asked
    assert re.search(r"4 hours later, about .*, the one that more people clicked", asked)
    order(desk, "send", **trial)
    session.expire_all()
    found = session.get_one(Newsletter, 1)
    assert (found.subject_b, found.trial_percent, found.trial_hours) == ("Stools", 100, 4)
    assert "Two subjects: “Chairs” and “Stools”" in desk.get(ONE).text


def test_a_saved_segment_is_chosen_and_stands_there_when_one_comes_back(desk, session, issue):
    kept = segments.keep(session, "All", {"all": [{"all": [{"is": "everybody"}]}]}, utc_now())
    session.commit()
    order(desk, "send", whom=f"segment-{kept.id}")
    session.expire_all()
    assert session.get_one(Newsletter, 1).segment_id == kept.id
    assert f'value="segment-{kept.id}" checked' in desk.get(f"{ONE}/send").text


def test_people_are_chosen_by_lines_on_the_page_itself(desk, session, issue):
    page = order(desk, **{"whom": "rule", "rule-1-1-what": "booked", "rule-do": "add-line-1"}).text
    assert 'name="rule-1-2-what"' in page
    assert "<strong>0 people</strong> get it" in page
    one = {"whom": "rule", "rule-1-1-what": "booked", "rule-1-1-not": "not"}
    assert "Send to 3 people" in order(desk, **one).text
    order(desk, "send", **one)
    session.expire_all()
    assert session.get_one(Newsletter, 1).rule == {"all": [{"all": [{"not": {"is": "booked"}}]}]}
    assert 'value="rule" checked' in desk.get(f"{ONE}/send").text


def test_a_rule_deeper_than_the_form_is_kept_as_it_was(desk, session):
    deep = {"all": [{"all": [{"any": [{"is": "everybody"}, {"is": "booked"}]}]}]}
    ready(session, rule=deep)
    assert "As it was scheduled before" in desk.get(f"{ONE}/send").text
    order(desk, "send", whom="kept")
    session.expire_all()
    assert session.get_one(Newsletter, 1).rule == deep


def test_one_that_is_late_asks_and_is_sent_only_when_told(desk, session):
    past = utc_now() - timedelta(hours=3)
    ready(session, state="scheduled", send_at=past, starts_at=past, scheduled_at=past)
    page = desk.get(ONE).text
    assert "Its time has passed" in page
    assert "It is 3 hours late" in page
    press(desk, f"{ONE}/late", on=ONE)
    work(session, utc_now())
    assert state(session) is NewsletterState.SENDING
    press(desk, f"{ONE}/late", on=ONE)
    assert "It is being sent." in desk.get(ONE).text


def test_one_that_is_late_leaves_with_no_words_that_are_refused(desk, session):
    past = utc_now() - timedelta(hours=3)
    ready(session, state="scheduled", send_at=past, starts_at=past, scheduled_at=past, body="{{ nobody }}\n")
    press(desk, f"{ONE}/late", on=ONE)
    assert "Newsletter, line 1" in desk.get(ONE).text
    assert state(session) is NewsletterState.SCHEDULED
    session.refresh(session.get_one(Newsletter, 1))
    assert session.get_one(Newsletter, 1).starts_at == past


def test_another_time_is_chosen_for_one_that_is_late(desk, session):
    past = utc_now() - timedelta(hours=3)
    ready(session, state="scheduled", send_at=past, starts_at=past, scheduled_at=past)
    seen = fields_of(desk.get(f"{ONE}/send"))["seen"]
    order(desk, "send", when="at", day=TOMORROW, time="09:00", seen=seen)
    assert "It is scheduled" in desk.get(ONE).text


@pytest.mark.parametrize("verb", ["sum", "send"])
def test_what_is_being_sent_is_not_ordered_again(desk, session, verb):
    ready(session, state="sending", started_at=utc_now())
    another(session)
    assert desk.get(f"{ONE}/send").location == ONE
    answer = press(desk, f"{ONE}/{verb}", on=f"{LIST}/2/send")
    assert answer.location == ONE
    assert "It is being sent." in desk.get(ONE).text


def test_a_wording_of_a_trial_is_no_page_of_its_own(desk, session, issue):
    another(session, parent_id=1, part=Part.A)
    for path in ("", "/send", "/edit", "/progress", "/cancel", "/mails", "/again", "/html"):
        assert desk.get(f"{LIST}/2{path}").status_code == 404
