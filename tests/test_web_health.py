import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from funnel.audience import settle
from funnel.db import Session, utc_now
from funnel.insight import refused
from funnel.mail import rests
from funnel.models.people import SignUpState
from funnel.models.sending import Rest
from funnel.programme import clock
from tests.factories import a_form, a_sign_up


@pytest.fixture
def struck(clean):
    with Session.begin() as session:
        clock.strike(session, utc_now())


def test_health_says_the_process_answers(client):
    assert client.get("/health").json == {"status": "ok"}


def test_ready_when_database_broker_and_clock_are(client, struck):
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "checks": {"database": "ok", "broker": "ok", "clock": "ok"},
        "notices": [],
    }


def test_not_ready_while_the_clock_never_struck(client):
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["clock"] == "stopped"


def test_not_ready_when_the_clock_stopped_a_while_ago(client):
    with Session.begin() as session:
        clock.strike(session, utc_now() - timedelta(minutes=3))
    assert client.get("/ready").json["checks"]["clock"] == "stopped"


def test_not_ready_while_redis_is_frozen(client, struck, frozen_redis):
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["broker"] == "away"


def test_not_ready_without_a_database(client, setting, monkeypatch):
    from sqlalchemy import create_engine

    from funnel import db

    nowhere = create_engine("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    monkeypatch.setattr(db, "engine", lambda: nowhere)
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "away"


def test_a_rehearsal_is_a_notice(client, struck, setting):
    setting(DAY_SECONDS="1")
    assert client.get("/ready").json["notices"] == ["rehearsal: a day lasts 1 seconds"]


def test_every_answer_carries_a_request_id_and_the_strict_headers(client):
    headers = client.get("/health").headers
    assert len(headers["X-Request-ID"]) == 12
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in headers


def test_a_style_sheet_is_asked_for_by_what_it_holds_and_kept_for_good(client):
    address = re.search(r'href="(/static/base.css[^"]*)"', client.get("/privacy").text)[1]
    assert "?v=" in address
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert "immutable" not in client.get("/static/base.css").headers["Cache-Control"]


def test_an_unknown_page_is_said_kindly(client):
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert b"There is no such page" in answer.data


def test_a_page_without_a_database_says_nothing_is_lost(client, monkeypatch):
    from sqlalchemy import create_engine

    from funnel import db

    nowhere = create_engine("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    monkeypatch.setattr(db, "engine", lambda: nowhere)
    answer = client.get("/f/back-care")
    assert answer.status_code == 503
    assert b"Nothing is lost" in answer.data


def test_a_request_is_one_line_in_the_log_with_its_id_and_without_its_token(client, caplog):
    with caplog.at_level("INFO", "funnel.web.edge"):
        answer = client.get("/unsubscribe/a-token-that-is-none")
        client.get("/health")
    assert [record.getMessage().split(" in ")[0] for record in caplog.records] == ["GET /unsubscribe/<token> 404"]
    assert answer.headers["X-Request-ID"]


def test_many_refused_by_the_network_limit_are_a_notice(client, struck, session):
    form = a_form(session)
    for _ in range(refused.MANY + 1):
        a_sign_up(session, form, state=SignUpState.REFUSED, reason=settle.NETWORK_LIMIT, created_at=utc_now())
    session.commit()
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json["notices"] == [
        "21 sign-ups of the last hour refused by the network limit: is TRUSTED_PROXIES right?"
    ]


def test_what_rests_is_a_notice_with_its_reason_and_times(client, struck, session):
    now = utc_now()
    rests.begin(session, "stream:bulk", "10 refusals in a row about us: 550 5.7.1 Spam", now, 300, 3600)
    session.add(Rest(name=rests.GUARD, why="the database was set back", seconds=0, since=now, until=None))
    session.commit()
    answer = client.get("/ready")
    assert answer.status_code == 200
    since, until = f"since {now:%Y-%m-%d %H:%M} UTC", f"until {now + timedelta(minutes=5):%Y-%m-%d %H:%M} UTC"
    assert answer.json["notices"] == [
        f"Nothing is sent {since} until told to go on: the database was set back",
        f"Tips and newsletters are paused {since} {until}: 10 refusals in a row about us: 550 5.7.1 Spam",
    ]


def test_many_domains_at_rest_are_not_all_named(client, struck, session):
    for number in range(9):
        rests.begin(session, f"domain:{number}.example.org", "421 4.7.0 Enough", utc_now(), 300, 3600)
    session.commit()
    notices = client.get("/ready").json["notices"]
    assert len(notices) == 6
    assert notices[0].startswith("Mails to 0.example.org wait since")
    assert notices[-1] == "Mails to 4 more domains wait"


def test_a_database_that_was_set_back_is_a_notice_even_where_nothing_is_sent(client, session, tmp_path, setting):
    setting(DATA_DIR=str(tmp_path))
    assert client.get("/ready").json["notices"] == []
    session.execute(text("UPDATE lineage SET identity = 'another'"))
    session.commit()
    (said,) = client.get("/ready").json["notices"]
    assert said.startswith("Nothing is sent since ")
    assert "until told to go on: this is not the database that mails last left from" in said
