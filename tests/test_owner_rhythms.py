"""Regular newsletters on the owner's pages: added, changed, paused, deleted; the next date in plain words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from funnel.audience import segments, topics
from funnel.config import settings
from funnel.db import utc_now
from funnel.models.content import Newsletter
from funnel.models.house import AuditEntry
from funnel.models.rhythms import Every, Rhythm
from funnel.programme import notes, rhythms, turns
from funnel.web.owner import rhythm_form
from funnel.web.owner.words import day, moment
from tasks import newsletters
from tests.owner_data import press, signed_in
from tests.readers import as_sent
from tests.rhythm_cast import a_rhythm, an_owner, bare

LIST = "/owner/newsletters/regular"
NEW = f"{LIST}/new"


@pytest.fixture
def desk(app):
    return signed_in(app)


def form(desk, path=NEW, **changes):
    return press(desk, path, on=path, **(as_sent(desk.get(path)) | changes))


def test_monthly_tips_are_set_up_as_the_form_stands(desk, session):
    assert "Nothing is ever sent by itself." in desk.get(LIST).text
    assert form(desk).location == LIST
    kept = session.scalars(select(Rhythm)).one()
    assert (kept.name, kept.every, kept.nth, kept.weekday) == ("Monthly tips", Every.WEEKDAY, 1, 1)
    assert (kept.minute, kept.lead_days, kept.segment_id, kept.reminds) == (540, 3, None, True)
    page = desk.get(LIST).text
    assert moment(turns.moment(kept, kept.next_on)) in page
    assert "On the first Tuesday of every month at 09:00." in page
    assert session.scalars(select(AuditEntry.action)).all() == ["saved a regular newsletter"]


def test_the_next_date_stands_in_plain_words(desk, session):
    kept = a_rhythm(session, utc_now())
    session.commit()
    at, draft_at = turns.moment(kept, kept.next_on), turns.draft_at(kept, kept.next_on)
    said = f"</strong>, draft on {day(draft_at.astimezone(settings().zone).date())}"
    page = desk.get(LIST).text
    assert moment(at) in page
    assert (said if draft_at > utc_now() else "within a minute") in page


@pytest.mark.parametrize(
    ("changes", "name", "why"),
    [
        ({"name": " "}, "name", rhythm_form.NO_NAME),
        ({"name": "x" * 151}, "name", rhythm_form.TOO_LONG),
        ({"subject": ""}, "subject", rhythm_form.NO_SUBJECT),
        ({"subject": "Tips for {{ moon }}"}, "subject", "is not a tag"),
        ({"subject": "A cure for back pain"}, "subject", "cure"),
        ({"every": "day", "day": "32"}, "day", rhythm_form.NO_DAY),
        ({"every": "weeks", "weeks": "0"}, "weeks", rhythm_form.NO_WEEKS),
        ({"every": "weeks", "first_on": "2026-02-30"}, "first_on", rhythm_form.NO_FIRST),
        ({"every": "weeks", "first_on": "9999-12-31"}, "first_on", rhythm_form.NO_FIRST),
        ({"at": "25:00"}, "at", rhythm_form.NO_TIME),
        ({"lead_days": "15"}, "lead_days", rhythm_form.NO_LEAD),
        ({"lead_days": "³"}, "lead_days", rhythm_form.NO_LEAD),
        ({"every": "weeks", "weeks": "1", "lead_days": "7"}, "lead_days", rhythm_form.OVERLAPS),
        ({"segment": "99"}, "segment", rhythm_form.NO_SEGMENT),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_all_that_was_typed_stays(desk, session, changes, name, why):
    answer = form(desk, **({"name": "My own tips"} | changes))
    assert answer.status_code == 422
    assert f'id="{name}-problem"' in answer.text
    assert why in answer.text
    kept = as_sent(answer)
    assert all(
        kept[field] == value for field, value in ({"name": "My own tips"} | changes).items() if field != "segment"
    )
    assert session.scalars(select(Rhythm)).all() == []


def test_a_field_of_another_choice_is_not_asked_about(desk, session):
    assert form(desk, day="x", weeks="", first_on="").location == LIST
    assert session.scalars(select(Rhythm.day)).one() == 1


def test_it_is_changed_to_every_two_weeks_for_a_segment_without_reminders(desk, session):
    booked = segments.keep(session, "Booked", {"is": "booked"}, utc_now())
    a_rhythm(session, utc_now())
    session.commit()
    first = (utc_now() + timedelta(days=30)).date()
    path = f"{LIST}/1"
    fields = as_sent(desk.get(path)) | {"every": "weeks", "first_on": first.isoformat()}
    fields |= {"segment": str(booked.id), "at": "18:30"}
    del fields["reminds"]
    press(desk, path, on=path, **fields)
    kept = session.scalars(select(Rhythm).execution_options(populate_existing=True)).one()
    assert (kept.next_on, kept.segment_id, kept.reminds, kept.minute) == (first, booked.id, False, 18 * 60 + 30)
    page = desk.get(LIST).text
    assert f"Every 2 weeks on {first:%A} at 18:30. To the segment “" in page
    assert "No mail reminds you." in page
    assert as_sent(desk.get(path)) | {"csrf_token": ""} == fields | {"csrf_token": ""}


def test_it_is_paused_and_goes_on(desk, session):
    a_rhythm(session, utc_now())
    session.commit()
    press(desk, f"{LIST}/1/pause", on=LIST)
    page = desk.get(LIST).text
    assert "“Monthly tips” is paused" in page
    assert "No draft of it is made until you let it go on." in page
    assert "still paused" in desk.get(form(desk, f"{LIST}/1").location).text
    press(desk, f"{LIST}/1/resume", on=LIST)
    page = desk.get(LIST).text
    assert "“Monthly tips” goes on. The next is" in page
    assert "draft on" in page or "within a minute" in page


def test_it_is_deleted_after_a_question(desk, session):
    a_rhythm(session, utc_now())
    session.commit()
    question = f"{LIST}/1/delete"
    assert "Delete “Monthly tips”?" in desk.get(question).text
    assert press(desk, question, on=question).location == LIST
    assert session.scalars(select(Rhythm)).all() == []
    assert desk.get(f"{LIST}/1").status_code == 404
    assert press(desk, f"{LIST}/1/pause", on=LIST).status_code == 404
    assert press(desk, question, on=LIST).location == LIST
    assert "It was gone already" in desk.get(LIST).text


def test_the_clocks_task_makes_the_draft_and_the_pages_lead_to_it(desk, session):
    an_owner(session, "second@example.org")
    notes.write(session, "Sit less.", utc_now())
    kept = a_rhythm(session, utc_now())
    kept.next_on = utc_now().astimezone(settings().zone).date()  # its draft is due since three days
    session.commit()
    newsletters.draft()
    issue = session.scalars(select(Newsletter)).one()
    page = desk.get(LIST).text
    assert f'<a href="/owner/newsletters/{issue.id}">{issue.subject}</a>' in page
    assert "used in" in desk.get("/owner/newsletters/notes").text
    assert desk.get(f"/owner/newsletters/{issue.id}/edit").status_code == 200


def test_one_that_cannot_be_made_holds_up_no_other(session, monkeypatch, caplog):
    for _ in range(2):
        a_rhythm(session, utc_now() - timedelta(days=62))
    session.commit()
    usual = rhythms.draft

    def draft(own, number, now):
        if number == 1:
            raise RuntimeError("broken")
        return usual(own, number, now)

    monkeypatch.setattr(rhythms, "draft", draft)
    newsletters.draft()
    session.expire_all()
    first, second = session.scalars(select(Rhythm).order_by(Rhythm.id))
    assert first.next_on < second.next_on
    assert "no draft could be made for the regular newsletter 1" in caplog.text


def test_it_is_about_a_topic_that_is_offered(desk, session):
    assert "What it is about" not in desk.get(f"{LIST}/new").text
    sitting = topics.make(session, "Sitting", "", utc_now())
    session.commit()
    fields = as_sent(desk.get(f"{LIST}/new"))
    answer = press(desk, f"{LIST}/new", on=f"{LIST}/new", **(fields | {"topic": "99"}))
    assert (answer.status_code, rhythm_form.NO_TOPIC in answer.text) == (422, True)
    press(desk, f"{LIST}/new", on=f"{LIST}/new", **(fields | {"topic": str(sitting.id)}))
    assert session.scalars(select(Rhythm.topic_id)).all() == [sitting.id]
    assert as_sent(desk.get(f"{LIST}/1"))["topic"] == str(sitting.id)


def test_a_draft_proposes_its_day_its_hour_and_its_people_where_it_is_sent(desk, session):
    booked = segments.keep(session, "Booked", {"is": "booked"}, utc_now())
    notes.write(session, "Sit less.", utc_now())
    at = datetime.combine(utc_now().date() + timedelta(days=2), datetime.min.time(), UTC) + timedelta(hours=9)
    number = notes.take(session, "Chairs", utc_now(), segment_id=booked.id, send_at=at).issue.id
    session.commit()
    local, page = at.astimezone(settings().zone), f"/owner/newsletters/{number}/send"
    fields = as_sent(desk.get(page))
    assert (fields["whom"], fields["when"]) == (f"segment-{booked.id}", "at")
    assert (fields["day"], fields["time"]) == (local.date().isoformat(), f"{local:%H:%M}")
    session.get_one(Newsletter, number).send_at = utc_now() - timedelta(hours=1)
    session.commit()
    assert as_sent(desk.get(page))["when"] == "now"


@pytest.mark.parametrize(
    ("rhythm", "words"),
    [
        (bare(Every.WEEKDAY, nth=turns.LAST, weekday=4), "on the last Friday of every month"),
        (bare(Every.DAY, day=1), "on the 1st of every month"),
        (bare(Every.DAY, day=22), "on the 22nd of every month"),
        (bare(Every.DAY, day=13), "on the 13th of every month"),
        (bare(Every.DAY, day=30), "on the 30th of every month, or its last day"),
        (bare(Every.DAY, day=31), "on the last day of every month"),
        (bare(Every.WEEKS, weeks=1, first_on=date(2026, 3, 4)), "every Wednesday"),
    ],
)
def test_its_days_in_words(rhythm, words):
    assert rhythm_form.said(rhythm) == words
