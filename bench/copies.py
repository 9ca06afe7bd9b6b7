"""What PostgreSQL itself can do with a file of people: COPY into a bare table, and into tables indexed as ours are."""

import time
from pathlib import Path

import psutil

from bench import watch
from bench.rig import Rig

PIECE = 1024 * 1024
TABLES = """
DROP TABLE IF EXISTS bare, indexed, indexed_consent;
CREATE TABLE bare (email text, first_name text, at timestamptz);
CREATE TABLE indexed (LIKE subscriber INCLUDING ALL);
ALTER TABLE indexed ALTER address_hash SET DEFAULT uuid_send(gen_random_uuid()), ALTER time_zone SET DEFAULT '',
    ALTER state SET DEFAULT 'active', ALTER pace SET DEFAULT 'all', ALTER source SET DEFAULT 'import',
    ALTER utm SET DEFAULT '{}', ALTER created_at SET DEFAULT now(), ALTER import_id SET DEFAULT 1;
CREATE SEQUENCE IF NOT EXISTS indexed_person;
CREATE TABLE indexed_consent (LIKE consent INCLUDING ALL);
ALTER TABLE indexed_consent ALTER subscriber_id SET DEFAULT nextval('indexed_person'), ALTER kind SET DEFAULT 'imported'
"""
BARE = ("bare (email, first_name, at)",)
# Neither has foreign keys or triggers; a hash is drawn and not made, and nobody is looked up.
INDEXED = ("indexed (email, first_name, confirmed_at)", "indexed_consent (wording, how, at)")


def prepare(rig: Rig) -> None:
    rig.database.execute(TABLES)


def server(rig: Rig) -> float:
    """Seconds of the processor that PostgreSQL has had, all its processes together."""
    launched = rig.postgres.process
    assert launched
    pids = [launched.pid, *(below.pid for below in psutil.Process(launched.pid).children(recursive=True))]
    return sum(watch.cpu_seconds(pids))


def seconds(rig: Rig, path: Path, tables: tuple[str, ...]) -> tuple[float, float]:
    """How long COPY of the file into each of these takes together, and PostgreSQL's processor for it.

    The tables are empty before.
    """
    for table in tables:
        rig.database.execute(f"TRUNCATE {table.partition(' ')[0]}")
    rig.rest()
    began, spent = time.monotonic(), server(rig)
    for table in tables:
        with (
            path.open("rb") as file,
            rig.database.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER, NULL '?')") as copy,
        ):
            while piece := file.read(PIECE):
                copy.write(piece)
    return time.monotonic() - began, server(rig) - spent
