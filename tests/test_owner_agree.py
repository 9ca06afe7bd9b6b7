"""No number on two pages disagrees; and where the figures are of a while ago, the page says so."""

import csv
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from funnel.db import utc_now
from funnel.insight import series, tallies
from funnel.insight.funnel import funnel
from funnel.models.mail import LAST_STATES, Message, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import EventKind
from funnel.programme import plan
from tests.factories import an_event
from tests.owner_data import Practice, signed_in
from tests.tally_reference import assert_tallies, outcomes, reached


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.fill(people=40)
    made.trouble()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


def stage_of(page, name):
    return shown(page, rf'<th scope="row">(?:<a[^>]*>)?{name}[ <].*?class="number people">(?:<a[^>]*>)?([\d,]+)')


def shown(page, pattern):
    found = re.search(pattern, re.sub(r"\s+", " ", page))
    assert found, pattern
    return int(found[1].replace(",", ""))


def test_the_overview_says_what_the_rows_say(desk, practice, session):
    since = practice.now - timedelta(days=29)
    for days, start in (("all", None), ("30", since)):
        page = desk.get(f"/owner/?days={days}").text
        rows = reached(session, start)
        assert {stage: stage_of(page, stage) for stage in rows} == rows
    assert_tallies(session)


def test_sign_ups_a_day_add_up_to_the_funnel_for_every_source(practice, session):
    tallies.freshen(session, practice.now)
    for since in (None, practice.now - timedelta(days=13)):
        days = series.sign_ups(session, since, practice.now)
        assert days.total == funnel(session, since, practice.now)[1].people
        for source, counts in days.counts.items():
            if source:
                assert sum(counts) == funnel(session, since, practice.now, source)[1].people


def test_people_are_as_many_in_the_list_as_in_the_funnel(desk, practice, session):
    page, people = desk.get("/owner/?days=all").text, desk.get("/owner/people").text
    signed_up = stage_of(page, "Sign-ups")
    in_states = [int(count) for count in re.findall(r"<option value=\"\w+\"[^>]*>[\w ]+ \((\d+)\)", people)]
    erased = session.scalars(select(func.count()).where(Subscriber.state == SubscriberState.ERASED)).one()
    assert sum(in_states) == signed_up
    assert shown(people, r"([\d,]+) people") == signed_up - erased


def test_mails_are_as_many_wherever_they_are_counted(app, desk, session):
    found = plan.balance(session)
    assert shown(desk.get("/owner/messages").text, r"([\d,]+) mails") == found.planned
    for state in (*LAST_STATES, MessageState.DEFERRED, MessageState.QUEUED):
        page = desk.get(f"/owner/messages?state={state}").text
        if found.states[state]:
            assert (state, shown(page, r"([\d,]+) mails?\b")) == (state, found.states[state])
        else:
            assert (state, "<td" in page) == (state, False)
    by_command = app.test_cli_runner().invoke(args=["messages", "list"]).output
    assert f"{found.planned} in all" in by_command


def test_what_forms_bring_is_what_the_overview_says(desk, practice, session):
    page = desk.get("/owner/forms/1?days=all").text
    stages = {stage.name: stage.people for stage in funnel(session, None, utc_now(), form_id=practice.form.id)}
    assert shown(page, r"<dt>signed up</dt><dd><a[^>]*>([\d,]+)<") == stages["Sign-ups"]
    assert shown(desk.get("/owner/behind/booked?days=all&form=1").text, r"([\d,]+) (?:people|person)\b") == shown(
        page, r"<dt>booked</dt><dd><a[^>]*>([\d,]+)<"
    )


def test_each_mail_of_the_course_was_sent_as_often_as_people_were_sent_it(desk, practice, session):
    mails = desk.get("/owner/mails").text
    stages = [stage.people for stage in funnel(session, None, practice.now) if stage.detail]
    for step, people in zip(practice.steps, stages, strict=True):
        assert shown(mails, rf'id="mail-{step.id}".*?data-label="sent">([\d,]+)<') == people


def test_what_came_of_each_mail_is_what_the_rows_say(desk, practice, session):
    mails = select(Message).where(Message.step_id == practice.steps[1].id, Message.state == MessageState.SENT)
    for mail, kind in zip(
        session.scalars(mails.limit(3)), (EventKind.UNSUBSCRIBE, EventKind.BOUNCE, EventKind.COMPLAINT), strict=True
    ):
        an_event(session, kind, mail)
    session.commit()
    lines = list(csv.DictReader(desk.get("/owner/figures?as=csv").text.lstrip("\ufeff").splitlines()))
    rows = outcomes(session)
    assert {which for _, which in rows} == {"clicked", "booked", "left", "bounced", "complained"}
    words = {"Clicked": "clicked", "Left": "left", "Came back": "bounced", "Complained": "complained"}
    for step, line in zip(practice.steps, lines, strict=True):
        for column, which in (words | {"Booked after it": "booked"}).items():
            assert (step.id, which, int(line[column])) == (step.id, which, rows[step.id, which])


PAGES = ["/owner/", "/owner/messages", "/owner/mails", "/owner/forms", "/owner/forms/1", "/owner/posts/1"]
PAGES += ["/owner/figures", "/owner/mails/2/figures"]


def test_figures_that_are_old_say_of_when_they_are(desk, session, monkeypatch):
    for path in PAGES:
        desk.get(path)
        assert "As of" not in desk.get(path).text, path
    session.execute(text("UPDATE tally_state SET as_of = now() - interval '5 minutes'"))
    session.commit()
    monkeypatch.setattr(tallies, "refresh", lambda *_: None)  # another process is at it, and has much to do
    for path in PAGES:
        assert "is still being counted" in desk.get(path).text, path
    session.execute(text("UPDATE tally_state SET as_of = NULL"))
    session.commit()
    for path in PAGES:
        assert "are too low until then" in desk.get(path).text, path
