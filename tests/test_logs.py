import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from funnel import logs


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logs.ref.set("-")


def said(capsys, log_format, *words):
    logs.configure(log_format)
    logs.ref.set("abc123")
    logging.getLogger("funnel.test").warning(*words)
    return capsys.readouterr().err


def test_a_plain_line_carries_the_reference(capsys):
    assert "[abc123] it happened" in said(capsys, "plain", "it happened")


def test_a_json_line_is_json(capsys):
    line = json.loads(said(capsys, "json", "it happened"))
    assert (line["ref"], line["level"], line["message"]) == ("abc123", "WARNING", "it happened")


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_no_address_reaches_a_log(capsys, log_format):
    line = said(capsys, log_format, "550 <ada.lovelace+x@example.org>: no such user %s", "ünï@exämple.org")
    assert "@" not in line
    assert "<address>" in line


def test_a_json_line_stays_json_where_an_address_stood_in_quotes(capsys):
    line = json.loads(said(capsys, "json", 'no "ada@example.org" here\nada@example.org'))
    assert line["message"] == 'no "<address>" here\n<address>'


def test_an_error_of_the_database_does_not_tell_what_was_typed(session):
    with pytest.raises(DBAPIError) as refused:
        session.execute(text("SELECT CAST(:typed AS text)"), {"typed": "Ada of Example Street\x00"})
    assert "Example Street" not in str(refused.value)
