"""Following a link: the way on waits for nothing that it does not need."""

import pytest
from psycopg import errors
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from funnel import tokens
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import Event
from funnel.response.crowded import Visit
from funnel.tokens import Purpose
from funnel.web import visits
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_subscriber
from tests.readers import PHONE


def followed(client, link, message=None):
    token = tokens.sign(Purpose.GO, link.id, message.id if message else 0)
    return client.get(f"/go/{token}", headers={"User-Agent": PHONE})


@pytest.fixture
def noting(monkeypatch):
    """noting(error): noting visits together ends in it."""

    def fail(kind, trouble):
        def refuse(*_):
            raise kind("", {}, trouble())

        monkeypatch.setattr(visits.crowded, "note", refuse)

    return fail


def test_a_link_that_was_followed_leads_on_with_the_database_away(session, client, noting, caplog):
    noting(OperationalError, errors.AdminShutdown)
    link = a_link(session, url="https://example.org/page")
    session.commit()
    assert followed(client, link).headers["Location"] == "https://example.org/page"
    assert "a visit is not noted, the database is away" in caplog.text


def test_a_link_leads_on_whatever_is_wrong_with_noting_and_that_is_told(session, client, noting, caplog):
    noting(ProgrammingError, errors.UndefinedColumn)
    link = a_link(session, url="https://example.org/page")
    session.commit()
    assert followed(client, link).headers["Location"] == "https://example.org/page"
    assert "1 visits are noted one by one" in caplog.text
    assert "UndefinedColumn" in caplog.text


def test_one_visit_that_cannot_be_noted_stops_no_other(session, client, noting, monkeypatch, caplog):
    noting(OperationalError, errors.DeadlockDetected)
    link = a_link(session)
    session.commit()
    real, refused = visits.clicks.visit, []

    def visit(*asked, **how):
        if not refused:
            refused.append(asked)
            raise IntegrityError("", {}, errors.ForeignKeyViolation())
        return real(*asked, **how)

    monkeypatch.setattr(visits.clicks, "visit", visit)
    token = tokens.sign(Purpose.GO, link.id, 0)
    visits._note([Visit(token, link.id, 0, False, PHONE, NOW)] * 2)
    assert session.scalars(select(Event.link_id)).all() == [link.id]
    assert "a visit is not noted: IntegrityError" in caplog.text


def test_where_a_mail_was_deleted_meanwhile_each_visit_is_noted_by_itself(session, client, noting):
    noting(IntegrityError, errors.ForeignKeyViolation)
    link = a_link(session)
    session.commit()
    followed(client, link)
    assert session.scalars(select(Event.link_id)).all() == [link.id]


def test_two_links_of_one_mail_are_two_rows_and_a_third_at_once_makes_a_machine_of_them(session, client):
    message = a_message(session, a_subscriber(session), state=MessageState.SENT, sent_at=NOW)
    links = [a_link(session) for _ in range(3)]
    session.commit()
    for link in links[:2]:
        followed(client, link, message)
    assert session.scalars(select(Event.machine)).all() == [False, False]
    followed(client, links[2], message)
    session.expire_all()
    assert session.scalars(select(Event.machine)).all() == [True] * 3


def test_the_way_back_from_a_booking_holds_the_token_of_the_mail(session, client):
    link = a_link(session, url="booked", kind=LinkKind.BOOKED)
    message = a_message(session, a_subscriber(session), state=MessageState.SENT, sent_at=NOW)
    session.commit()
    token = tokens.sign(Purpose.GO, link.id, message.id)
    assert followed(client, link, message).headers["Location"].endswith(f"/booked/{token}")


def test_a_link_that_is_gone_is_told_so_and_not_remembered(session, client):
    link = a_link(session)
    assert followed(client, link).status_code == 404  # not committed yet
    session.commit()
    assert followed(client, link).status_code == 302
