"""The audit log: who did what and when."""

import csv
import io
from datetime import timedelta

import pytest
from flask import url_for

from funnel.db import Session, utc_now
from funnel.insight import audit
from funnel.models.house import AuditEntry, Owner, Role
from funnel.web.owner.audit import ABOUT
from tests.factories import a_booking, a_subscriber
from tests.owner_data import EMAIL, signed_in

AUDIT = "/owner/audit"


@pytest.fixture
def desk(app):
    return signed_in(app)


def done(action: str, who: int | None = 1, **detail) -> None:
    with Session.begin() as session:
        session.add(AuditEntry(owner_id=who, action=action, detail=detail, at=utc_now()))


def table(desk, query: str = "") -> str:
    return desk.get(AUDIT + query).text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_each_thing_done_is_a_sentence_with_the_way_to_what_it_was_about(desk, session):
    person, booking = a_subscriber(session), a_booking(session)
    session.commit()
    done("marked a person as booked", subscriber=person.id, booking=booking.id)
    done("owner made", who=None, owner=1)
    done("changed what somebody may do", owner=1, role="editor", before="viewer")
    done("changed settings", about="practice", before={"TIMEZONE": None}, after={"TIMEZONE": "Europe/Rome"})
    done("took unknown mails as arrived", mails=3)
    done("tried a mail server", relay="mail.example.org:587", worked=False)
    done("signed in", step="recovery code")
    shown = " ".join(table(desk).split())

    assert f"{EMAIL}</span> marked a person as booked" in shown
    assert f'href="/owner/people/{person.id}">the person' in shown
    assert f'href="/owner/bookings/{booking.id}">the booking' in shown
    assert f"The command line</span> made somebody an owner: {EMAIL}" in shown
    assert "viewer before, editor now" in shown
    assert "changed settings: timezone" in shown
    assert 'href="/owner/settings/practice">the settings' in shown
    assert "arrived: 3 mails" in shown
    assert "mail.example.org:587: it did not work" in shown
    assert "signed in: with a recovery code" in shown


def test_it_is_narrowed_to_a_person_and_to_a_kind(desk):
    with Session.begin() as session:
        other = Owner(
            email="eva@example.org", password_hash="", session_key="", role=Role.EDITOR, created_at=utc_now(),
            removed_at=utc_now(),
        )  # fmt: skip
        session.add(other)
    for action, who in (("one thing", 1), ("another thing", 1), ("one thing", 2), ("one thing", None)):
        done(action, who)

    assert table(desk).count("<tr>") == 4
    assert table(desk, "?who=2").count("<tr>") == 1
    assert "eva@example.org" in table(desk, "?who=2")
    assert table(desk, "?who=0").count("The command line") == 1
    assert table(desk, "?what=another+thing").count("<tr>") == 1
    assert table(desk, "?who=1&what=one+thing").count("<tr>") == 1
    assert "Nobody did that." in desk.get(f"{AUDIT}?what=nothing").text
    assert "<option>another thing</option>" in desk.get(AUDIT).text


def test_it_is_paged_by_its_key(desk):
    for number in range(audit.PAGE_ROWS + 3):
        done(f"thing {number}")
    first = desk.get(AUDIT).text
    assert "thing 52" in first
    assert "before=4" in first
    second = desk.get(f"{AUDIT}?before=4").text

    rows = second.partition("<tbody>")[2]
    assert (rows.count("<tr>"), "thing 2" in rows, "thing 0" in rows) == (3, True, True)
    assert "Older" not in second


def test_all_of_it_is_a_table_for_a_spreadsheet(desk):
    for number in range(3):
        done(f"thing {number}", mails=number)
    got = desk.get(f"{AUDIT}.csv")
    rows = list(csv.reader(io.StringIO(got.get_data().decode("utf-8-sig"))))

    assert rows[0] == ["When", "Who", "What", "About"]
    assert [row[1:] for row in rows[1:]] == [
        [EMAIL, "thing 2", "2 mails"],
        [EMAIL, "thing 1", "1 mail"],
        [EMAIL, "thing 0", "0 mails"],
    ]
    assert len(list(csv.reader(io.StringIO(desk.get(f"{AUDIT}.csv?who=0").text)))) == 1


def test_nothing_done_yet_is_said(desk):
    assert "Whatever is done on these pages stands here" in desk.get(AUDIT).text


def test_every_kind_is_found_by_a_look_into_the_index_each(session):
    for number in range(30):
        for action in ("b", "a", "c"):
            session.add(AuditEntry(owner_id=None, action=action, detail={}, at=utc_now() - timedelta(hours=number)))
    session.flush()

    assert audit.kinds(session) == ["a", "b", "c"]
    assert len(list(audit.every(session, audit.Which(action="a")))) == 30


def test_every_way_leads_to_a_page_that_is_there(app):
    with app.test_request_context():
        for endpoint, argument, _ in ABOUT.values():
            assert url_for(endpoint, **{argument: 1}).startswith("/owner/")
