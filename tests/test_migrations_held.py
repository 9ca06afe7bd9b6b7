"""An upgrade beside a place at work: it waits for nobody for long, and what it did stays done."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from funnel import migrations
from funnel.cli.house import migrate
from funnel.db import engine

VERSIONS = Path(migrations.__file__).parent / "versions"


def before(name):
    """The version before the migration of this name."""
    (path,) = VERSIONS.glob(f"*_{name}.py")
    return f"{int(path.name[:4]) - 1:04}"


VERSION = max(path.name[:4] for path in VERSIONS.glob("0*.py"))
BEFORE_CORRECTIONS = before("addresses_are_corrected")
BEFORE_DOUBTS = before("who_may_have_had_a_mail")
BEFORE_INDEXES = before("large_tables_are_indexed")


@pytest.fixture(autouse=True)
def quick(schema, monkeypatch):
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 0.1)
    monkeypatch.setattr(migrations, "TRIES", 2)
    monkeypatch.setattr(migrations, "PAUSE_S", 0.0)
    yield
    migrations.upgrade()


@pytest.fixture
def holder():
    with engine().connect() as connection:
        yield connection


def hold(connection):
    connection.execute(text("SET LOCAL application_name = 'a long report'"))
    connection.execute(text("LOCK TABLE message IN ACCESS SHARE MODE"))


def version():
    with engine().connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_a_table_that_is_held_for_long_is_said_with_who_holds_it_and_what_was_done_stays(holder):
    command.downgrade(migrations.config(), BEFORE_CORRECTIONS)
    hold(holder)
    with pytest.raises(migrations.BusyError, match=r"process \d+ \(a long report\); SELECT pg_terminate_backend"):
        migrations.upgrade()
    assert version() == BEFORE_DOUBTS
    holder.rollback()
    migrations.upgrade()
    assert version() == VERSION


def test_the_command_says_so_in_a_line(holder, app):
    command.downgrade(migrations.config(), BEFORE_DOUBTS)
    hold(holder)
    said = app.test_cli_runner().invoke(migrate)
    assert (said.exit_code, "could not have a table" in said.output, "Traceback" in said.output) == (1, True, False)
    holder.rollback()


def test_a_table_that_is_let_go_in_time_is_waited_for(holder, monkeypatch):
    command.downgrade(migrations.config(), BEFORE_DOUBTS)
    hold(holder)
    monkeypatch.setattr(migrations.time, "sleep", lambda _: holder.rollback())
    migrations.upgrade()
    assert version() == VERSION


def test_an_upgrade_keeps_no_lock_timeout_for_whoever_uses_its_connection_next():
    migrations.upgrade()
    with engine().connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "0"


def test_two_upgrades_at_once_take_turns(holder, monkeypatch):
    holder.execute(text("SELECT pg_advisory_lock(1179995726)"))
    holder.commit()
    monkeypatch.setattr(migrations.time, "sleep", lambda _: holder.execute(text("SELECT pg_advisory_unlock_all()")))
    migrations.upgrade()


def test_an_index_whose_building_was_cut_short_is_built_anew_and_one_that_is_there_stays():
    command.downgrade(migrations.config(), BEFORE_INDEXES)
    with engine().begin() as connection:
        for name, columns in (("source", "source, id"), ("import", "import_id, id")):
            connection.execute(text(f"CREATE INDEX ix_subscriber_{name} ON subscriber ({columns})"))
        broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_subscriber_source'::regclass"
        connection.execute(text(broken))
    before = indexes()
    migrations.upgrade()
    after = indexes()
    assert all(valid for _, valid in after.values())
    assert after["ix_subscriber_import"] == before["ix_subscriber_import"]
    assert after["ix_subscriber_source"] != before["ix_subscriber_source"]


def indexes():
    found = text(
        "SELECT indexrelid::regclass::text, indexrelid, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid "
        "WHERE relname LIKE 'ix_%'"
    )
    with engine().connect() as connection:
        return {name: (number, valid) for name, number, valid in connection.execute(found)}
