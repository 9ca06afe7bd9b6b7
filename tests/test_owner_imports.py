"""The owner brings people in by a file, and sees at every point what would happen, what happens and what did."""

import csv
import io
import re

import pytest
from sqlalchemy import select

from funnel.config import settings
from funnel.models.house import AuditEntry
from funnel.models.people import Consent, Subscriber, SubscriberState
from funnel.web.owner import imports as page
from tasks.imports import work
from tests.factories import a_message, a_subscriber
from tests.import_cast import bring, check, people, start
from tests.owner_data import press, signed_in, token

HERE = "/owner/people/import"
FILE = "E-Mail-Adresse;Vorname\nada@example.org;Ada\nin@example.org;In\nnobody;Zoë\n"
AGREED = {"headed": "1", "way": "agreed", "how": "on paper", "agreed_on": "2026-01-02", "known": "nothing"}
COLUMNS = {"column-0": "address", "column-1": "first name"}


@pytest.fixture
def desk(session, app):
    return signed_in(app)


def send(desk, content, name="people.csv"):
    raw = content if isinstance(content, bytes) else content.encode()
    fields = {"csrf_token": token(desk, HERE), "file": (io.BytesIO(raw), name)}
    return desk.post(HERE, data=fields, content_type="multipart/form-data")


def test_the_list_of_people_leads_there(desk):
    assert f'href="{HERE}"' in desk.get("/owner/people").text


