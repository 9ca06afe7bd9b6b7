"""The real servers the tests run on: one PostgreSQL and one Redis a test process, and an empty database a test."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from funnel import config
from funnel.local import broker, database, ports

# Once for all: a fixture that is imported into two test modules is two fixtures, and two browsers.
from tests.blog_site import blog  # noqa: F401
from tests.browser import browser, live, page  # noqa: F401
from tests.firefox import firefox  # noqa: F401
from tests.sink import single, sink  # noqa: F401

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # a Tuesday, noon in London

# A developer's own settings are not the tests'.
LEFT_OUT = [
    "BASE_URL",
    "BOOKING_URL",
    "BOUNCE_ADDRESS",
    "DAY_SECONDS",
    "LOG_FORMAT",
    "MAIL_FROM",
    "OWNER_EMAIL",
    "OWNER_PASSWORD",
    "PORT",
    "PRACTICE_ADDRESS",
    "PRACTICE_COUNTRY",
    "PRACTICE_NAME",
    "PRACTITIONER_NAME",
    "REPLY_TO",
    "SECRET_KEY_FALLBACKS",
    "SITES",
    "SMTP_URL",
    "TIMEZONE",
    "TRUSTED_PROXIES",
]
# A shell that runs the tests in the background has them ignore Ctrl-C, and with them each `make run` that they start
# and end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
hypothesis.settings.register_profile("house", deadline=None)  # no test is timed: the machines are noisy
hypothesis.settings.load_profile("house")

SERVERS = pytest.StashKey["Servers"]()


class Servers:
    """Started before any test module is imported: the Celery app reads the settings when it is."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="funnel-test-"))
        # TEST_DATABASE_URL: an empty database on another PostgreSQL, for a run without xdist (docs/operations.md).
        given = os.environ.get("TEST_DATABASE_URL")
        self.postgres = None if given else database.start(self.folder / "database", durable=False)
        self.redis = broker.start(self.folder / "broker", ports.free())
        for name in LEFT_OUT:
            os.environ.pop(name, None)
        os.environ.update(
            DATABASE_URL=self.postgres.url if self.postgres else str(given),
            REDIS_URL=self.redis.url,
            SECRET_KEY="a-secret-for-tests-of-some-good-length",
            DATA_DIR=str(self.folder / "data"),
            OUTBOX_PORT=str(ports.free()),
            TZ="UTC",
        )

    def stop(self) -> None:
        from funnel.db import engine

        engine().dispose()
        self.redis.stop()
        if self.postgres:
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    # With xdist the tests run in its workers, each with servers of its own.
    if hasattr(session.config, "workerinput") or not session.config.getoption("numprocesses", None):
        session.config.stash[SERVERS] = Servers()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if servers := session.config.stash.get(SERVERS, None):
        servers.stop()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    return pytestconfig.stash[SERVERS]


@pytest.fixture
def frozen_redis(servers: Servers) -> Iterator[None]:
    """Redis takes connections and answers nothing: the worst way for it to be away."""
    servers.redis.process.send_signal(signal.SIGSTOP)
    yield
    servers.redis.process.send_signal(signal.SIGCONT)


@pytest.fixture(autouse=True)
def own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A browser keeps its event loop running in this thread from its first test on; other tests do not see it."""
    if "page" in request.fixturenames:
        yield
        return
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def schema(servers: Servers) -> None:
    from funnel import migrations, tokens

    migrations.upgrade()
    tokens.ensure_keys()


@pytest.fixture
def clean(schema: None) -> None:
    """An empty database, but for the keys; empty Redis; settings read afresh."""
    from funnel import limits, shelf
    from funnel.audience import setbacks
    from funnel.house import stored
    from funnel.web import visits
    from tests import emptying

    emptying.empty()
    for name in ("sending.mark", "withdrawals"):  # of a database that is no more
        (config.settings().data_dir / name).unlink(missing_ok=True)
    stored.forget()
    setbacks.forget()
    visits.forget()
    limits._own.cache_clear()
    limits._shared().storage.reset()
    for name in shelf._client().scan_iter(f"{shelf.PREFIX}*"):
        shelf._client().delete(name)


@pytest.fixture
def session(clean: None) -> Iterator[object]:
    """A session whose work is committed when the test asks for it."""
    from funnel.db import Session

    with Session() as session:
        yield session
        session.rollback()


@pytest.fixture
def app(clean: None) -> object:
    from tests import shared_app

    return shared_app.current()


@pytest.fixture
def client(app) -> object:  # type: ignore[no-untyped-def]
    return app.test_client(use_cookies=False)


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at once: what takes its time on purpose is no part of the test."""
    from argon2 import PasswordHasher

    from funnel.web.owner import accounts

    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(accounts, "_nobodys_hash", lambda: accounts._hasher.hash("nobody's"))


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """setting(NAME="value") changes the environment for one test and reads the settings again."""

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        config.bare.cache_clear()

    yield change
    monkeypatch.undo()
    config.bare.cache_clear()
