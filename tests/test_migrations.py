"""The schema's history: numbered, equal to the models, and each step safe beside the version before it."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from funnel import migrations
from funnel.audience import chosen
from funnel.db import Base, engine

VERSIONS = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
TAKES_AWAY = {"drop_table", "drop_column", "rename_table", "alter_column", "drop_constraint"}


def test_they_are_numbered_without_a_gap():
    assert [path.name[:5] for path in VERSIONS] == [f"{number:04}_" for number in range(1, len(VERSIONS) + 1)]


def test_up_from_empty_equals_the_models(schema):
    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(schema):
    migrations.upgrade()
    migrations.upgrade()


def test_an_upgrade_expands_and_only_says_what_it_contracts():
    """What the version before still needs goes one release later, in a migration whose docstring says “Contracts”."""
    for path in VERSIONS:
        tree = ast.parse(path.read_text())
        upgrade = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
        called = set(re.findall(r"op\.(\w+)\(", ast.unparse(upgrade)))
        assert not called & TAKES_AWAY or "Contracts" in (ast.get_docstring(tree) or ""), path.name


def test_down_and_up_again_leads_back(schema):
    with engine().connect() as connection:
        keys = connection.execute(text("SELECT purpose, wrapped, created_at FROM data_key")).all()
    command.downgrade(migrations.config(), "base")
    migrations.upgrade()
    test_up_from_empty_equals_the_models(None)
    with engine().begin() as connection:  # the tests after this one hold tokens made with these keys
        for key in keys:
            statement = text(
                "INSERT INTO data_key (purpose, wrapped, created_at) VALUES (:purpose, :wrapped, :created_at)"
            )
            connection.execute(statement, key._asdict())


def test_a_consent_line_is_append_only(session):
    import pytest
    from sqlalchemy.exc import DBAPIError

    from funnel.models.people import Consent
    from tests.conftest import NOW
    from tests.factories import a_subscriber, add

    person = a_subscriber(session)
    line = {"subscriber_id": person.id, "kind": "asked", "wording": "Yes", "network": "192.0.2.0", "at": NOW}
    add(session, Consent(**line))
    session.commit()
    for statement in ("UPDATE consent SET wording = 'No'", "DELETE FROM consent", "UPDATE consent SET network = 'x'"):
        with pytest.raises(DBAPIError, match="append only"):
            session.execute(text(statement))
        session.rollback()
    session.execute(text("UPDATE consent SET network = NULL"))


def test_newsletters_sent_before_it_was_kept_how_far_they_are_planned_were_planned(schema):
    """Else the mails of one that are tried again would plan the whole of it anew."""
    before = VERSIONS[[path.stem.endswith("issues_sent_before_were_planned") for path in VERSIONS].index(True) - 1]
    command.downgrade(migrations.config(), before.name[:4])
    made = "INSERT INTO newsletter (subject, preheader, body, state, created_at, ended_at, planned_to, part, parent_id)"
    with engine().begin() as connection:
        connection.execute(
            text(f"{made} VALUES ('sent', '', 'b', 'sent', '2026-01-01Z', '2026-01-02Z', 0, NULL, NULL)")
        )
        connection.execute(text(f"{made} VALUES ('open', '', 'b', 'sending', '2026-01-01Z', NULL, 0, NULL, NULL)"))
        connection.execute(
            text(f"{made} SELECT 'part', '', 'b', 'sent', now(), now(), 0, 'a', id FROM newsletter LIMIT 1")
        )
    migrations.upgrade()
    planned = "SELECT subject, planned_at IS NOT DISTINCT FROM ended_at FROM newsletter WHERE planned_at IS NOT NULL"
    with engine().begin() as connection:
        found = connection.execute(text(planned)).all()
        connection.execute(text("DELETE FROM newsletter"))
    assert [tuple(row) for row in found] == [("sent", True)]


def test_lines_of_choice_that_a_later_one_overtook_before_are_kept_as_long_as_those_overtaken_since(schema):
    before = VERSIONS[[path.stem.endswith("choices_are_overtaken") for path in VERSIONS].index(True) - 1]
    command.downgrade(migrations.config(), before.name[:4])
    made = [("pause", 1, 0), ("go on", 1, 5), ("pause", 5, 0), ("monthly", 1, 0), ("address", 1, 0), ("address", 2, 0)]
    with engine().begin() as connection:
        columns = "first_name, time_zone, state, pace, source, utm, created_at"
        ada = f"INSERT INTO subscriber ({columns}) VALUES ('', '', 'active', 'all', '', '{{}}', now()) RETURNING id"
        person = connection.scalar(text(ada))
        for chose, day, hour in made:
            row = {"person": person, "chose": chose, "at": datetime(2026, 1, day, hour, tzinfo=UTC)}
            line = "INSERT INTO choice (subscriber_id, chose, detail, at) VALUES (:person, :chose, '{}', :at)"
            connection.execute(text(line), row)
    migrations.upgrade()
    with engine().begin() as connection:
        kept = "SELECT chose, kept_until - at FROM choice WHERE kept_until IS NOT NULL ORDER BY id"
        found = [tuple(row) for row in connection.execute(text(kept))]
        connection.execute(text("TRUNCATE subscriber CASCADE"))
    stood = timedelta(days=3, hours=19)
    assert found == [
        ("pause", timedelta(hours=5) + chosen.KEPT_OF_A_DAY),
        ("go on", stood + chosen.KEPT),
    ]
