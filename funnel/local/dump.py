"""The database as one file: PostgreSQL's own dump, taken and put back by its own programs."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from funnel.config import Settings
from funnel.local import programs

CONNECT_TIMEOUT_S = 5
ASIDE = "before_restore"  # the schema that holds the former tables while the new ones come in
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"


class DumpError(Exception):
    """The database could not be dumped or put back. The text says why and how to mend it."""


def take(settings: Settings, target: Path) -> dict[str, Any]:
    """Writes one snapshot of the database to `target`; returns facts about it. Raises DumpError."""
    with _connection(settings) as connection:
        server = connection.info.server_version // 10_000
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            raise DumpError("The database holds nothing of Funnel's. Run `flask --app wsgi migrate` first") from None
    program = _program("pg_dump", server)
    _run(settings, program, ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "schema_version": row[0] if row else "",
        "server_version": server,
        "dump_version": programs.major_version(program),
    }


def holds_tables(settings: Settings) -> bool:
    """Whether there is anything in the database that a restore would replace. Raises DumpError."""
    with _connection(settings) as connection:
        row = connection.execute(TABLES).fetchone()
        return bool(row and row[0])


def put_back(settings: Settings, source: Path, dump_version: int) -> None:
    """Puts the dump in the place of whatever the database holds. Raises DumpError, with the database as it was."""
    with _connection(settings) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
        connection.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")
        connection.execute("CREATE SCHEMA public")
        try:
            _restore(settings, source, max(connection.info.server_version // 10_000, dump_version))
        except DumpError:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")
            raise
        connection.execute(f"DROP SCHEMA {ASIDE} CASCADE")


def _restore(settings: Settings, source: Path, version: int) -> None:
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--schema=public"]
    _run(settings, _program("pg_restore", version), [*words, str(source)])


def _connection(settings: Settings) -> "psycopg.Connection[tuple[Any, ...]]":
    try:
        return psycopg.connect(_conninfo(settings), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as error:
        raise DumpError(f"The database does not answer: {error}") from None


def _conninfo(settings: Settings) -> str:
    scheme, _, rest = settings.database_url.partition("://")
    if not scheme:
        raise DumpError("There is no database. Start `make run` in another terminal, or set DATABASE_URL")
    return f"postgresql://{rest}"


def _program(name: str, version: int) -> Path:
    if not (found := programs.of_version(name, version)):
        raise DumpError(f"There is no {name} of PostgreSQL {version} or later. Install postgresql-client-{version}")
    return found


def _run(settings: Settings, program: Path, words: list[str]) -> None:
    # The password goes by the environment, since every account of the machine can read a command line.
    known = {name: str(value) for name, value in conninfo_to_dict(_conninfo(settings)).items() if value is not None}
    password = known.pop("password", "")
    done = subprocess.run(
        [str(program), f"--dbname={make_conninfo('', **known)}", "--no-password", *words],
        env={**os.environ, **({"PGPASSWORD": password} if password else {})},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise DumpError(f"{program.name} ended with code {done.returncode}: {done.stderr.strip()}")
