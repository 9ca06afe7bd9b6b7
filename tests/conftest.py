"""The real servers the tests run on: one PostgreSQL and one Redis a test process, and an empty database a test."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from funnel import config
from funnel.local import broker, database

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # a Tuesday, noon in London


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _servers() -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="funnel-test-"))
    postgres = database.start(folder / "database", durable=False)
    redis = broker.start(folder / "broker", free_port())
    os.environ.update(
        DATABASE_URL=postgres.url,
        REDIS_URL=redis.url,
        SECRET_KEY="a-secret-for-tests-of-some-good-length",
        DATA_DIR=str(folder / "data"),
        OUTBOX_PORT=str(free_port()),
        TZ="UTC",
    )
    try:
        yield
    finally:
        from funnel.db import engine

        engine().dispose()
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    yield from _servers()


@pytest.fixture(scope="session")
def schema(servers: None) -> None:
    from funnel import migrations, tokens

    migrations.upgrade()
    tokens.ensure_keys()


@pytest.fixture
def clean(schema: None) -> None:
    """An empty database, but for the keys; empty Redis; settings read afresh."""
    from funnel import limits
    from funnel.db import Base, engine

    tables = ", ".join(table.name for table in Base.metadata.sorted_tables if table.name != "data_key")
    with engine().begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    limits._own.cache_clear()
    limits._shared().storage.reset()


@pytest.fixture
def session(clean: None) -> Iterator[object]:
    """A session whose work is committed when the test asks for it."""
    from funnel.db import Session

    with Session() as session:
        yield session
        session.rollback()


@pytest.fixture
def app(clean: None) -> object:
    from funnel import create_app

    return create_app()


@pytest.fixture
def client(app) -> object:  # type: ignore[no-untyped-def]
    return app.test_client(use_cookies=False)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """setting(NAME="value") changes the environment for one test and reads the settings again."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        config.settings.cache_clear()

    yield change
    monkeypatch.undo()
    config.settings.cache_clear()
