"""The people as a file."""

import csv
import io

import pytest

from funnel.audience import tags
from funnel.db import utc_now
from funnel.insight import roster
from funnel.models.responses import EventKind
from tests.factories import a_booking, a_message, a_subscriber, an_event
from tests.import_cast import bring, check, people, start
from tests.owner_data import signed_in


@pytest.fixture
def desk(session, app):
    return signed_in(app)


def table(answer):
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_everything_that_is_seen_of_a_person_stands_in_their_line(desk, session):
    ada = a_subscriber(session, email="ada@example.org", first_name="=cmd()", source="post")
    tags.put(session, tags.tag(session, "vip", utc_now()).id, [ada.id], utc_now())
    mail = a_message(session, ada, state="sent", sent_at=utc_now(), ended_at=utc_now())
    an_event(session, EventKind.CLICK, mail, key="1")
    an_event(session, EventKind.CLICK, mail, key="2", machine=True)
    a_booking(session, ada)
    session.commit()
    head, row = table(desk.get("/owner/people.csv"))
    told = dict(zip(head, row, strict=True))
    assert head == list(roster.HEADER)
    assert (told["Address"], told["Name"], told["State"], told["Came by"]) == (
        "ada@example.org", "'=cmd()", "active", "post",
    )  # fmt: skip
    assert (told["Tags"], told["Clicks"], told["Booked"]) == ("vip", "1", "1")
    assert told["Last mail"]


def test_only_those_whom_the_list_shows_are_in_it(desk, session):
    for name in ("ada", "ben"):
        a_subscriber(session, email=f"{name}@example.org", source=name)
    session.commit()
    shown = desk.get("/owner/people?q=ben").text
    assert 'href="/owner/people.csv?q=ben"' in shown
    assert [row[0] for row in table(desk.get("/owner/people.csv?q=ben"))[1:]] == ["ben@example.org"]


def test_many_come_chunk_by_chunk_and_each_once(desk, session, monkeypatch):
    monkeypatch.setattr(roster, "CHUNK", 2)
    for number in range(5):
        a_subscriber(session, email=f"reader-{number}@example.org")
    session.commit()
    rows = table(desk.get("/owner/people.csv?plain=1"))[1:]
    assert [row[0] for row in rows] == [f"reader-{number}@example.org" for number in range(5)]


def test_what_was_taken_away_can_be_brought_back(desk, session):
    a_subscriber(session, email="ada@example.org", first_name="-Ada", source="post")
    a_subscriber(session, email="left@example.org", state="unsubscribed")
    session.commit()
    raw = desk.get("/owner/people.csv").get_data()
    session.connection().exec_driver_sql("TRUNCATE subscriber CASCADE")
    session.commit()
    number = bring(raw)
    found = check(number, agreed_on=None)
    assert (found.counts["new"], found.counts["elsewhere"], found.counts["wrong"]) == (1, 1, 0)
    start(number)
    ada = people()["ada@example.org"]
    assert (ada.first_name, ada.source) == ("-Ada", "post")


def test_the_language_of_each_comes_back_with_them(desk, session):
    a_subscriber(session, email="ada@example.org", language="it")
    session.commit()
    raw = desk.get("/owner/people.csv").get_data()
    session.connection().exec_driver_sql("TRUNCATE subscriber CASCADE")
    session.commit()
    number = bring(raw)
    check(number, agreed_on=None)
    start(number)
    assert people()["ada@example.org"].language == "it"
