"""A practice of two years, made up by the million: people, their mails, what they clicked, who booked.

    DATABASE_URL=postgresql:///empty python -m bench.masses --people 1000000

fills the empty database that DATABASE_URL names: eleven mails and twenty-three events a person. Then the pages are
looked at by any process with the same DATABASE_URL and SECRET_KEY.
"""

import argparse
import time

import psycopg
from tqdm import tqdm

from bench import masses_sql as sql
from bench.crowd import Database

DAYS = 730
NEWSLETTERS = 12
CHUNK = 200_000


def fill(database: Database, people: int) -> None:
    """Fills a database that holds the course and nobody yet with `people` and what became of them."""
    database.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '128MB'")
    database.execute("SET maintenance_work_mem = '512MB'")
    later = _without_indexes(database)
    values = {"people": people, "days": DAYS, "first": 1, "last": people}
    for what, statement in sql.BEGINNING.items():
        _say(what)
        _do(database, statement, values)
    for day in tqdm(range(DAYS + 1), desc="mails, day by day", disable=None, leave=False):
        database.execute(sql.MAILS_OF_A_DAY, {"day": day})
        if day % (DAYS // NEWSLETTERS) == DAYS // NEWSLETTERS - 1:
            database.execute(sql.NEWSLETTER, {"day": day})
            database.execute(sql.NEWSLETTER_MAILS, {"day": day})
    mails = int(str(_one(database, "SELECT max(id) FROM message")))
    for first in tqdm(range(1, mails + 1, CHUNK), desc="events", disable=None, leave=False):
        for statement in sql.EVENTS:
            database.execute(statement, {"first": first, "last": first + CHUNK - 1})
    for what, statement in sql.END.items():
        _say(what)
        _do(database, statement, values)
    for statement in tqdm(later, desc="indexes", disable=None, leave=False):
        database.execute(statement)
    for table in sql.NUMBERED:
        database.execute(f"SELECT setval('{table}_id_seq', greatest((SELECT max(id) FROM {table}), 1))")
    database.execute("SET session_replication_role = DEFAULT; RESET synchronous_commit; RESET work_mem")
    _say("VACUUM ANALYZE")
    database.execute("VACUUM ANALYZE")


def count() -> float:
    """Counts all of it into the roll-ups, as ticks would; in how many seconds."""
    from funnel.db import Session, utc_now
    from funnel.insight import tallies

    began, more = time.monotonic(), True
    with tqdm(desc="counted", unit_scale=True, disable=None, leave=False) as bar:
        while more:
            with Session.begin() as session:
                counted = tallies.refresh(session, utc_now())
            more = counted is not None and counted.more
            bar.update(counted.done if counted else 0)
    return time.monotonic() - began


def count_apart() -> float:
    """Counts why people never get each of the mails, as a worker would for its page; the seconds of the slowest."""
    from sqlalchemy import select

    from funnel.db import Session, utc_now
    from funnel.insight import reasons, steps
    from funnel.models.content import Step

    slowest = 0.0
    with Session.begin() as session:
        for step in session.scalars(select(Step)):
            if before := steps.before(session, step):
                began = time.monotonic()
                reasons.keep(session, before, step.id, utc_now())
                slowest = max(slowest, time.monotonic() - began)
    return slowest


def people(database: Database) -> int:
    """How many there are."""
    return int(str(_one(database, "SELECT max(id) FROM subscriber")))


def _without_indexes(database: Database) -> list[str]:
    """Drops what is made faster at the end; returns the statements that make it again."""
    again = []
    for drop, make in database.execute(sql.INDEXES).fetchall():
        database.execute(str(drop))
        again.append(str(make))
    return again


def _do(database: Database, statement: str, values: dict[str, int]) -> None:
    for one in statement.split(";;"):
        database.execute(one, values)


def _one(database: Database, statement: str) -> object:
    row = database.execute(statement).fetchone()
    assert row
    return row[0]


def _say(what: str) -> None:
    tqdm.write(f"{time.strftime('%H:%M:%S')} {what}")


def main() -> None:
    from funnel import migrations, tokens
    from funnel.config import settings
    from funnel.db import Session, utc_now
    from funnel.programme import content_files

    parser = argparse.ArgumentParser(prog="python -m bench.masses", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    wanted = parser.parse_args()
    migrations.upgrade()
    tokens.ensure_keys()
    with Session.begin() as session:
        content_files.load(session, content_files.FOLDER, utc_now())
    with psycopg.connect(settings().database_url, autocommit=True) as database:
        fill(database, wanted.people)
    _say(f"counted in {count():.0f} s")


if __name__ == "__main__":
    main()