def test_from_the_file_to_the_people_and_back(desk, session):
    a_subscriber(session, email="in@example.org", first_name="In", state=SubscriberState.UNSUBSCRIBED)
    session.commit()
    columns = send(desk, FILE).location
    shown = desk.get(columns).text
    assert '<option value="address" selected>' in shown
    assert '<option value="first name" selected>' in shown
    here = press(desk, columns, on=columns, **AGREED, **COLUMNS).location
    assert "Checking every line" in desk.get(here).text
    work()
    shown = desk.get(here).text
    assert "1 person would come in" in shown
    assert "Has left." in shown
    assert "A mail address has one @ sign" in shown
    assert [person.email for person in people().values()] == ["in@example.org"]
    press(desk, f"{here}/start", on=here, people="1")
    work()
    assert "1 person came in" in desk.get(here).text
    assert (people()["ada@example.org"].first_name, people()["in@example.org"].state) == ("Ada", "unsubscribed")
    assert session.scalars(select(Consent.wording)).all() == ["on paper"]
    assert "Take 1 person back?" in desk.get(f"{here}/undo").text
    press(desk, f"{here}/undo", on=f"{here}/undo")
    work()
    assert "1 person taken back" in desk.get(here).text
    assert "ada@example.org" not in people()
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["imported people", "took an import back"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This file is empty."),
        (b"PK\x03\x04 xl/workbook.xml", "This is an Excel workbook, not a CSV file."),
        (b"%PDF-1.7", "This is a PDF"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_mend(desk, content, said):
    answer = send(desk, content)
    assert answer.status_code == 422
    assert said in answer.text


def test_no_file_at_all_is_asked_for(desk):
    answer = press(desk, HERE, on=HERE)
    assert answer.status_code == 422
    assert "Please choose a file first." in answer.text


def test_a_file_that_is_too_large_is_refused_and_only_this_page_takes_large_ones(desk, monkeypatch):
    monkeypatch.setattr(page, "LARGEST_FILE", 1_000_000)
    assert send(desk, "x" * 900_000).status_code == 303
    answer = send(desk, "x" * 1_100_000)
    assert answer.status_code == 413
    assert page.TOO_LARGE in answer.text
    assert desk.post("/owner/sign-out", data={"csrf_token": "x" * 300_000}).status_code == 413


def test_what_is_sent_lies_on_the_disk_that_is_ours_and_is_gone_afterwards(desk):
    send(desk, FILE)
    assert list((settings().data_dir / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"column-0": ""}, "Please say which column holds the mail address."),
        ({"column-1": "address"}, "Two columns are said to hold the same"),
        ({"how": " "}, "Please say how these people agreed"),
        ({"agreed_on": ""}, "Please name the day on which they agreed"),
        ({"agreed_on": "2 January"}, "Please type the day as 2026-03-31."),
        ({"agreed_on": "2999-01-01"}, "This day is still to come."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(desk, fields, said):
    number = bring(FILE)
    typed = {**AGREED, **COLUMNS, "how": "at the fair", **fields}
    answer = press(desk, f"{HERE}/{number}/columns", on=f"{HERE}/{number}/columns", **typed)
    assert answer.status_code == 422
    assert said in answer.text
    if typed["how"].strip():
        assert 'value="at the fair"' in answer.text


def test_a_press_that_does_not_say_what_was_shown_does_nothing(desk):
    number = bring(FILE)
    check(number)
    assert press(desk, f"{HERE}/{number}/start", on=HERE, people="7").location == f"{HERE}/{number}"
    work()
    shown = desk.get(f"{HERE}/{number}").text
    assert page.CHANGED in shown
    assert "2 people would come in" in shown
    assert people() == {}


def test_it_is_paused_taken_up_again_and_ended(desk, session):
    number = bring(FILE)
    here = f"{HERE}/{number}"
    check(number)
    press(desk, f"{here}/start", on=here, people="2")
    press(desk, f"{here}/pause", on=here)
    work()
    assert "Paused" in desk.get(here).text
    assert people() == {}
    press(desk, f"{here}/resume", on=here)
    press(desk, f"{here}/cancel", on=here)
    work()
    assert "Nobody came in" in desk.get(here).text
    assert "Nobody can be taken back" not in desk.get(f"{here}/columns").text


def test_the_errors_are_a_file_that_can_be_mended_and_chosen_again(desk):
    number = bring('Email,Note,First name\nnobody,"=1+1",Ada\nada@example.org,,Ada\nx y@example.org\n')
    check(number)
    found = desk.get(f"{HERE}/{number}/wrong.csv")
    rows = list(csv.reader(io.StringIO(found.get_data().decode("utf-8-sig"))))
    assert rows[0] == ["Email", "Note", "First name", "Line", "What to mend"]
    assert rows[1][:4] == ["nobody", "'=1+1", "Ada", "2"]
    assert rows[2][:4] == ["x y@example.org", "", "", "4"]
    again = check(bring(found.get_data().replace(b"nobody", b"eve@example.org")))
    assert again.counts["new"] == 1


def test_the_others_are_a_file_too(desk, session):
    a_subscriber(session, email="in@example.org")
    session.commit()
    number = bring(FILE)
    check(number)
    rows = desk.get(f"{HERE}/{number}/here.csv").get_data().decode("utf-8-sig").splitlines()
    assert rows == ["Line,Address,Why", "3,in@example.org,is in already"]


def test_an_import_that_was_taken_back_in_part_says_who_stayed(desk, session):
    number = bring(FILE)
    check(number)
    start(number)
    a_message(session, people()["ada@example.org"])
    session.commit()
    press(desk, f"{HERE}/{number}/undo", on=f"{HERE}/{number}/undo")
    work()
    assert "1 person had mail already, or did something since, and stayed." in desk.get(f"{HERE}/{number}").text


def test_an_export_of_mailchimp_needs_nothing_said_but_the_consent(desk):
    head = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,TAGS\n"
    number = bring(head + 'ada@example.org,Ada,L,2,"2024-02-03 04:05:06","2024-02-03 04:06:00",7,x,"""a"",""b"""\n')
    shown = desk.get(f"{HERE}/{number}/columns").text
    assert "This looks like an export of Mailchimp." in shown
    chosen = re.findall(r'name="(column-\d)"(?:(?!</select>).)*?<option value="([^"]+)" selected', shown, re.DOTALL)
    assert dict(chosen) == {"column-0": "address", "column-1": "first name", "column-4": "agreed", "column-8": "tags"}


def test_earlier_imports_stand_below(desk):
    number = bring(FILE)
    shown = desk.get(HERE).text
    assert f'href="{HERE}/{number}"' in shown
    assert "to be looked at" in shown


def test_what_is_not_there_is_not_found(desk):
    for path in ("/7", "/7/columns", "/7/undo", "/7/wrong.csv", "/1/new.csv"):
        assert desk.get(HERE + path).status_code == 404


def test_nobody_imported_is_on_a_course(desk, session):
    number = bring(FILE)
    check(number)
    start(number)
    assert len(session.scalars(select(Subscriber)).all()) == 2
    assert session.connection().exec_driver_sql("SELECT count(*) FROM enrolment").scalar() == 0
