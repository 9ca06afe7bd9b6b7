from datetime import timedelta

import pytest

from funnel.db import Session, utc_now
from funnel.programme import clock


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
