"""The schema's history, numbered 0001_…; each step expands first and contracts in a later release.

Each is a transaction of its own and waits for a table for a few seconds only: behind one who waits for a table stands
everybody who wants to write to it.
"""

import logging
import time
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from funnel.db import engine

LOCK_TIMEOUT_S = 5
TRIES = 24
PAUSE_S = 5.0
HELD = {"55P03", "40P01"}  # SQLSTATE: a lock that was not to be had in time; a deadlock

log = logging.getLogger(__name__)


class BusyError(RuntimeError):
    """A table is held by somebody else for so long that the upgrade gives up. Says by whom; it can be run again."""


def upgrade() -> None:
    """Brings the database to the newest schema. Safe to run twice, and at once from two places. Raises BusyError."""
    for tried in range(1, TRIES + 1):
        try:
            command.upgrade(config(), "head")
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in HELD:
                raise
        log.warning("the upgrade waits for a table that somebody holds: try %s of %s", tried, TRIES)
        if tried < TRIES:
            time.sleep(PAUSE_S)
    raise BusyError(
        f"The upgrade could not have a table that it must change, since somebody else holds it. {_longest()}What was "
        "done stays, and nothing is half done: end what holds it, and run this again"
    )


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    return found


def _longest() -> str:
    """Who has been in one transaction for longest, in words that can be acted upon; '' for nobody."""
    others = text(
        "SELECT pid, coalesce(nullif(application_name, ''), backend_type) AS who, "
        "extract(epoch FROM now() - xact_start) AS seconds FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL "
        "ORDER BY xact_start LIMIT 1"
    )
    with engine().connect() as connection:
        found: Any = connection.execute(others).one_or_none()
    if found is None:
        return ""
    return (
        f"The longest transaction, {found.seconds:.0f} seconds, is that of PostgreSQL's process {found.pid} "
        f"({found.who}); SELECT pg_terminate_backend({found.pid}) ends it. "
    )
