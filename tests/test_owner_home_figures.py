"""The overview's other parts: days of one's own, the period before, what comes, health, and each table as a CSV."""

import csv
import io
from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.insight import health
from funnel.models.mail import MessageState
from funnel.models.responses import EventKind
from funnel.programme import calendar
from funnel.web.owner import tables
from tests.factories import a_claim, a_form, an_enrolment
from tests.owner_data import Practice, signed_in
from tests.test_owner_home import text_of, tile

DAY = timedelta(days=1)


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def read(answer):
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_days_that_are_wrong_are_kept_as_typed_with_how_to_mend_them(desk, practice):
    practice.somebody(1, practice.now)
    practice.session.commit()
    page = text_of(desk.get("/owner/?from=2026-02-30&to=2026-03-01"))
    assert 'name="from" type="text" value="2026-02-30" aria-invalid="true"' in page
    assert "“2026-02-30”, is no date" in page
    assert '<details class="narrow-by" open>' in page


def test_days_of_ones_own_stay_in_every_link(desk, practice):
    practice.somebody(1, practice.now - 3 * DAY)
    practice.session.commit()
    day = (practice.now - 3 * DAY).date().isoformat()
    page = text_of(desk.get(f"/owner/?from={day}&to={day}"))
    assert tile(page, "signed up") == "1"
    assert f'href="/owner/behind/signed-up?from={day}&amp;to={day}"' in page
    assert f'href="/owner/overview/funnel.csv?from={day}&amp;to={day}"' in page


def test_a_number_stands_beside_the_one_of_the_period_before(desk, practice):
    for days in [15, *[2] * 60, *[9] * 10]:
        practice.newcomer("Ada").created_at = practice.now - days * DAY
    practice.session.commit()
    page = text_of(desk.get("/owner/?days=7"))
    assert '<span class="change telling"><span aria-hidden="true">▲</span> 50 more than before</span>' in page
    assert '<span class="telling" aria-hidden="true">+50</span><span class="hidden-text">50 more than before' in page
    assert "than before" not in desk.get("/owner/?days=all").text
    assert "than before" not in desk.get("/owner/?days=30").text  # nobody had come by then


def test_one_form_can_be_looked_at_where_there_are_several(desk, practice):
    practice.newcomer("Ada").form_id = a_form(practice.session, title="Neck tips", sequence_id=practice.course.id).id
    practice.newcomer("Ben")
    practice.session.commit()
    page = text_of(desk.get("/owner/?form=2"))
    assert '<option value="2" selected>Neck tips</option>' in page
    assert "from <strong>Neck tips</strong>" in page
    assert tile(page, "signed up") == "1"


def test_the_mails_of_the_next_days_stand_there_by_day(desk, practice):
    for name in ("Ada", "Ben"):
        stands = an_enrolment(practice.session, practice.newcomer(name), practice.course, step_id=practice.steps[2].id)
        due = calendar.next_due(practice.course, calendar.zone(""), stands.id, practice.now, 1)
        stands.due_at = stands.next_at = due
    practice.session.commit()
    page = text_of(desk.get("/owner/"))
    assert "2 people</a> get mail 3" in page


def test_what_is_late_is_said_first_with_what_to_do(desk, practice):
    person = practice.newcomer("Ada")
    waiting = {"state": MessageState.QUEUED, "sent_at": None, "ended_at": None}
    practice.mail(person, practice.now - timedelta(hours=2), **waiting)
    a_claim(practice.session, practice.mail(person, practice.now, **waiting), lease_until=practice.now + DAY)
    practice.session.commit()
    page = text_of(desk.get("/owner/"))
    assert "Mails that are due wait." in page
    assert "Tips and newsletters: the oldest was due 2 hours ago." in page
    assert "See that <code>worker</code> runs" in page
    assert "1 process is sending 1 mail now." in page


def test_bounces_are_drawn_against_their_limits_and_too_many_are_said_first(desk, practice, monkeypatch):
    monkeypatch.setattr(health, "ENOUGH_MAILS", 2)
    mails = [practice.mail(practice.newcomer("Ada"), practice.now) for _ in range(10)]
    practice.event(EventKind.BOUNCE, practice.newcomer("Ada"), mails[0], practice.now)
    practice.session.commit()
    page = text_of(desk.get("/owner/"))
    assert "Too many mails come back." in page
    assert 'aria-label="10 %; watch from 2.0 %, never reach 5.0 %"' in page
    assert "take out a source that brings many" in page


def test_each_table_is_there_for_a_spreadsheet(desk, practice):
    for number in range(20):
        practice.somebody(number, practice.now - 40 * DAY * practice.dice.random())
    practice.trouble()
    found = {name: read(desk.get(f"/owner/overview/{name}.csv?days=all")) for name in tables.TABLES}
    assert [name for name, rows in found.items() if len(rows) < 2] == ["refused"]
    people = {row[0]: int(row[2]) for row in found["funnel"][1:]}
    assert people["Sign-ups"] == 26 == sum(int(row[-1]) for row in found["sign-ups"][1:])
    assert people["Booked"] == sum(int(row[1]) for row in found["waits"][1:])
    assert all(len(row) == len(rows[0]) for rows in found.values() for row in rows)
    assert desk.get("/owner/overview/nothing.csv").status_code == 404


def test_every_csv_that_the_page_offers_is_there(desk, practice):
    practice.somebody(1, practice.now)
    practice.trouble()
    page = desk.get("/owner/?days=7").text
    offered = [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="/owner/overview/')[1:]]
    assert len(offered) >= 5
    for address in offered:
        read(desk.get(f"/owner/overview/{address}"))
